/** One version: the state it is in, what it costs, what it does, and what can be done with it. */
import { useId, useState } from 'react';
import type { AdminModel, AdminVersion } from '../../../core/admin.ts';
import type { Change } from '../../lib/admin/changes.ts';
import type { AdminConsole } from '../../lib/admin/console.ts';
import { dueWords, errorShare, progressWords, stateWords, windowWords } from '../../lib/admin/words.ts';
import { bytes, count, milliseconds, providerName } from '../../lib/words.ts';
import { ProgressBar } from '../progress-bar.tsx';
import { useStore } from '../use-store.ts';
import { LabelChip, StateMark } from './chip.tsx';
import type { OpenDialog } from './dialogs.tsx';
import { useNow } from './use-now.ts';
import styles from './version-row.module.css';

/** Share of errors from which on they are shown as something wrong. */
const NOTABLE = 0.01;

interface VersionRowProps {
  readonly admin: AdminConsole;
  readonly model: AdminModel;
  readonly version: AdminVersion;
  readonly onDialog: (dialog: OpenDialog) => void;
}

export function VersionRow({ admin, model, version, onDialog }: VersionRowProps) {
  const { tone, text } = stateWords(version);
  const origin = [version.source, version.variant, version.licence].filter(Boolean).join(' · ');
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms
    <div
      className={styles.row}
      role="group"
      aria-label={`Version ${version.version} of ${model.title}`}
      data-testid="version"
      data-version={version.version}
      data-state={version.state}
    >
      <div className={styles.head}>
        <div className={styles.who}>
          <h4 className={styles.number}>Version {version.version}</h4>
          <StateMark tone={tone} text={text} />
          <span className={styles.labels}>
            {version.labels.map((label) => (
              <LabelChip key={label} label={label} />
            ))}
          </span>
        </div>
        <Actions admin={admin} model={model} version={version} onDialog={onDialog} />
      </div>
      {version.state === 'loading' && version.progress && (
        <div className={styles.progress}>
          <ProgressBar
            label={`${text}: version ${version.version} of ${model.title}`}
            value={version.progress.loadedBytes}
            max={version.progress.totalBytes}
          />
          <p>{progressWords(version.progress)}</p>
        </div>
      )}
      {version.state === 'failed' && <Reason version={version} />}
      {version.instances > 0 && <Facts version={version} />}
      <p className={styles.origin}>From {origin}</p>
    </div>
  );
}

function Reason({ version }: { readonly version: AdminVersion }) {
  const now = useNow();
  return (
    <div className={styles.reason}>
      <p>{version.reason ?? 'It failed without saying why; the log says more.'}</p>
      {version.retryAt !== undefined && <p>Tried again {dueWords(version.retryAt, now)}</p>}
    </div>
  );
}

function Facts({ version }: { readonly version: AdminVersion }) {
  const { traffic } = version;
  const time = windowWords(traffic.windowMs);
  return (
    <dl className={styles.facts}>
      <div>
        <dt>Runs on</dt>
        <dd>
          {version.provider ? providerName(version.provider) : 'not known'}
          {version.instances > 1 && ` × ${version.instances}`}
        </dd>
      </div>
      <div>
        <dt>Memory</dt>
        <dd>{version.memoryBytes > 0 ? bytes(version.memoryBytes) : '–'}</dd>
      </div>
      <div>
        <dt>Load time</dt>
        <dd>{version.loadMs === undefined ? '–' : milliseconds(version.loadMs)}</dd>
      </div>
      <div>
        <dt>Requests, {time}</dt>
        <dd>{count(traffic.requests)}</dd>
      </div>
      <div>
        <dt>Errors</dt>
        <dd data-tone={traffic.errors > traffic.requests * NOTABLE ? 'bad' : 'plain'}>{errorShare(traffic)}</dd>
      </div>
      <div>
        <dt>p50 / p99</dt>
        <dd>
          {traffic.p50Ms === undefined ? '–' : milliseconds(traffic.p50Ms)} /{' '}
          {traffic.p99Ms === undefined ? '–' : milliseconds(traffic.p99Ms)}
        </dd>
      </div>
    </dl>
  );
}

function Actions({ admin, model, version: entry, onDialog }: VersionRowProps) {
  useStore(admin.desk.view);
  const [more, setMore] = useState(false);
  const extraId = useId();
  const { version, state, labels } = entry;
  const name = model.name;
  const of = `version ${version} of ${model.title}`;
  const busy = admin.desk.isRunning(
    (change) => 'version' in change && change.model === name && change.version === version,
  );
  const stable = labels.includes('stable');
  const ask = (change: Change) => () => admin.desk.request(change);
  const extras = [
    state === 'available' && !stable && !labels.includes('canary') && (
      <button
        key="canary"
        type="button"
        className="button small"
        data-testid="start-canary"
        onClick={() => onDialog({ kind: 'canary', model: name, version })}
      >
        Start as canary
      </button>
    ),
    (state === 'available' || state === 'idle') && (
      <button
        key="labels"
        type="button"
        className="button small"
        data-testid="labels"
        onClick={() => onDialog({ kind: 'label', model: name, version })}
      >
        Labels
      </button>
    ),
    state === 'available' && labels.length === 0 && (
      <button
        key="unload"
        type="button"
        className="button small"
        data-testid="unload"
        disabled={busy}
        onClick={ask({ kind: 'unload', model: name, version })}
      >
        Unload
      </button>
    ),
    entry.removable && labels.length === 0 && (
      <button
        key="remove"
        type="button"
        className={`button small ${styles.danger ?? ''}`}
        data-testid="remove"
        disabled={busy}
        onClick={ask({ kind: 'remove', model: name, version })}
      >
        Remove
      </button>
    ),
  ].filter(Boolean);
  return (
    <div className={styles.actions}>
      {(state === 'idle' || state === 'failed') && (
        <button
          type="button"
          className="button small"
          data-testid="load"
          disabled={busy}
          onClick={ask({ kind: 'load', model: name, version })}
        >
          {state === 'failed' ? 'Try now' : 'Load'}
          <Of>{of}</Of>
        </button>
      )}
      {state === 'available' && (
        <button
          type="button"
          className="button small"
          data-testid="try"
          onClick={() => admin.trial.open(name, version)}
        >
          Try on a photo
          <Of>{of}</Of>
        </button>
      )}
      {state === 'available' && !stable && (
        <button
          type="button"
          className={version > (model.labels.stable ?? 0) ? 'button small primary' : 'button small'}
          data-testid="promote"
          disabled={busy}
          onClick={ask({ kind: 'promote', model: name, version })}
        >
          Promote
          <Of>{of}</Of>
        </button>
      )}
      {extras.length > 0 && (
        <button
          type="button"
          className="button small"
          data-testid="more"
          aria-expanded={more}
          aria-controls={extraId}
          onClick={() => setMore(!more)}
        >
          {more ? 'Less' : 'More'}
          <Of>{of}</Of>
        </button>
      )}
      <div className={styles.extra} id={extraId} hidden={!more || extras.length === 0}>
        {extras}
      </div>
    </div>
  );
}

/** Which one a button is about, for those who hear it alone. */
function Of({ children }: { readonly children: string }) {
  return <span className="unseen">: {children}</span>;
}
