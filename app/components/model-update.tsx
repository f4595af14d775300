/** A version on its way in the background: how far it is, and that it has taken over. In no one's way. */
import { useEffect, useState } from 'react';
import type { UpdateState } from '../lib/model-updates.ts';
import type { Runtime } from '../lib/runtime.ts';
import { updateWords } from '../lib/words.ts';
import { Meter } from './meter.tsx';
import styles from './model-update.module.css';
import { useStore } from './use-store.ts';

/** An update that is done sooner than this needs no progress. */
const SHOW_AFTER_MS = 300;

export function ModelUpdate({ runtime }: { readonly runtime: Runtime }) {
  const { update } = useStore(runtime.updates.view);
  const lasting = useLasting(update.state === 'updating');
  const shown = update.state === 'done' || (update.state === 'updating' && lasting);
  return (
    <>
      {shown && (
        <p className={styles.pill} data-testid="model-update" data-state={update.state}>
          <Share update={update} />
          {updateWords(update)}
        </p>
      )}
      {/* Only what is steady is read aloud: not every hundred kilobytes. */}
      <p className="unseen" aria-live="polite">
        {update.state === 'done' ? updateWords(update) : ''}
      </p>
    </>
  );
}

function Share({ update }: { readonly update: UpdateState }) {
  if (update.state !== 'updating') return <span className={styles.done} aria-hidden="true" />;
  const { loadedBytes = 0, totalBytes = 0 } = update.progress ?? {};
  const share = totalBytes > 0 ? loadedBytes / totalBytes : 0;
  return (
    <span className={styles.share}>
      <Meter share={share} />
    </span>
  );
}

function useLasting(active: boolean): boolean {
  const [lasting, setLasting] = useState(false);
  useEffect(() => {
    if (!active) return;
    const timer = setTimeout(() => setLasting(true), SHOW_AFTER_MS);
    return () => {
      clearTimeout(timer);
      setLasting(false);
    };
  }, [active]);
  return lasting;
}
