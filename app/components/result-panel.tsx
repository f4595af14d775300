/** The answer: who gave it, what it is, how sure, how long it took. One face for camera and photos. */
import { useState } from 'react';
import type { Prediction } from '../../core/engine.ts';
import type { Answer } from '../lib/answer.ts';
import type { Runtime } from '../lib/runtime.ts';
import { engineTitle, errorTitle, fellOverWords, outdatedWords, percent, providerName } from '../lib/words.ts';
import { TwinState } from './icons.tsx';
import { Message } from './message.tsx';
import styles from './result-panel.module.css';
import { NoScoreBars, ScoreBars } from './score-bars.tsx';
import { TimeSplit } from './time-split.tsx';
import { useStore } from './use-store.ts';

const SHOWN = 5;

interface RuntimeProps {
  readonly runtime: Runtime;
}

export function LiveResult({ runtime }: RuntimeProps) {
  const shown = useStore(runtime.liveAnswer);
  const { live, problem } = useStore(runtime.live.view);
  const { camera } = useStore(runtime.camera.view);
  const loading = useStore(runtime.model.view).model.state === 'loading';
  return (
    <>
      {problem && !loading && live.state === 'running' && (
        <Message
          tone="bad"
          code={problem.code}
          title={errorTitle(problem.code)}
          text={`${problem.message} The camera keeps trying.`}
        />
      )}
      {shown ? (
        <ResultCard
          runtime={runtime}
          answer={shown.answer}
          predictions={shown.smoothed.predictions.slice(0, SHOWN)}
          notSure={shown.smoothed.notSure}
          live
        />
      ) : (
        <ResultPlaceholder
          text={
            camera.state === 'on'
              ? loading
                ? 'The camera is on; the first answer comes when the model is there.'
                : 'Looking'
              : 'Start the camera, and the five best names appear here.'
          }
        />
      )}
      <p className="unseen" aria-live="polite" data-testid="announcement">
        {shown?.steadiness.spoken ?? ''}
      </p>
    </>
  );
}

export function PhotoResult({ runtime }: RuntimeProps) {
  const { photos, selectedId } = useStore(runtime.photos.view);
  const photo = photos.find((entry) => entry.id === selectedId);
  if (!photo) return <ResultPlaceholder text="Choose a photo, and the five best names appear here." />;
  const { work } = photo;
  switch (work.state) {
    case 'pending':
    case 'running':
      return <ResultPlaceholder text="Looking" busy />;
    case 'failed':
      return (
        <div role="alert">
          <Message
            tone="bad"
            code={work.error.code}
            title={errorTitle(work.error.code)}
            text={work.error.message}
            action={
              work.error.retryable ? { label: 'Try again', run: () => runtime.photos.retry(photo.id) } : undefined
            }
          />
        </div>
      );
    case 'answered': {
      const { answer } = work;
      return (
        <div aria-live="polite">
          <ResultCard
            key={photo.id}
            runtime={runtime}
            answer={answer}
            predictions={answer.result.predictions.slice(0, SHOWN)}
            notSure={answer.result.notSure}
          />
        </div>
      );
    }
    default: {
      const never: never = work;
      return never;
    }
  }
}

interface ResultPlaceholderProps {
  readonly text: string;
  readonly busy?: boolean;
}

export function ResultPlaceholder({ text, busy }: ResultPlaceholderProps) {
  return (
    <div className={styles.card} data-testid="result-empty" data-busy={busy}>
      <p className={styles.placeholder}>{text}</p>
      <NoScoreBars />
    </div>
  );
}

interface ResultCardProps extends RuntimeProps {
  readonly answer: Answer;
  readonly predictions: readonly Prediction[];
  readonly notSure: boolean;
  readonly live?: boolean;
}

function ResultCard({ runtime, answer, predictions, notSure, live }: ResultCardProps) {
  const { manifest } = useStore(runtime.model.view);
  const { wanted } = useStore(runtime.updates.view);
  const { result, engine, source } = answer;
  // A live answer is followed by the next within moments.
  const outdated = live ? undefined : outdatedWords(result, manifest, wanted);
  const best = predictions[0];
  const kept = source === 'store' || result.cached;
  return (
    <article className={styles.card} data-testid="result" data-source={source} data-live={live}>
      <div className={styles.where}>
        <p className={styles.badge} data-testid="engine-badge" data-engine={engine}>
          <TwinState active={engine} />
          <span>
            {engineTitle(engine)}
            <span className={styles.provider}>
              {' · '}
              <span data-testid="provider" data-provider={result.provider}>
                {providerName(result.provider)}
              </span>
            </span>
          </span>
        </p>
        {outdated && (
          <p className={styles.outdated} data-testid="outdated" title="Add the photo again for today’s answer.">
            {outdated}
          </p>
        )}
        {kept && (
          <p className={styles.kept} data-testid="cached-badge">
            {source === 'store' ? 'Kept answer' : 'From the gateway’s cache'}
          </p>
        )}
      </div>
      <div className={styles.answer}>
        <div className={styles.top} data-not-sure={notSure}>
          <h2 className={styles.label} data-testid="top-label" data-label={best?.label}>
            {notSure || !best ? 'Not sure' : best.label}
          </h2>
          <p className={styles.share} data-testid="top-score" data-score={best?.score}>
            {best ? percent(best.score) : ''}
          </p>
          {notSure && (
            <p className={styles.hint}>
              {live ? 'Go closer, or show one thing at a time.' : 'Crop the photo to one thing, or try another.'}
            </p>
          )}
        </div>
        <ScoreBars predictions={predictions} best={notSure ? 'doubt' : 'bar'} />
      </div>
      <TimeSplit answer={answer} />
      <dl className={styles.facts}>
        <div>
          <dt>Model</dt>
          <dd data-testid="model-version" data-model={result.model} data-version={result.version}>
            {(manifest?.name === result.model && manifest.title) || result.model}
            <span className={styles.version}> version {result.version}</span>
          </dd>
        </div>
        <div>
          <dt>Why here</dt>
          <dd data-testid="reason">{answer.fellOver ? fellOverWords(answer.fellOver) : answer.reason}</dd>
        </div>
      </dl>
      <Raw answer={answer} />
    </article>
  );
}

function Raw({ answer }: { readonly answer: Answer }) {
  const [open, setOpen] = useState(false);
  const { result } = answer;
  return (
    <details className={styles.raw} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary data-testid="raw-toggle">Raw values</summary>
      {open && (
        <div data-testid="raw-values">
          <table>
            <thead>
              <tr>
                <th scope="col">Class</th>
                <th scope="col">No.</th>
                <th scope="col">Score</th>
              </tr>
            </thead>
            <tbody>
              {result.predictions.slice(0, SHOWN).map((prediction) => (
                <tr key={prediction.index}>
                  <td>{prediction.label}</td>
                  <td>{prediction.index}</td>
                  <td>{prediction.score.toFixed(5)}</td>
                </tr>
              ))}
            </tbody>
          </table>
          <p className={styles.rawNote}>
            {`${result.model}@${result.version}, variant ${result.variant}, batch of ${result.batchSize}, queued ${result.timings.queue.toFixed(1)} ms`}
          </p>
        </div>
      )}
    </details>
  );
}
