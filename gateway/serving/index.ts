/** The face of `serving/`: a registry over the configured sources, with what operators can do with it. */
import { variantOf } from '../../core/manifest.ts';
import type { Configuration } from '../configuration/index.ts';
import { type Split, splitsOf, usualSplit } from '../instances/index.ts';
import { type Allowance, instancesThatFit } from '../resources/index.ts';
import { describeMachine } from './machine.ts';
import { ModelManager } from './manager.ts';
import { assemble, type RegistryOptions, type ServingRegistry } from './registry.ts';
import { SplitBook } from './split-book.ts';
import { SplitChoice } from './split-choice.ts';
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

/** One decodes and copies while the other one's kernels run. */
const GPU_INSTANCES = 2;

/**
 * A registry whose models load in the background; `ready` tells when they can answer.
 *
 * @param options `allowance` is what all instances together may use
 */
export async function createRegistry(
  options: RegistryOptions & { readonly allowance: Allowance },
): Promise<ServingRegistry> {
  const { configuration, allowance, clock, log, random } = options;
  const { providers, wantedProvider } = configuration;
  const most = instancesThatFit(allowance);
  const splits = splitsFor(configuration, allowance.cores, most);
  const machine = describeMachine(allowance.cores, most);
  const onFault = (message: string) => log.warn({ event_type: 'splits_not_kept' }, message);
  const book = await SplitBook.open({ folder: configuration.data, machine, onFault });
  return assemble(options, (observer) => {
    const choice: SplitChoice = new SplitChoice({
      splits,
      most,
      book,
      alone: (): boolean => busyVersions(manager) <= 1,
      log,
      now: () => clock.now(),
    });
    const manager = new ModelManager({
      swap: configuration.swap,
      clock,
      random,
      make: ({ folder, manifest }) => {
        const { name, version } = manifest;
        const { file } = variantOf(manifest);
        const model = { name, version, sha256: manifest.files[file]?.sha256 ?? '' };
        return new ServingVersion({
          folder,
          manifest,
          providers,
          wantedProvider,
          split: choice.first(model),
          gpuInstances: configuration.instances || GPU_INSTANCES,
          compare: (given) => choice.best(model, given),
          runtime: { arena: configuration.arena, gpuMemoryPercent: configuration.gpuMemoryPercent },
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
        });
      },
      onLoaded: ({ name, version, provider, instances, threads, loadMs }) =>
        log.info({
          event_type: 'model_loaded',
          model: name,
          model_version: version,
          provider,
          instances,
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
    });
    return manager;
  });
}

/** More than one: they are to be compared. Never none. */
function splitsFor({ instances, threads }: Configuration, cores: number, most: number): readonly Split[] {
  if (instances === 0 && threads === 0) return splitsOf(cores, most);
  const number = instances || Math.max(1, Math.min(most, Math.floor(cores / threads)));
  return [usualSplit(number, threads || Math.max(1, Math.floor(cores / number)))];
}

/** Versions that have processes, or will. */
function busyVersions(manager: ModelManager): number {
  const all = manager.names.flatMap((name) => manager.statuses(name));
  return all.filter(({ state }) => state === 'loading' || state === 'available' || state === 'unloading').length;
}
