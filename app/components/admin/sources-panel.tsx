/** Where versions come from: when each was asked, what is wrong with it, and what could be served from there. */
import type { SourceStatus } from '../../../core/admin.ts';
import type { AdminConsole } from '../../lib/admin/console.ts';
import { dueWords, SOURCE_KIND_WORDS } from '../../lib/admin/words.ts';
import { ago, bytes } from '../../lib/words.ts';
import { SmallButton } from '../small-button.tsx';
import { useStore } from '../use-store.ts';
import { StateMark } from './chip.tsx';
import panel from './panel.module.css';
import styles from './sources-panel.module.css';
import { useNow } from './use-now.ts';

interface SourcesPanelProps {
  readonly admin: AdminConsole;
  readonly sources: readonly SourceStatus[];
}

export function SourcesPanel({ admin, sources }: SourcesPanelProps) {
  return (
    <section className={panel.panel} aria-labelledby="sources-title">
      <h2 className={panel.title} id="sources-title">
        Sources
      </h2>
      {sources.length === 0 && <p className={panel.note}>No source is configured. Models come by being added here.</p>}
      {sources.map((source) => (
        <Source key={source.name} admin={admin} source={source} />
      ))}
    </section>
  );
}

function Source({ admin, source }: { readonly admin: AdminConsole; readonly source: SourceStatus }) {
  const now = useNow();
  useStore(admin.desk.view);
  const { name, checking, error, refused, offers } = source;
  const busy = checking || admin.desk.isRunning((change) => change.kind === 'check' && change.source === name);
  return (
    <div className={styles.source} data-testid="source" data-name={name}>
      <div className={styles.head}>
        <div>
          <h3 className={styles.name}>{name}</h3>
          <p className={styles.location}>
            {SOURCE_KIND_WORDS[source.kind]} · {source.location}
          </p>
        </div>
        <SmallButton testId="check" disabled={busy} onClick={() => admin.desk.request({ kind: 'check', source: name })}>
          Check now<span className="unseen">: {name}</span>
        </SmallButton>
      </div>
      {busy ? (
        <StateMark tone="busy" text="Checking" />
      ) : (
        <p className={panel.small}>
          {source.lastCheckAt === undefined ? 'Not checked yet' : `Checked ${ago(source.lastCheckAt, now)}`}
          {source.nextCheckAt !== undefined && `, next ${dueWords(source.nextCheckAt, now)}`}
        </p>
      )}
      {error && (
        <p className={panel.bad}>
          {error} <span className={panel.small}>What was known before stays.</span>
        </p>
      )}
      {refused.length > 0 && (
        <details className={styles.refused}>
          <summary>
            {refused.length === 1 ? 'One thing is not taken' : `${refused.length} things are not taken`}
          </summary>
          <dl>
            {refused.map(({ what, reason }) => (
              <div key={what}>
                <dt>{what}</dt>
                <dd>{reason}</dd>
              </div>
            ))}
          </dl>
        </details>
      )}
      {offers.length > 0 && (
        <ul className={styles.offers}>
          {offers.map((offer) => {
            const change = { source: name, model: offer.model } as const;
            const changing = admin.desk.isRunning(
              (other) =>
                (other.kind === 'follow' || other.kind === 'unfollow') &&
                other.source === name &&
                other.model === offer.model,
            );
            return (
              <li key={`${offer.model}@${offer.version}`} className={styles.offer} data-testid="offer">
                <div>
                  <strong>{offer.title}</strong>
                  <p className={panel.small}>
                    {offer.model} version {offer.version}
                  </p>
                  <p className={panel.small}>
                    {bytes(offer.bytes)} · {offer.licence}
                  </p>
                </div>
                <SmallButton
                  disabled={changing}
                  onClick={() => admin.desk.request({ kind: offer.followed ? 'unfollow' : 'follow', ...change })}
                >
                  {offer.followed ? 'Unfollow' : 'Serve'}
                  <span className="unseen">: {offer.title}</span>
                </SmallButton>
              </li>
            );
          })}
        </ul>
      )}
    </div>
  );
}
