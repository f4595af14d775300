/** The visitor's choice of where pictures are answered. */

import type { Runtime } from '../lib/runtime.ts';
import { MODES } from '../lib/words.ts';
import styles from './mode-select.module.css';
import { useStore } from './use-store.ts';

export function ModeSelect({ runtime }: { readonly runtime: Runtime | undefined }) {
  return (
    <div className={styles.field}>
      <label className={styles.label} htmlFor="mode">
        Run on
      </label>
      {runtime ? <Select runtime={runtime} /> : <Options value="prefer-device" disabled onChange={() => undefined} />}
    </div>
  );
}

function Select({ runtime }: { readonly runtime: Runtime }) {
  const { mode } = useStore(runtime.router);
  return (
    <Options
      value={mode}
      onChange={(value) => {
        const chosen = MODES.find((entry) => entry.mode === value);
        if (chosen) runtime.setMode(chosen.mode);
      }}
    />
  );
}

interface OptionsProps {
  readonly value: string;
  readonly disabled?: boolean;
  readonly onChange: (value: string) => void;
}

function Options({ value, disabled, onChange }: OptionsProps) {
  return (
    <select
      id="mode"
      className={styles.select}
      value={value}
      disabled={disabled}
      data-testid="mode-select"
      onChange={(event) => onChange(event.target.value)}
    >
      {MODES.map(({ mode, title }) => (
        <option key={mode} value={mode}>
          {title}
        </option>
      ))}
    </select>
  );
}
