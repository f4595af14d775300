/** A change whose details are set in a form: with what it will do under them, in words, and the button that does it. */
import type { FormEvent, ReactNode } from 'react';
import type { AdminModel } from '../../../core/admin.ts';
import { changeWords } from '../../lib/admin/change-words.ts';
import type { Change } from '../../lib/admin/changes.ts';
import type { AdminConsole } from '../../lib/admin/console.ts';
import { Decision, Dialog } from './dialog.tsx';
import styles from './form.module.css';

interface ChangeDialogProps {
  readonly admin: AdminConsole;
  readonly model: AdminModel;
  /** As the form's fields have it now. */
  readonly change: Change;
  /** Left out: the question that the change asks. */
  readonly title?: string;
  readonly testId: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

export function ChangeDialog({ admin, model, change, title, testId, onClose, children }: ChangeDialogProps) {
  const words = changeWords(change, model);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onClose();
    admin.desk.submit(change);
  };
  return (
    <Dialog title={title ?? words.title} testId={testId} onClose={onClose}>
      <form className={styles.form} onSubmit={submit}>
        {children}
        <Decision effects={words.effects} act={words.act} onDecline={onClose} />
      </form>
    </Dialog>
  );
}
