/** Which of a model's versions are served. */
import { useState } from 'react';
import type { AdminModel, VersionPolicy } from '../../../core/admin.ts';
import type { Change } from '../../lib/admin/changes.ts';
import type { AdminConsole } from '../../lib/admin/console.ts';
import { ChangeDialog } from './change-dialog.tsx';
import styles from './form.module.css';

interface PolicyDialogProps {
  readonly admin: AdminConsole;
  readonly model: AdminModel;
  readonly onClose: () => void;
}

export function PolicyDialog({ admin, model, onClose }: PolicyDialogProps) {
  const [kind, setKind] = useState<VersionPolicy['kind']>(model.policy.kind);
  const [count, setCount] = useState(model.policy.kind === 'latest' ? model.policy.count : 1);
  const [chosen, setChosen] = useState<readonly number[]>(
    model.policy.kind === 'specific'
      ? model.policy.versions
      : model.versions.filter(({ state }) => state === 'available').map(({ version }) => version),
  );
  const change: Change = { kind: 'policy', model: model.name, policy: policyOf(kind, count, chosen) };
  return (
    <ChangeDialog
      admin={admin}
      model={model}
      change={change}
      title={`Which versions of ${model.title} are served`}
      testId="policy-dialog"
      onClose={onClose}
    >
      <fieldset className={styles.field}>
        <legend className="unseen">Versions served</legend>
        <div className={styles.choice}>
          <label className={styles.choice}>
            <input type="radio" name="policy" checked={kind === 'latest'} onChange={() => setKind('latest')} />
            The newest
          </label>
          <input
            className={`${styles.input ?? ''} ${styles.short ?? ''}`}
            type="number"
            aria-label="How many of the newest"
            min={1}
            max={100}
            required={kind === 'latest'}
            value={count}
            onFocus={() => setKind('latest')}
            onChange={({ target }) => setCount(Math.min(100, Math.max(1, Math.round(Number(target.value)) || 1)))}
          />
        </div>
        <label className={styles.choice}>
          <input type="radio" name="policy" checked={kind === 'all'} onChange={() => setKind('all')} />
          All versions
        </label>
        <label className={styles.choice}>
          <input type="radio" name="policy" checked={kind === 'specific'} onChange={() => setKind('specific')} />
          These only
        </label>
        {kind === 'specific' && (
          <div className={styles.pair}>
            {model.versions.map(({ version }) => (
              <label key={version} className={styles.choice}>
                <input
                  type="checkbox"
                  checked={chosen.includes(version)}
                  onChange={({ target }) =>
                    setChosen(target.checked ? [...chosen, version] : chosen.filter((other) => other !== version))
                  }
                />
                Version {version}
              </label>
            ))}
          </div>
        )}
      </fieldset>
    </ChangeDialog>
  );
}

function policyOf(kind: VersionPolicy['kind'], count: number, chosen: readonly number[]): VersionPolicy {
  switch (kind) {
    case 'latest':
      return { kind, count };
    case 'all':
      return { kind };
    case 'specific':
      return { kind, versions: [...chosen].sort((a, b) => b - a) };
    default: {
      const never: never = kind;
      return never;
    }
  }
}
