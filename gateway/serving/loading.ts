/**
 * The way of one version from its source to where it can answer: fetch, then verify, load and warm up. Guarantees that
 * it rejects when the load is aborted, at whatever moment. What is left of a failed one is in `phase.serving`.
 */
import type { Clock } from '../scheduling/index.ts';
import type { PackageOnDisk } from '../sources/index.ts';
import type { Entry, Loading } from './entry.ts';
import { fetchPackage } from './fetching.ts';
import type { Loadable } from './loadable.ts';

export interface LoadingOptions {
  readonly clock: Clock;
  readonly make: (found: PackageOnDisk) => Loadable;
  /** Stage or progress changed. */
  readonly onChange: () => void;
}

/** Milliseconds between two calls about the progress of one fetch. */
const PROGRESS_MS = 250;

export function newLoading(fingerprint: string): Loading {
  return {
    state: 'loading',
    abort: new AbortController(),
    fingerprint,
    stage: 'fetch',
    progress: undefined,
    serving: undefined,
  };
}

export async function bring(entry: Entry, phase: Loading, options: LoadingOptions): Promise<Loadable> {
  const { clock, make, onChange } = options;
  const { signal } = phase.abort;
  let told = Number.NEGATIVE_INFINITY;
  const found = await fetchPackage(entry.aspired, {
    clock,
    signal,
    onProgress: (progress) => {
      phase.progress = progress;
      if (clock.now() - told < PROGRESS_MS) return;
      told = clock.now();
      onChange();
    },
  });
  signal.throwIfAborted();
  entry.onDisk = found;
  const serving = make(found);
  phase.serving = serving;
  // Ends the load at once: it rejects.
  const stop = () => void serving.close();
  signal.addEventListener('abort', stop, { once: true });
  try {
    await serving.load((stage) => {
      if (phase.stage === stage) return;
      phase.stage = stage;
      onChange();
    });
  } finally {
    signal.removeEventListener('abort', stop);
  }
  signal.throwIfAborted();
  return serving;
}
