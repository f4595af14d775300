/** What runs and what became of it, with the way back. They stay while somebody points at them. */
import type { AdminConsole } from '../../lib/admin/console.ts';
import type { Toast } from '../../lib/admin/desk.ts';
import { AlertIcon, CheckIcon, CloseIcon, UndoIcon } from '../icons.tsx';
import { useStore } from '../use-store.ts';
import styles from './toasts.module.css';

export function Toasts({ admin }: { readonly admin: AdminConsole }) {
  const { running, toasts } = useStore(admin.desk.view);
  const hold = (on: boolean) => () => admin.desk.hold(on);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: pointing at a toast only keeps it there
    <div
      className={styles.toasts}
      data-testid="toasts"
      onMouseEnter={hold(true)}
      onMouseLeave={hold(false)}
      onFocus={hold(true)}
      onBlur={hold(false)}
    >
      <div className={styles.group} role="status">
        {toasts
          .filter(({ tone }) => tone === 'done')
          .map((toast) => (
            <Entry key={toast.id} admin={admin} toast={toast} />
          ))}
        {running.map(({ id, text }) => (
          <div key={id} className={styles.toast} data-testid="running">
            <span className={styles.mark} aria-hidden="true">
              <span className={styles.spinner} />
            </span>
            <p className={styles.words}>{text}</p>
          </div>
        ))}
      </div>
      <div className={styles.group} role="alert">
        {toasts
          .filter(({ tone }) => tone === 'failed')
          .map((toast) => (
            <Entry key={toast.id} admin={admin} toast={toast} />
          ))}
      </div>
    </div>
  );
}

function Entry({ admin, toast }: { readonly admin: AdminConsole; readonly toast: Toast }) {
  const { id, tone, text, error, undo } = toast;
  return (
    <div className={styles.toast} data-tone={tone} data-testid="toast" data-code={error?.code}>
      <span className={styles.mark} aria-hidden="true">
        {tone === 'done' ? <CheckIcon /> : <AlertIcon />}
      </span>
      <div className={styles.words}>
        <p>{text}</p>
        {error && <p className={styles.detail}>{error.message}</p>}
      </div>
      <div className={styles.actions}>
        {undo.length > 0 && (
          <button type="button" className={styles.undo} data-testid="undo" onClick={() => admin.desk.undo(id)}>
            <UndoIcon />
            Undo
          </button>
        )}
        <button type="button" className={styles.dismiss} aria-label="Dismiss" onClick={() => admin.desk.dismiss(id)}>
          <CloseIcon />
        </button>
      </div>
    </div>
  );
}
