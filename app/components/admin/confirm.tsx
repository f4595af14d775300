/** The question before a change that moves traffic or can't be taken back. */
import type { AdminConsole } from '../../lib/admin/console.ts';
import { useStore } from '../use-store.ts';
import { Decision, Dialog } from './dialog.tsx';

export function Confirm({ admin }: { readonly admin: AdminConsole }) {
  const { question } = useStore(admin.desk.view);
  if (!question) return null;
  const { title, effects, act, final } = question.words;
  return (
    <Dialog title={title} testId="confirm-dialog" onClose={() => admin.desk.decline()}>
      <Decision
        effects={effects}
        act={act}
        final={final}
        onAct={() => admin.desk.confirm()}
        onDecline={() => admin.desk.decline()}
      />
    </Dialog>
  );
}
