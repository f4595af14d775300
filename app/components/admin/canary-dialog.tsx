/** Begins or changes a canary: its share, how much is compared, and when the gateway ends it by itself. */
import { type FormEvent, useId, useState } from 'react';
import { type AdminModel, type CanaryLimits, type CanarySettings, DEFAULT_CANARY_LIMITS } from '../../../core/admin.ts';
import { changeWords } from '../../lib/admin/change-words.ts';
import type { Change } from '../../lib/admin/changes.ts';
import type { AdminConsole } from '../../lib/admin/console.ts';
import { percent } from '../../lib/words.ts';
import { Decision, Dialog } from './dialog.tsx';
import styles from './form.module.css';

interface CanaryDialogProps {
  readonly admin: AdminConsole;
  readonly model: AdminModel;
  readonly version: number;
  readonly onClose: () => void;
}

/** Shares that a new canary begins with. */
const FIRST = { share: 0.1, shadow: 0.1 };

export function CanaryDialog({ admin, model, version, onClose }: CanaryDialogProps) {
  const current = model.canary?.version === version ? model.canary : undefined;
  const [share, setShare] = useState(current?.share ?? FIRST.share);
  const [shadow, setShadow] = useState(current?.shadow ?? FIRST.shadow);
  const [limits, setLimits] = useState<CanaryLimits>(current?.limits ?? DEFAULT_CANARY_LIMITS);
  const settings: CanarySettings = { version, share, shadow, limits };
  const change: Change = { kind: 'canary', model: model.name, settings };
  const words = changeWords(change, model);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onClose();
    admin.desk.submit(change);
  };
  return (
    <Dialog title={words.title} testId="canary-dialog" onClose={onClose}>
      <form className={styles.form} onSubmit={submit}>
        <Share
          name="Share of the traffic"
          value={share}
          onChange={setShare}
          testId="canary-share"
          note={`Of the requests that name neither a version nor a label. Callers with a key stay on one side.`}
        />
        <Share
          name="Compared with stable"
          value={shadow}
          onChange={setShadow}
          testId="canary-shadow"
          note="Of the canary’s requests; both versions work on these, so it costs time on this gateway."
        />
        <details className={styles.more}>
          <summary>When it ends by itself</summary>
          <div className={styles.pair}>
            <Limit
              name="Errors at most"
              unit="%"
              value={limits.maxErrorRate === undefined ? undefined : limits.maxErrorRate * 100}
              max={100}
              onChange={(value) => setLimits(limit(limits, 'maxErrorRate', value, 100))}
            />
            <Limit
              name="Other answers at most"
              unit="%"
              value={limits.maxDisagreement === undefined ? undefined : limits.maxDisagreement * 100}
              max={100}
              onChange={(value) => setLimits(limit(limits, 'maxDisagreement', value, 100))}
            />
            <Limit
              name="p99 at most"
              unit="ms"
              value={limits.maxP99Ms}
              max={600_000}
              onChange={(value) => setLimits(limit(limits, 'maxP99Ms', value || undefined, 1))}
            />
            <Limit
              name="Judged after"
              unit="requests"
              required
              value={limits.minRequests}
              min={1}
              max={1_000_000}
              onChange={(value) => setLimits({ ...limits, minRequests: Math.max(1, Math.round(value ?? 1)) })}
            />
            <Limit
              name="Looking back"
              unit="minutes"
              required
              value={limits.windowMs / 60_000}
              min={1}
              max={1440}
              onChange={(value) => setLimits({ ...limits, windowMs: Math.max(1, value ?? 1) * 60_000 })}
            />
          </div>
        </details>
        <Decision effects={words.effects} act={words.act} onDecline={onClose} />
      </form>
    </Dialog>
  );
}

function limit(
  limits: CanaryLimits,
  key: 'maxErrorRate' | 'maxP99Ms' | 'maxDisagreement',
  value: number | undefined,
  unit: number,
): CanaryLimits {
  const { [key]: _, ...others } = limits;
  return value === undefined ? others : { ...others, [key]: value / unit };
}

interface ShareProps {
  readonly name: string;
  readonly value: number;
  readonly note: string;
  readonly testId: string;
  readonly onChange: (value: number) => void;
}

export function Share({ name, value, note, testId, onChange }: ShareProps) {
  const id = useId();
  return (
    <div className={styles.field}>
      <div className={styles.row}>
        <label className={styles.name} htmlFor={id}>
          {name}
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
        onChange={(event) => onChange(Number(event.target.value) / 100)}
      />
      <p className={styles.note} id={`${id}-note`}>
        {note}
      </p>
    </div>
  );
}

interface LimitProps {
  readonly name: string;
  readonly unit: string;
  readonly value: number | undefined;
  readonly min?: number;
  readonly max: number;
  readonly required?: boolean;
  readonly onChange: (value: number | undefined) => void;
}

/** A figure with its unit; empty means that it is not watched. */
function Limit({ name, unit, value, min = 0, max, required, onChange }: LimitProps) {
  const id = useId();
  return (
    <div className={styles.field}>
      <label htmlFor={id}>
        {name} <span className={styles.note}>{unit}</span>
      </label>
      <input
        id={id}
        className={styles.input}
        type="number"
        inputMode="decimal"
        step="any"
        min={min}
        max={max}
        required={required}
        placeholder={required ? undefined : 'not watched'}
        value={value === undefined ? '' : Number(value.toFixed(3))}
        onChange={({ target }) => onChange(target.value === '' ? undefined : Number(target.value))}
      />
    </div>
  );
}
