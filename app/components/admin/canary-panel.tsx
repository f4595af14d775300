/** A running canary beside `stable`: how much it gets, how it does, and how it ends. */
import type { AdminModel, CanaryView, Traffic } from '../../../core/admin.ts';
import type { AdminConsole } from '../../lib/admin/console.ts';
import { errorShare, windowWords } from '../../lib/admin/words.ts';
import { ago, count, milliseconds, percent } from '../../lib/words.ts';
import { SmallButton } from '../small-button.tsx';
import styles from './canary-panel.module.css';
import type { OpenDialog } from './dialogs.tsx';
import { useNow } from './use-now.ts';

interface CanaryPanelProps {
  readonly admin: AdminConsole;
  readonly model: AdminModel;
  readonly canary: CanaryView;
  readonly onDialog: (dialog: OpenDialog) => void;
}

export function CanaryPanel({ admin, model, canary, onDialog }: CanaryPanelProps) {
  const now = useNow();
  const { version, share, seen, limits } = canary;
  const errors = seen.canary.errors / Math.max(1, seen.canary.requests);
  const disagreement = seen.disagreed / Math.max(1, seen.shadowed);
  const judged = seen.canary.requests >= limits.minRequests;
  const left = limits.minRequests - seen.canary.requests;
  const beyond = (value: number | undefined, most: number | undefined) =>
    value !== undefined && most !== undefined && value > most;
  return (
    <section
      className={styles.panel}
      aria-label="Canary"
      data-testid="canary"
      data-version={version}
      data-share={share}
    >
      <div className={styles.head}>
        <h4 className={styles.title}>
          Canary: version {version} gets {percent(share)}
        </h4>
        <p className={styles.since}>Began {ago(canary.startedAt, now)}</p>
      </div>
      <div className={styles.split} aria-hidden="true">
        <span style={{ flexGrow: share }} />
        <span style={{ flexGrow: 1 - share }} />
      </div>
      <table className={styles.table}>
        <caption className="unseen">The canary beside stable, the last {windowWords(limits.windowMs)}</caption>
        <thead>
          <tr>
            <th scope="col">Last {windowWords(limits.windowMs)}</th>
            <th scope="col">Canary</th>
            <th scope="col">Stable</th>
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">Requests</th>
            <td>{count(seen.canary.requests)}</td>
            <td>{count(seen.stable.requests)}</td>
          </tr>
          <tr>
            <th scope="row">
              Errors
              <Most value={limits.maxErrorRate} words={percent} />
            </th>
            <td data-beyond={beyond(errors, limits.maxErrorRate)}>{errorShare(seen.canary)}</td>
            <td>{errorShare(seen.stable)}</td>
          </tr>
          <tr>
            <th scope="row">p50</th>
            <td>{latency(seen.canary, 'p50Ms')}</td>
            <td>{latency(seen.stable, 'p50Ms')}</td>
          </tr>
          <tr>
            <th scope="row">
              p99
              <Most value={limits.maxP99Ms} words={milliseconds} />
            </th>
            <td data-beyond={beyond(seen.canary.p99Ms, limits.maxP99Ms)}>{latency(seen.canary, 'p99Ms')}</td>
            <td>{latency(seen.stable, 'p99Ms')}</td>
          </tr>
          <tr>
            <th scope="row">
              Other answers
              <Most value={limits.maxDisagreement} words={percent} />
            </th>
            <td data-beyond={beyond(disagreement, limits.maxDisagreement)}>
              {seen.shadowed === 0 ? 'none compared' : `${percent(disagreement)} of ${count(seen.shadowed)}`}
            </td>
            <td>–</td>
          </tr>
        </tbody>
      </table>
      <p className={styles.note}>
        {judged
          ? 'Beyond a limit the gateway ends it by itself.'
          : `It is judged after ${count(limits.minRequests)} requests: ${count(left)} more.`}
      </p>
      <div className={styles.actions}>
        <SmallButton
          primary
          testId="canary-promote"
          onClick={() => admin.desk.request({ kind: 'promote', model: model.name, version })}
        >
          Promote version {version}
        </SmallButton>
        <SmallButton testId="canary-change" onClick={() => onDialog({ kind: 'canary', model: model.name, version })}>
          Change
        </SmallButton>
        <SmallButton testId="canary-end" onClick={() => admin.desk.request({ kind: 'end-canary', model: model.name })}>
          Stop
        </SmallButton>
      </div>
    </section>
  );
}

function Most({ value, words }: { readonly value: number | undefined; readonly words: (value: number) => string }) {
  return value === undefined ? null : <span className={styles.limit}>at most {words(value)}</span>;
}

function latency(traffic: Traffic, which: 'p50Ms' | 'p99Ms'): string {
  const value = traffic[which];
  return value === undefined ? '–' : milliseconds(value);
}
