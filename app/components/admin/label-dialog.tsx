/** Own labels on a version: new ones, ones moved here from other versions, and taking them away. */
import { type FormEvent, useState } from 'react';
import { type AdminModel, labelNameSchema } from '../../../core/admin.ts';
import { changeWords } from '../../lib/admin/change-words.ts';
import type { Change } from '../../lib/admin/changes.ts';
import type { AdminConsole } from '../../lib/admin/console.ts';
import { SmallButton } from '../small-button.tsx';
import { Decision, Dialog } from './dialog.tsx';
import { Field } from './field.tsx';
import styles from './form.module.css';
import own from './label-dialog.module.css';

interface LabelDialogProps {
  readonly admin: AdminConsole;
  readonly model: AdminModel;
  readonly version: number;
  readonly onClose: () => void;
}

/** These move with promotions and canaries only. */
const RESERVED: readonly string[] = ['stable', 'canary'];

export function LabelDialog({ admin, model, version, onClose }: LabelDialogProps) {
  const [label, setLabel] = useState('');
  const [touched, setTouched] = useState(false);
  const owned = Object.entries(model.labels).filter(([name]) => !RESERVED.includes(name));
  const change: Change = { kind: 'set-label', model: model.name, label, version };
  const words = changeWords(change, model);
  const problem = problemOf(label, model.labels[label] === version);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTouched(true);
    if (problem) return;
    onClose();
    admin.desk.submit(change);
  };
  const remove = (name: string) => {
    onClose();
    admin.desk.request({ kind: 'remove-label', model: model.name, label: name });
  };
  return (
    <Dialog title={`Labels of version ${version}`} testId="label-dialog" onClose={onClose}>
      {owned.length > 0 && (
        <ul className={own.list}>
          {owned.map(([name, at]) => (
            <li key={name}>
              <span>
                <strong>{name}</strong>
                <span className={styles.note}> {at === version ? 'on this version' : `on version ${at}`}</span>
              </span>
              {at === version ? (
                <SmallButton onClick={() => remove(name)}>Remove</SmallButton>
              ) : (
                <SmallButton onClick={() => setLabel(name)}>Move here</SmallButton>
              )}
            </li>
          ))}
        </ul>
      )}
      <form className={styles.form} onSubmit={submit} noValidate>
        <Field
          label="Label"
          value={label}
          maxLength={32}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          placeholder="for example: mobile"
          testId="label-name"
          note={`Callers then ask for ${model.name}:${label || 'mobile'}.`}
          problem={touched ? problem : undefined}
          onValue={setLabel}
        />
        <Decision effects={label && !problem ? words.effects : []} act={words.act} onDecline={onClose} />
      </form>
    </Dialog>
  );
}

function problemOf(label: string, here: boolean): string | undefined {
  if (RESERVED.includes(label)) return `“${label}” moves by promoting and by canaries.`;
  if (here) return 'This version has it already.';
  const parsed = labelNameSchema.safeParse(label);
  return parsed.success ? undefined : 'Begin with a letter; then lower case letters, digits, dots, dashes.';
}
