/**
 * Puts serving together over a manager of versions and its sources: labels, canaries, operations and what the front of
 * the gateway asks for. Begins from the state on disk; what operators decided holds before the first version loads.
 */
import { resolve } from 'node:path';
import { TwinlensError } from '../../core/errors.ts';
import type { Configuration } from '../configuration/index.ts';
import type { Clock } from '../scheduling/index.ts';
import type { Source } from '../sources/index.ts';
import { AdminView } from './admin-view.ts';
import { Breakers } from './breakers.ts';
import { Canaries } from './canaries.ts';
import { CanaryOperations } from './canary-operations.ts';
import { Changes } from './changes.ts';
import { Fallbacks } from './fallbacks.ts';
import { Front } from './front.ts';
import { Journal } from './journal.ts';
import { LabelOperations } from './label-operations.ts';
import type { Lifecycle, VersionStatus } from './lifecycle.ts';
import type { ServingLog } from './log.ts';
import type { ModelOperations } from './operations.ts';
import { Operator } from './operator.ts';
import { Placement } from './placement.ts';
import { ProviderWatch } from './provider-watch.ts';
import { report } from './reporter.ts';
import type { Registry, ServingObserver } from './servable.ts';
import { Shadows } from './shadows.ts';
import { SourceDesk } from './source-desk.ts';
import { StateStore } from './state-store.ts';
import { TrafficBook } from './traffic-book.ts';
import { VersionOperations } from './version-operations.ts';

export interface RegistryOptions {
  readonly configuration: Configuration;
  readonly clock: Clock;
  readonly log: ServingLog;
  readonly observer: ServingObserver;
  /** In the order of their rank. Not started yet; the registry starts and closes them. */
  readonly sources: readonly Source[];
  /** Milliseconds since 1970. */
  readonly today: () => number;
  /** 0 up to 1. */
  readonly random: () => number;
}

export interface ServingRegistry extends Registry {
  readonly operations: ModelOperations;
  /** Process ids of all instances. */
  readonly pids: readonly number[];
  /** Versions that have instances. */
  readonly running: readonly VersionStatus[];
  /** No work that nobody waits for is begun any more. */
  drain(): void;
  close(): Promise<void>;
}

/** @param manage makes the manager of versions; its observer is told what serving wants to know besides the metrics */
export async function assemble(
  options: RegistryOptions,
  manage: (observer: ServingObserver) => Lifecycle,
): Promise<ServingRegistry> {
  const { configuration, clock, log, observer, sources, today, random } = options;
  const now = () => clock.now();
  const store = await StateStore.open({ folder: configuration.data });
  if (configuration.data !== undefined && store.readOnly !== undefined) {
    log.warn({ event_type: 'state_not_kept' }, `${store.readOnly} Labels and canaries can't be changed.`);
  }
  const journal = new Journal({ store, max: configuration.journalMax, today, log });
  const traffic = new TrafficBook(now);
  const canaries = new Canaries({ store, journal, log, observer, now, random });
  const lifecycle = manage({
    ...observer,
    requestFinished(event) {
      // A shadowed request is nobody's: it tells about a version only by what it is compared with.
      if (event.shadow) return;
      const { model, version, code, classification } = event;
      observer.requestFinished(event);
      traffic.ended(model, version, code, classification?.timings.total);
      canaries.ended(model, version, placement.stable(model), code, classification?.timings.total);
    },
  });
  report({ lifecycle, journal, observer, traffic });
  const placement = new Placement({
    lifecycle,
    store,
    journal,
    policy: configuration.versions,
    swap: configuration.swap,
  });
  const shadows = new Shadows({ now, acquire: (model, version) => lifecycle.acquire(model, version) });
  const { defaultModel, breakerFailures: failures, breakerMs: openMs } = configuration;
  const breakers = new Breakers({ failures, openMs, now, log, observer });
  lifecycle.subscribe((event) => {
    if (event.kind === 'retired') breakers.forget(event.name, event.version);
  });
  const fallbacks = new Fallbacks({
    fallbacks: configuration.fallbacks,
    lifecycle,
    placement,
    breakers,
    log,
    observer,
  });
  const provider = new ProviderWatch({ lifecycle, wanted: configuration.wantedProvider, log, observer });
  const front = new Front({ lifecycle, placement, canaries, shadows, breakers, fallbacks, defaultModel });
  const desk = new SourceDesk({ sources, lifecycle, store, journal, log, configured: configuration.follow });
  const changes = new Changes({ lifecycle, placement, journal, clock });
  const labels = new LabelOperations(changes);
  const versions = new VersionOperations({ changes, log, data: configuration.data, published: () => desk.published() });
  const view = new AdminView({
    lifecycle,
    placement,
    canaries,
    traffic,
    defaultModel: () => front.defaultModel,
    rollbackTo: (name) => labels.rollbackTo(name),
    dated: (ms) => Math.round(today() + ms - now()),
  });
  const operations = new Operator({
    view,
    labels,
    canaries: new CanaryOperations(changes, today),
    versions,
    desk,
    journal,
    store,
    lifecycle,
  });
  const close = async () => {
    shadows.stop();
    await Promise.all([desk.close(), lifecycle.close()]);
    await store.settled();
  };
  await versions.clean();
  await desk.start();
  try {
    checkModels(configuration, sources, lifecycle);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    acquire: (spec, given) => front.acquire(spec, given),
    get ready() {
      return front.ready;
    },
    get degraded() {
      return [...fallbacks.active, ...provider.active];
    },
    list: () => front.list(),
    detail: (name) => front.detail(name),
    file: (name, version, file) => front.file(name, version, file),
    subscribe: (listener) => placement.subscribe(listener),
    operations,
    get pids() {
      return lifecycle.pids;
    },
    get running() {
      return lifecycle.names.flatMap((name) =>
        lifecycle.statuses(name).filter(({ state, instances }) => state === 'available' || instances > 0),
      );
    },
    drain: () => shadows.stop(),
    close,
  };
}

/** Throws INVALID_ARGUMENT for a configuration whose models can't be found. */
function checkModels({ models, defaultModel }: Configuration, sources: readonly Source[], lifecycle: Lifecycle): void {
  for (const { snapshot } of sources) {
    const { kind, location, error } = snapshot.status;
    if (kind === 'folder' && error !== undefined && resolve(location) === resolve(models)) {
      throw new TwinlensError('INVALID_ARGUMENT', error);
    }
  }
  // Other sources may bring it later.
  const folders = sources.every(({ kind }) => kind === 'folder');
  if (defaultModel !== undefined && folders && !lifecycle.names.includes(defaultModel)) {
    throw new TwinlensError(
      'INVALID_ARGUMENT',
      `TWINLENS_DEFAULT_MODEL is ${defaultModel}, but ${models} has no such model.`,
    );
  }
}
