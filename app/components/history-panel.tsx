/** Earlier answers with their pictures, as files on demand, cleared with a way back. */
// biome-ignore-all lint/performance/noImgElement: the export has no image server
import { useEffect } from 'react';
import type { HistoryEntry } from '../lib/history.ts';
import type { Runtime } from '../lib/runtime.ts';
import { engineTitle, outdatedWords, percent, providerName } from '../lib/words.ts';
import styles from './history-panel.module.css';
import { SmallButton } from './small-button.tsx';
import { useStore } from './use-store.ts';

/** Milliseconds for which clearing can be undone. */
const UNDO_MS = 12_000;

export function HistoryPanel({ runtime }: { readonly runtime: Runtime }) {
  const { entries, removed } = useStore(runtime.history.view);
  const { manifest } = useStore(runtime.model.view);
  const { wanted } = useStore(runtime.updates.view);
  useEffect(() => {
    if (removed.length === 0) return;
    const timer = setTimeout(() => runtime.history.forget(), UNDO_MS);
    return () => clearTimeout(timer);
  }, [runtime, removed]);

  return (
    <section
      className={styles.history}
      aria-labelledby="history-title"
      data-testid="history"
      data-count={entries.length}
    >
      <div className={styles.head}>
        <h2 className={styles.title} id="history-title">
          History
          {entries.length > 0 && <span className={styles.count}>{entries.length}</span>}
        </h2>
        {entries.length > 0 && (
          <div className={styles.actions}>
            <SmallButton testId="export-json" onClick={runtime.exportJson}>
              Export JSON
            </SmallButton>
            <SmallButton testId="export-csv" onClick={runtime.exportCsv}>
              Export CSV
            </SmallButton>
            <SmallButton testId="history-clear" onClick={() => runtime.history.clear()}>
              Clear
            </SmallButton>
          </div>
        )}
      </div>
      <div role="status">
        {removed.length > 0 && (
          <p className={styles.undo}>
            {removed.length === 1 ? 'One answer was cleared.' : `${removed.length} answers were cleared.`}
            <SmallButton testId="history-undo" onClick={() => runtime.history.undo()}>
              Undo
            </SmallButton>
          </p>
        )}
      </div>
      {entries.length === 0 ? (
        <p className={styles.empty}>
          Answers to photos appear here. While the camera runs, press the shutter to keep one. They stay in this
          browser.
        </p>
      ) : (
        <ul className={styles.list}>
          {entries.map((entry) => (
            <Entry key={entry.id} entry={entry} outdated={outdatedWords(entry, manifest, wanted)} />
          ))}
        </ul>
      )}
    </section>
  );
}

interface EntryProps {
  readonly entry: HistoryEntry;
  readonly outdated: string | undefined;
}

function Entry({ entry, outdated }: EntryProps) {
  const best = entry.predictions[0];
  const label = entry.notSure || !best ? 'Not sure' : best.label;
  const time = new Date(entry.at);
  return (
    <li className={styles.entry} data-testid="history-entry" data-name={entry.name} data-engine={entry.engine}>
      {entry.thumbnail ? (
        <img className={styles.picture} src={entry.thumbnail} alt="" width={160} height={160} />
      ) : (
        <span className={styles.picture} />
      )}
      <p className={styles.label}>{label}</p>
      <p className={styles.note} title={providerName(entry.provider)}>
        {best && `${percent(best.score)} · `}
        {engineTitle(entry.engine)}
      </p>
      {outdated && (
        <p className={styles.note} data-testid="history-outdated">
          {outdated}
        </p>
      )}
      <time className={styles.note} dateTime={time.toISOString()}>
        {time.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })}
      </time>
    </li>
  );
}
