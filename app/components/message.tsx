/** One state in words: what happened, what to do next, and the button that does it. */
import styles from './message.module.css';
import { SmallButton } from './small-button.tsx';

export interface MessageAction {
  readonly label: string;
  readonly run: () => void;
  readonly testId?: string;
}

interface MessageProps {
  readonly tone: 'plain' | 'info' | 'warn' | 'bad';
  readonly title: string;
  readonly text: string;
  readonly action?: MessageAction | undefined;
  readonly dismiss?: (() => void) | undefined;
  readonly code?: string | undefined;
}

export function Message({ tone, title, text, action, dismiss, code }: MessageProps) {
  return (
    <div className={styles.message} data-tone={tone} data-code={code} data-testid={code ? 'notice' : undefined}>
      <div className={styles.words}>
        <p className={styles.title}>{title}</p>
        <p className={styles.text}>{text}</p>
      </div>
      {(action || dismiss) && (
        <div className={styles.actions}>
          {action && (
            <SmallButton testId={action.testId} onClick={action.run}>
              {action.label}
            </SmallButton>
          )}
          {dismiss && <SmallButton onClick={dismiss}>Dismiss</SmallButton>}
        </div>
      )}
    </div>
  );
}
