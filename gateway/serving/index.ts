/** The face of `serving/`: a registry over the configured models folder. */
import { join } from 'node:path';
import type { Provider } from '../../core/engine.ts';
import { TwinlensError } from '../../core/errors.ts';
import type { Configuration } from '../configuration.ts';
import type { Clock } from '../scheduling/index.ts';
import { ModelManager } from './manager.ts';
import type { Registry, ServingObserver } from './servable.ts';
import { scanFolder } from './source.ts';
import { ServingVersion } from './version.ts';

export type { CanaryRequest, ModelOperations } from './operations.ts';
export type { Handle, ModelFile, Registry, ServableRequest, ServingObserver } from './servable.ts';

/** The slice of the log that serving writes to. */
export interface ServingLog {
  info(fields: object, message?: string): void;
  warn(fields: object, message?: string): void;
  error(fields: object, message?: string): void;
}

export interface RegistryOptions {
  readonly configuration: Configuration;
  readonly clock: Clock;
  readonly log: ServingLog;
  readonly observer: ServingObserver;
}

/** More instances than this fight for memory bandwidth before they gain anything. */
const MOST_CPU_INSTANCES = 4;
/** One decodes and copies while the other one's kernels run. */
const CUDA_INSTANCES = 2;

/** A registry whose models load in the background; `ready` tells when they can answer. */
export async function createRegistry(
  options: RegistryOptions,
): Promise<Registry & { readonly pids: readonly number[]; close(): Promise<void> }> {
  const { configuration, clock, log, observer } = options;
  const instances = (provider: Provider): number => {
    if (configuration.instances > 0) return configuration.instances;
    return provider === 'cuda' ? CUDA_INSTANCES : Math.max(1, Math.min(configuration.cores, MOST_CPU_INSTANCES));
  };
  const threads = configuration.threads || Math.max(1, Math.floor(configuration.cores / instances('cpu')));
  const manager = new ModelManager({
    defaultModel: configuration.defaultModel,
    now: () => clock.now(),
    make: ({ folder, manifest }) =>
      new ServingVersion({
        folder,
        manifest,
        provider: configuration.provider,
        instances,
        threads,
        maxPixels: configuration.maxPixels,
        queueMax: configuration.queueMax,
        batchMax: configuration.batchMax,
        batchWaitMs: configuration.batchWaitMs,
        clock,
        observer,
        onNote: (note) =>
          // No CUDA is nothing to worry about where nobody asked for it.
          log[configuration.provider === 'auto' ? 'info' : 'warn'](
            { event_type: 'provider_fallback', model: manifest.name, model_version: manifest.version },
            note,
          ),
      }),
    onLoaded: ({ name, version, provider, instances: running, seconds }) =>
      log.info({
        event_type: 'model_loaded',
        model: name,
        model_version: version,
        provider,
        instances: running,
        threads,
        load_time: seconds,
      }),
    onFailed: ({ name, version, error }) =>
      log.error(
        { event_type: 'model_load_failed', model: name, model_version: version, code: error.code },
        error.message,
      ),
  });
  const { aspired, refused } = await scanFolder(configuration.models);
  for (const { folder, error } of refused)
    log.error({ event_type: 'model_refused', folder, code: error.code }, error.message);
  if (configuration.defaultModel !== undefined && !aspired.some(({ name }) => name === configuration.defaultModel)) {
    throw new TwinlensError(
      'INVALID_ARGUMENT',
      `TWINLENS_DEFAULT_MODEL is ${configuration.defaultModel}, but ${configuration.models} has no such model.`,
    );
  }
  manager.aspire(aspired);
  return {
    acquire: (spec) => manager.acquire(spec),
    get ready() {
      return manager.ready;
    },
    get pids() {
      return manager.pids;
    },
    list: () => manager.list(),
    detail: (name) => manager.detail(name),
    file: (name, version, file) => {
      const { folder, manifest } = manager.package(name, version);
      const entry = Object.hasOwn(manifest.files, file) ? manifest.files[file] : undefined;
      if (!entry && file !== 'model.json') {
        throw new TwinlensError('NOT_FOUND', `${name}@${version} has no file ${file}; its manifest lists them.`);
      }
      return { path: join(folder, file), entry };
    },
    subscribe: (listener) => manager.subscribe(listener),
    close: () => manager.close(),
  };
}
