/** Which dialog is open, and that dialog. What it is about is read anew at every answer of the gateway. */
import type { AdminConsole } from '../../lib/admin/console.ts';
import { useStore } from '../use-store.ts';
import { CanaryDialog } from './canary-dialog.tsx';
import { LabelDialog } from './label-dialog.tsx';
import { PolicyDialog } from './policy-dialog.tsx';

export type OpenDialog =
  | { readonly kind: 'canary' | 'label'; readonly model: string; readonly version: number }
  | { readonly kind: 'policy'; readonly model: string };

interface DialogsProps {
  readonly admin: AdminConsole;
  readonly open: OpenDialog | undefined;
  readonly onClose: () => void;
}

export function Dialogs({ admin, open, onClose }: DialogsProps) {
  const { overview } = useStore(admin.overview.view);
  const model = open && overview?.models.find(({ name }) => name === open.model);
  if (!open || !model) return null;
  switch (open.kind) {
    case 'canary':
      return <CanaryDialog admin={admin} model={model} version={open.version} onClose={onClose} />;
    case 'label':
      return <LabelDialog admin={admin} model={model} version={open.version} onClose={onClose} />;
    case 'policy':
      return <PolicyDialog admin={admin} model={model} onClose={onClose} />;
    default: {
      const never: never = open;
      return never;
    }
  }
}
