/** One version: the state it is in, what it costs and what it does. */
import type { AdminModel, AdminVersion } from '../../../core/admin.ts';
import type { AdminConsole } from '../../lib/admin/console.ts';
import { dueWords, errorShare, progressWords, stateWords, windowWords } from '../../lib/admin/words.ts';
import { bytes, count, milliseconds, providerName } from '../../lib/words.ts';
import { ProgressBar } from '../progress-bar.tsx';
import { LabelChip, StateMark } from './chip.tsx';
import type { OpenDialog } from './dialogs.tsx';
import { useNow } from './use-now.ts';
import { VersionActions } from './version-actions.tsx';
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
        <VersionActions admin={admin} model={model} version={version} onDialog={onDialog} />
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
