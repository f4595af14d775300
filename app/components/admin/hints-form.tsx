/** What a bare graph doesn't say by itself: its name, how pictures are prepared for it, and what its outputs mean. */
import { type ChangeEvent, type FormEvent, useId, useState } from 'react';
import { type ImportHints, importHintsSchema, PRESETS, type Preset } from '../../../core/admin.ts';
import { readClassNames } from '../../lib/admin/class-names.ts';
import type { AdminConsole } from '../../lib/admin/console.ts';
import { type Chosen, nameFrom } from '../../lib/admin/new-model.ts';
import { PRESET_WORDS } from '../../lib/admin/words.ts';
import { count } from '../../lib/words.ts';
import { SmallButton } from '../small-button.tsx';
import { Field } from './field.tsx';
import styles from './form.module.css';
import panel from './panel.module.css';

interface HintsFormProps {
  readonly admin: AdminConsole;
  readonly chosen: Chosen;
}

type ClassNames =
  | { readonly kind: 'imagenet-1k' }
  | { readonly kind: 'file'; readonly names: readonly string[]; readonly problem: string | undefined };

export function HintsForm({ admin, chosen }: HintsFormProps) {
  const [name, setName] = useState(nameFrom(chosen.name));
  const [preset, setPreset] = useState<Preset>('torchvision');
  const [classes, setClasses] = useState<ClassNames>({ kind: 'imagenet-1k' });
  const [title, setTitle] = useState('');
  const [licence, setLicence] = useState('');
  const id = useId();
  const nameProblem = importHintsSchema.shape.name.safeParse(name).success
    ? undefined
    : 'Lower case letters, digits, dots, dashes; it begins with a letter or digit.';
  const missing = classes.kind === 'file' && classes.names.length === 0;
  const onClassFile = async ({ target }: ChangeEvent<HTMLInputElement>) => {
    const file = target.files?.[0];
    if (!file) return;
    try {
      setClasses({ kind: 'file', names: readClassNames(await file.text()), problem: undefined });
    } catch (failure) {
      const problem = failure instanceof Error ? failure.message : String(failure);
      setClasses({ kind: 'file', names: [], problem });
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (nameProblem || missing) return;
    const hints: ImportHints = {
      name,
      preset,
      classNames: classes.kind === 'file' ? [...classes.names] : 'imagenet-1k',
      ...(title.trim() ? { title: title.trim() } : {}),
      ...(licence.trim() ? { licence: licence.trim() } : {}),
    };
    admin.newModel.handIn(hints);
  };
  return (
    <form className={styles.form} onSubmit={submit} data-testid="hints" noValidate>
      <p className={panel.note}>
        <strong>{chosen.name}</strong> is a bare graph. Say what it does not say by itself.
      </p>
      <Field
        label="Name"
        value={name}
        maxLength={63}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        testId="hint-name"
        note="The name of a model that is there gives it a new version."
        problem={nameProblem}
        onValue={setName}
      />
      <div className={styles.field}>
        <label htmlFor={`${id}-preset`}>Pictures are prepared as for</label>
        <select
          id={`${id}-preset`}
          className={styles.input}
          value={preset}
          data-testid="hint-preset"
          onChange={({ target }) => setPreset(PRESETS.find((entry) => entry === target.value) ?? preset)}
        >
          {PRESETS.map((entry) => (
            <option key={entry} value={entry}>
              {PRESET_WORDS[entry]}
            </option>
          ))}
        </select>
      </div>
      <fieldset className={styles.field}>
        <legend className={styles.name}>Class names</legend>
        <label className={styles.choice}>
          <input
            type="radio"
            name="classes"
            checked={classes.kind === 'imagenet-1k'}
            onChange={() => setClasses({ kind: 'imagenet-1k' })}
          />
          ImageNet, 1000 classes
        </label>
        <label className={styles.choice}>
          <input
            type="radio"
            name="classes"
            checked={classes.kind === 'file'}
            onChange={() => setClasses({ kind: 'file', names: [], problem: undefined })}
          />
          From a file
        </label>
        {classes.kind === 'file' && (
          <>
            <input
              type="file"
              accept=".txt,.json,text/plain,application/json"
              aria-label="File of class names"
              aria-describedby={`${id}-classes-note`}
              data-testid="hint-classes"
              onChange={(event) => void onClassFile(event)}
            />
            <p className={classes.problem ? styles.problem : styles.note} id={`${id}-classes-note`} role="status">
              {classes.problem ??
                (missing
                  ? 'Text with one name a line, or JSON, in the order of the output.'
                  : `${count(classes.names.length)} classes, from “${classes.names[0]}” to “${classes.names.at(-1)}”.`)}
            </p>
          </>
        )}
      </fieldset>
      <div className={styles.pair}>
        <Field label="Title" value={title} maxLength={120} placeholder={name} onValue={setTitle} />
        <Field label="Licence" value={licence} maxLength={120} placeholder="Apache-2.0" onValue={setLicence} />
      </div>
      <div className={panel.actions}>
        <button
          type="submit"
          className="button small primary"
          disabled={nameProblem !== undefined || missing}
          data-testid="hints-send"
        >
          Check it
        </button>
        <SmallButton onClick={() => admin.newModel.cancel()}>Cancel</SmallButton>
      </div>
    </form>
  );
}
