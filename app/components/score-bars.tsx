/** Class names with their scores as bars, best first, for answers and for the comparison of two versions. */
import type { Prediction } from '../../core/engine.ts';
import { percent } from '../lib/words.ts';
import { Meter } from './meter.tsx';
import styles from './score-bars.module.css';

/** Rows of the placeholder. */
const GHOSTS = [1, 2, 3, 4, 5];

interface ScoreBarsProps {
  readonly predictions: readonly Prediction[];
  /**
   * What the best row is: the `bar` of a name that stands in a headline already, in `doubt`, or a `name` that
   * stands out.
   */
  readonly best: 'bar' | 'doubt' | 'name';
  /** Whether a row is another one in what this is compared with. */
  readonly differs?: (prediction: Prediction, rank: number) => boolean;
}

export function ScoreBars({ predictions, best, differs }: ScoreBarsProps) {
  return (
    <ol className={styles.bars} data-best={best}>
      {predictions.map((prediction, rank) => (
        <li
          key={prediction.index}
          className={styles.bar}
          data-testid="prediction"
          data-index={prediction.index}
          data-score={prediction.score}
          data-differs={differs?.(prediction, rank)}
        >
          <span className={styles.label}>{prediction.label}</span>
          <span className={styles.score}>{percent(prediction.score)}</span>
          <div className={styles.meter}>
            <Meter share={prediction.score} />
          </div>
        </li>
      ))}
    </ol>
  );
}

/** The room of answers that are not there yet. */
export function NoScoreBars() {
  return (
    <ul className={styles.bars} aria-hidden="true">
      {GHOSTS.map((ghost) => (
        <li key={ghost} className={styles.ghost} />
      ))}
    </ul>
  );
}
