/**
 * A modal dialog: the platform's own keeps the focus inside, closes by Esc and gives the focus back. Where what had
 * the focus is gone by then, the page's main part gets it.
 */
import { type ReactNode, useEffect, useId, useRef } from 'react';
import { CloseIcon } from '../icons.tsx';
import styles from './dialog.module.css';

interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
  readonly wide?: boolean;
  readonly testId?: string;
}

export function Dialog({ title, onClose, children, wide, testId }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const element = dialog.current;
    const opener = document.activeElement;
    if (element && !element.open) element.showModal();
    return () => {
      element?.close();
      const target = opener instanceof HTMLElement && opener.isConnected ? opener : document.getElementById('work');
      target?.focus({ preventScroll: true });
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      className={styles.dialog}
      aria-labelledby={titleId}
      data-wide={wide}
      data-testid={testId}
      // Esc: React takes the dialog away, so that there is one way to close it.
      onCancel={(event) => {
        if (event.target !== event.currentTarget) return;
        event.preventDefault();
        onClose();
      }}
    >
      <div className={styles.body}>
        <div className={styles.head}>
          <h2 className={styles.title} id={titleId}>
            {title}
          </h2>
          <button type="button" className={styles.close} aria-label="Close" onClick={onClose}>
            <CloseIcon />
          </button>
        </div>
        {children}
      </div>
    </dialog>
  );
}

/** What will happen, and the buttons that let it happen or not. */
interface DecisionProps {
  readonly effects: readonly string[];
  readonly act: string;
  readonly final?: boolean;
  readonly disabled?: boolean;
  /** Left out: the button submits the form around it. */
  readonly onAct?: () => void;
  readonly onDecline: () => void;
}

export function Decision({ effects, act, final, disabled, onAct, onDecline }: DecisionProps) {
  return (
    <>
      {effects.length > 0 && (
        <ul className={styles.effects} data-final={final} data-testid="effects">
          {effects.map((effect) => (
            <li key={effect}>{effect}</li>
          ))}
        </ul>
      )}
      <div className={styles.actions}>
        <button type="button" className="button" data-testid="decline" onClick={onDecline}>
          Cancel
        </button>
        <button
          type={onAct ? 'button' : 'submit'}
          className={final ? `button ${styles.final ?? ''}` : 'button primary'}
          data-testid="confirm"
          disabled={disabled}
          onClick={onAct}
        >
          {act}
        </button>
      </div>
    </>
  );
}
