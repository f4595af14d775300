/** When the gateway ends a canary by itself: the limits as fields, in the units that people think in. */
import type { CanaryLimits } from '../../../core/admin.ts';
import { Field } from './field.tsx';
import styles from './form.module.css';

interface Figure<Key extends keyof CanaryLimits> {
  readonly key: Key;
  readonly label: string;
  readonly unit: string;
  /** Of the unit in one of the limit's own. */
  readonly per: number;
  readonly max: number;
}

/** An empty one is not watched. */
const WATCHED: readonly Figure<'maxErrorRate' | 'maxDisagreement' | 'maxP99Ms'>[] = [
  { key: 'maxErrorRate', label: 'Errors at most', unit: '%', per: 100, max: 100 },
  { key: 'maxDisagreement', label: 'Other answers at most', unit: '%', per: 100, max: 100 },
  { key: 'maxP99Ms', label: 'p99 at most', unit: 'ms', per: 1, max: 600_000 },
];

const NEEDED: readonly Figure<'minRequests' | 'windowMs'>[] = [
  { key: 'minRequests', label: 'Judged after', unit: 'requests', per: 1, max: 1_000_000 },
  { key: 'windowMs', label: 'Looking back', unit: 'minutes', per: 1 / 60_000, max: 1440 },
];

interface CanaryLimitsProps {
  readonly limits: CanaryLimits;
  readonly onLimits: (limits: CanaryLimits) => void;
}

export function CanaryLimitFields({ limits, onLimits }: CanaryLimitsProps) {
  return (
    <div className={styles.pair}>
      {WATCHED.map(({ key, per, ...figure }) => (
        <NumberField
          key={key}
          {...figure}
          min={0}
          placeholder="not watched"
          value={limits[key] === undefined ? undefined : limits[key] * per}
          onNumber={(value) => {
            const { [key]: _, ...others } = limits;
            // No request takes no time, so that a p99 of 0 is one that is not watched.
            const off = value === undefined || (key === 'maxP99Ms' && value === 0);
            onLimits(off ? others : { ...others, [key]: value / per });
          }}
        />
      ))}
      {NEEDED.map(({ key, per, ...figure }) => (
        <NumberField
          key={key}
          {...figure}
          min={1}
          required
          value={limits[key] * per}
          onNumber={(value) => onLimits({ ...limits, [key]: Math.round(Math.max(1, value ?? 1) / per) })}
        />
      ))}
    </div>
  );
}

interface NumberFieldProps {
  readonly label: string;
  readonly unit: string;
  readonly value: number | undefined;
  readonly min: number;
  readonly max: number;
  readonly placeholder?: string;
  readonly required?: boolean;
  readonly onNumber: (value: number | undefined) => void;
}

function NumberField({ value, onNumber, ...field }: NumberFieldProps) {
  return (
    <Field
      {...field}
      type="number"
      inputMode="decimal"
      step="any"
      value={value === undefined ? '' : String(Number(value.toFixed(3)))}
      onValue={(text) => onNumber(text === '' ? undefined : Number(text))}
    />
  );
}
