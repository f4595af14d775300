/** Where the time went, as one bar and its figures. */
import type { Answer } from '../lib/answer.ts';
import { milliseconds } from '../lib/words.ts';
import styles from './time-split.module.css';

export function TimeSplit({ answer }: { readonly answer: Answer }) {
  const { timings } = answer.result;
  if (answer.source === 'store') {
    return (
      <p className={styles.total}>
        <span className={styles.name}>Found in</span>{' '}
        <strong data-testid="time-total">{milliseconds(answer.waitedMs)}</strong>
        <span className={styles.name}> without running the model</span>
      </p>
    );
  }
  const total = Math.max(answer.waitedMs, timings.total);
  const known = timings.decode + timings.prepare + timings.infer;
  const parts = [
    { name: 'Decode', key: 'decode', value: timings.decode },
    { name: 'Prepare', key: 'prepare', value: timings.prepare },
    { name: 'Infer', key: 'infer', value: timings.infer },
    // For a place in the queue, and on the way there and back.
    { name: 'Waiting', key: 'wait', value: Math.max(0, total - known) },
  ];
  return (
    <div className={styles.split}>
      <p className={styles.total}>
        <span className={styles.name}>Total</span> <strong data-testid="time-total">{milliseconds(total)}</strong>
      </p>
      <div className={styles.strip} aria-hidden="true">
        {parts.map(({ key, value }) => (
          <span key={key} className={styles[key]} style={{ flexGrow: value }} />
        ))}
      </div>
      <dl className={styles.legend}>
        {parts.map(({ name, key, value }) => (
          <div key={key}>
            <dt>
              <span className={`${styles.swatch} ${styles[key] ?? ''}`} aria-hidden="true" />
              {name}
            </dt>
            <dd data-testid={`time-${key}`}>{milliseconds(value)}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
