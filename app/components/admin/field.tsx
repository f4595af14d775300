/** One line to type into, with its label, and under it a note or what is wrong. */
import { type ComponentPropsWithoutRef, useId } from 'react';
import styles from './form.module.css';

interface FieldProps extends Omit<ComponentPropsWithoutRef<'input'>, 'id' | 'className' | 'value' | 'onChange'> {
  readonly label: string;
  /** Behind the label. */
  readonly unit?: string;
  readonly value: string;
  readonly note?: string;
  /** Takes the note's place and marks the line as wrong. */
  readonly problem?: string | undefined;
  readonly testId?: string;
  readonly onValue: (value: string) => void;
}

export function Field({ label, unit, note, problem, testId, onValue, ...input }: FieldProps) {
  const id = useId();
  const words = problem ?? note;
  return (
    <div className={styles.field}>
      <label htmlFor={id}>
        {label}
        {unit && <span className={styles.note}> {unit}</span>}
      </label>
      <input
        aria-invalid={problem !== undefined}
        aria-describedby={words === undefined ? undefined : `${id}-note`}
        data-testid={testId}
        {...input}
        id={id}
        className={styles.input}
        onChange={({ target }) => onValue(target.value)}
      />
      {words !== undefined && (
        <p className={problem === undefined ? styles.note : styles.problem} id={`${id}-note`}>
          {words}
        </p>
      )}
    </div>
  );
}
