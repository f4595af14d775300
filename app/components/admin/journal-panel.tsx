/** Who did what when, newest first, of all models or of one. */
import { useState } from 'react';
import type { AdminConsole } from '../../lib/admin/console.ts';
import { ago, moment } from '../../lib/words.ts';
import { Message } from '../message.tsx';
import { SmallButton } from '../small-button.tsx';
import { useStore } from '../use-store.ts';
import form from './form.module.css';
import styles from './journal-panel.module.css';
import panel from './panel.module.css';
import { useNow } from './use-now.ts';

/** Entries shown before more are asked for. */
const FIRST = 12;

export function JournalPanel({ admin }: { readonly admin: AdminConsole }) {
  const { entries, loading, complete, error } = useStore(admin.journal.view);
  const [model, setModel] = useState('');
  const [shown, setShown] = useState(FIRST);
  const now = useNow();
  const models = [...new Set(entries.flatMap((entry) => entry.model ?? []))].sort();
  const filtered = model === '' ? entries : entries.filter((entry) => entry.model === model);
  const more = () => {
    if (filtered.length < shown + FIRST) void admin.journal.more();
    setShown(shown + FIRST);
  };
  return (
    <section className={panel.panel} aria-labelledby="journal-title" data-testid="journal">
      <div className={panel.head}>
        <h2 className={panel.title} id="journal-title">
          Journal
        </h2>
        {models.length > 0 && (
          <select
            className={`${form.input ?? ''} ${styles.select ?? ''}`}
            aria-label="Entries of"
            data-testid="journal-model"
            value={model}
            onChange={({ target }) => setModel(target.value)}
          >
            <option value="">All models</option>
            {models.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        )}
      </div>
      {filtered.length === 0 ? (
        <p className={panel.note}>Nothing has happened yet. What you do here is written down.</p>
      ) : (
        <ol>
          {filtered.slice(0, shown).map((entry) => (
            <li
              key={`${entry.at} ${entry.actor} ${entry.action} ${entry.model} ${entry.version} ${entry.detail}`}
              className={styles.entry}
              data-testid="journal-entry"
              data-action={entry.action}
            >
              <time className={styles.when} dateTime={new Date(entry.at).toISOString()} title={ago(entry.at, now)}>
                {moment(entry.at, now)}
              </time>
              <p className={styles.what}>{entry.detail}</p>
              <p className={styles.who}>
                {entry.actor === 'gateway' ? 'the gateway itself' : entry.actor}
                {entry.model !== undefined &&
                  ` · ${entry.model}${entry.version === undefined ? '' : `@${entry.version}`}`}
              </p>
            </li>
          ))}
        </ol>
      )}
      {error && <Message tone="bad" title="Older entries did not come" text={error.message} />}
      {(filtered.length > shown || !complete) && entries.length > 0 && (
        <div className={panel.actions}>
          <SmallButton disabled={loading} testId="journal-more" onClick={more}>
            {loading ? 'Loading' : 'Show more'}
          </SmallButton>
        </div>
      )}
    </section>
  );
}
