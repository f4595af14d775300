/**
 * The gateway's own engine behind the common interface: a registry's models on the local instances.
 * Used where code wants an `InferenceEngine` without a socket in between.
 */
import type {
  Classification,
  ClassifyOptions,
  EngineEvent,
  EngineStatus,
  ImageInput,
  InferenceEngine,
  LoadedModel,
  LoadOptions,
} from '../../core/engine.ts';
import { asTwinlensError, TwinlensError, toErrorBody } from '../../core/errors.ts';
import { parseManifest, toLoadedModel } from '../../core/manifest.ts';
import { formatModelSpec, parseModelSpec } from '../../core/model-spec.ts';
import { predictionsOf } from '../../core/top.ts';
import type { Clock } from '../scheduling/index.ts';
import type { Registry } from '../serving/index.ts';

export interface LocalEngineOptions {
  readonly registry: Registry;
  readonly clock: Clock;
  /** Milliseconds, for requests that name none. */
  readonly deadlineMs: number;
  /** Whose requests these are, for fairness. */
  readonly client: string;
}

export function createLocalEngine({ registry, clock, deadlineMs, client }: LocalEngineOptions): InferenceEngine {
  let status: EngineStatus = { state: 'empty' };
  let unloading = false;
  const listeners = new Set<(event: EngineEvent) => void>();
  const inFlight = new Set<Promise<unknown>>();

  function change(next: EngineStatus): void {
    status = next;
    for (const listener of listeners) listener({ type: 'status', status });
  }

  function describeModel(spec: string): LoadedModel {
    const handle = registry.acquire(spec);
    try {
      const detail = registry.detail(handle.name).details.find(({ version }) => version === handle.version);
      return toLoadedModel(parseManifest(detail?.manifest), detail?.provider ?? 'cpu');
    } finally {
      handle.release();
    }
  }

  async function load(spec: string, options: LoadOptions = {}): Promise<LoadedModel> {
    const before = status;
    if (options.signal?.aborted) throw new TwinlensError('CANCELLED', 'Loading was cancelled.');
    change({ state: 'loading', spec, progress: { phase: 'manifest', loadedBytes: 0, totalBytes: 0, fromStore: true } });
    try {
      const model = describeModel(spec);
      change({ state: 'ready', model });
      return model;
    } catch (error) {
      const known = asTwinlensError(error);
      change(before.state === 'ready' ? before : { state: 'failed', spec, error: toErrorBody(known) });
      throw known;
    }
  }

  async function classify(image: ImageInput, options: ClassifyOptions = {}): Promise<Classification> {
    if (status.state !== 'ready' || unloading)
      throw new TwinlensError('MODEL_NOT_READY', 'No model is loaded; call load first.');
    const { name, version, classes } = status.model;
    const top = predictionsOf(options.top, classes);
    const handle = registry.acquire(formatModelSpec({ ...parseModelSpec(name), kind: 'version', version }));
    const answer = handle
      .classify({
        image,
        top,
        deadline: clock.now() + (options.deadlineMs ?? deadlineMs),
        priority: options.priority ?? 'normal',
        client,
        stream: options.stream,
        signal: options.signal,
      })
      .finally(() => {
        handle.release();
        inFlight.delete(answer);
      });
    inFlight.add(answer);
    return answer;
  }

  return {
    get status() {
      return status;
    },
    load,
    classify,
    unload: async () => {
      unloading = true;
      await Promise.allSettled(inFlight);
      unloading = false;
      change({ state: 'empty' });
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
