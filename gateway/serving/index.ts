/** The face of `serving/`: a registry over the configured sources, with what operators can do with it. */
import type { Provider } from '../../core/engine.ts';
import { type Allowance, instancesThatFit } from '../resources/index.ts';
import { ModelManager } from './manager.ts';
import { assemble, type RegistryOptions, type ServingRegistry } from './registry.ts';
import { ServingVersion } from './version.ts';

export type { ServingLog } from './log.ts';
export type { CanaryRequest, ModelOperations } from './operations.ts';
export type { RegistryOptions, ServingRegistry } from './registry.ts';
export type {
  AcquireOptions,
  Degradation,
  Handle,
  ModelFile,
  Registry,
  ServableRequest,
  ServingObserver,
} from './servable.ts';

/**
 * Instances of one thread do more than threads of one instance: on two cores 1.24 times as much with the built-in model,
 * 1.39 with a small int8 one (`node bench/limit.mjs`). Each holds the model and its arena again, so beyond this many,
 * where nothing was measured, threads take the other cores.
 */
const MOST_CPU_INSTANCES = 4;
/** One decodes and copies while the other one's kernels run. */
const GPU_INSTANCES = 2;

/**
 * A registry whose models load in the background; `ready` tells when they can answer.
 *
 * @param options `allowance` is what all instances together may use
 */
export function createRegistry(options: RegistryOptions & { readonly allowance: Allowance }): Promise<ServingRegistry> {
  const { configuration, allowance, clock, log, random } = options;
  const { providers, wantedProvider } = configuration;
  const instances = (provider: Provider): number => {
    if (configuration.instances > 0) return configuration.instances;
    return provider !== 'cpu'
      ? GPU_INSTANCES
      : Math.min(allowance.cores, MOST_CPU_INSTANCES, instancesThatFit(allowance));
  };
  const threads = configuration.threads || Math.max(1, Math.floor(allowance.cores / instances('cpu')));
  return assemble(
    options,
    (observer) =>
      new ModelManager({
        swap: configuration.swap,
        clock,
        random,
        make: ({ folder, manifest }) =>
          new ServingVersion({
            folder,
            manifest,
            providers,
            wantedProvider,
            instances,
            runtime: { threads, arena: configuration.arena, gpuMemoryPercent: configuration.gpuMemoryPercent },
            maxPixels: configuration.maxPixels,
            queueMax: configuration.queueMax,
            queueMs: configuration.queueMs,
            batchMax: configuration.batchMax,
            batchWaitMs: configuration.batchWaitMs,
            clock,
            observer: {
              ...observer,
              instanceExited: (event) => {
                observer.instanceExited(event);
                const { model, version, reason, restarting } = event;
                const fields = { event_type: 'instance_exited', model, model_version: version, reason, restarting };
                log.error(fields, 'an instance ended without being asked to');
              },
            },
            onNote: (note) =>
              // No CUDA is nothing to worry about where nobody asked for it.
              log[wantedProvider === undefined ? 'info' : 'warn'](
                { event_type: 'provider_fallback', model: manifest.name, model_version: manifest.version },
                note,
              ),
          }),
        onLoaded: ({ name, version, provider, instances: running, loadMs }) =>
          log.info({
            event_type: 'model_loaded',
            model: name,
            model_version: version,
            provider,
            instances: running,
            threads,
            load_time: loadMs === undefined ? undefined : loadMs / 1000,
          }),
        onFailed: ({ name, version, error, retryMs }) =>
          log.error(
            {
              event_type: 'model_load_failed',
              model: name,
              model_version: version,
              code: error.code,
              retry_time: retryMs / 1000,
            },
            error.message,
          ),
        onIgnored: ({ name, version, source }) =>
          log.warn(
            { event_type: 'model_change_ignored', model: name, model_version: version, source },
            'the files of a version that serves have changed; publish the change as a new version',
          ),
      }),
  );
}
