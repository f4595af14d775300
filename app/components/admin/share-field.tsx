/** A share of the traffic, set by a slider. */
import { useId } from 'react';
import { percent } from '../../lib/words.ts';
import styles from './form.module.css';

interface ShareFieldProps {
  readonly label: string;
  /** 0..1 */
  readonly value: number;
  readonly note: string;
  readonly testId: string;
  readonly onValue: (value: number) => void;
}

export function ShareField({ label, value, note, testId, onValue }: ShareFieldProps) {
  const id = useId();
  return (
    <div className={styles.field}>
      <div className={styles.row}>
        <label className={styles.name} htmlFor={id}>
          {label}
        </label>
        <output className={styles.value} htmlFor={id}>
          {percent(value)}
        </output>
      </div>
      <input
        id={id}
        className={styles.range}
        type="range"
        min={0}
        max={100}
        step={1}
        value={Math.round(value * 100)}
        aria-valuetext={percent(value)}
        aria-describedby={`${id}-note`}
        data-testid={testId}
        onChange={({ target }) => onValue(Number(target.value) / 100)}
      />
      <p className={styles.note} id={`${id}-note`}>
        {note}
      </p>
    </div>
  );
}
