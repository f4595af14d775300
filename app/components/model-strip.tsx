/** The model's way onto this device: progress with cancel, or why it is not here and what to do. */
import type { LoadProgress } from '../../core/engine.ts';
import type { Runtime } from '../lib/runtime.ts';
import { bytes } from '../lib/words.ts';
import { Message } from './message.tsx';
import styles from './model-strip.module.css';
import { ProgressBar } from './progress-bar.tsx';
import { SmallButton } from './small-button.tsx';
import { useStore } from './use-store.ts';

export function ModelStrip({ runtime }: { readonly runtime: Runtime }) {
  const { model } = useStore(runtime.model.view);
  const { route, mode } = useStore(runtime.router);
  const answered = route.engine === 'gateway' ? ' The gateway answers meanwhile.' : '';
  const retry = { label: 'Load it', run: () => runtime.model.retry(), testId: 'model-retry' };
  switch (model.state) {
    case 'unwanted':
    case 'ready':
      return <span hidden data-testid="model-state" data-state={model.state} />;
    case 'loading':
      return <Loading progress={model.progress} note={answered} onCancel={() => runtime.model.cancel()} />;
    case 'cancelled':
      return (
        <div data-testid="model-state" data-state="cancelled">
          <Message
            tone="info"
            title="The model is not on this device"
            text={`Loading was cancelled.${answered || (mode === 'only-device' ? ' Load it to get answers.' : '')}`}
            action={retry}
          />
        </div>
      );
    case 'failed':
      return (
        <div role="alert" data-testid="model-state" data-state="failed" data-code={model.error.code}>
          <Message
            tone="bad"
            title="The model did not load"
            text={`${model.error.message}${answered}`}
            action={{ ...retry, label: 'Try again' }}
          />
        </div>
      );
    case 'impossible':
      return (
        <div data-testid="model-state" data-state="impossible">
          <Message
            tone={route.engine === 'none' ? 'bad' : 'warn'}
            title="This browser can’t run the model"
            text={`${model.reason}${answered || ' Let the gateway answer, or use a current browser.'}`}
            action={
              mode === 'only-device'
                ? { label: 'Use the gateway', run: () => runtime.setMode('prefer-device') }
                : undefined
            }
          />
        </div>
      );
    default: {
      const never: never = model;
      return never;
    }
  }
}

const PHASES: Readonly<Record<LoadProgress['phase'], string>> = {
  manifest: 'Looking for the model',
  download: 'Loading the model',
  verify: 'Checking the model',
  compile: 'Preparing the model',
  check: 'Trying the model',
};

interface LoadingProps {
  readonly progress: LoadProgress | undefined;
  readonly note: string;
  readonly onCancel: () => void;
}

function Loading({ progress, note, onCancel }: LoadingProps) {
  const total = progress?.totalBytes ?? 0;
  const loaded = Math.min(progress?.loadedBytes ?? 0, total);
  const known = total > 0 && (progress?.phase === 'download' || progress?.phase === 'verify');
  return (
    <div className={styles.strip} data-testid="model-state" data-state="loading" data-phase={progress?.phase}>
      <div className={styles.line}>
        <p className={styles.title} id="model-loading">
          {PHASES[progress?.phase ?? 'manifest']}
        </p>
        <p className={styles.bytes}>
          {total > 0 &&
            `${(loaded / 1e6).toFixed(1)} of ${bytes(total)}, ${progress?.fromStore ? 'from this device' : 'from the network'}`}
        </p>
      </div>
      <ProgressBar labelledBy="model-loading" testId="progress" {...(known ? { value: loaded, max: total } : {})} />
      <div className={styles.line}>
        <p className={styles.note}>{note.trim() || 'Once it is here, it stays on this device.'}</p>
        <SmallButton testId="model-cancel" onClick={onCancel}>
          Cancel
        </SmallButton>
      </div>
    </div>
  );
}
