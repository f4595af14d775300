/**
 * The canaries that run: which requests they get, how they fare beside `stable`, and their end when they fare badly.
 * A canary that goes beyond its limits is ended here without asking anybody, also when the disk refuses to keep that.
 */
import type { ErrorCode } from '../../core/errors.ts';
import { CanaryWatch, judge, type Seen } from './canary-watch.ts';
import { GATEWAY, type Journal } from './journal.ts';
import type { ServingLog } from './log.ts';
import type { ServingObserver } from './servable.ts';
import { inShare } from './share.ts';
import { type ModelState, modelState, type RunningCanary, withModel } from './state.ts';
import type { StateStore } from './state-store.ts';
import { endingOf } from './traffic.ts';

export interface CanariesOptions {
  readonly store: StateStore;
  readonly journal: Journal;
  readonly log: ServingLog;
  readonly observer: Pick<ServingObserver, 'canaryShare' | 'canaryRolledBack' | 'shadowCompared'>;
  readonly now: () => number;
  readonly random: () => number;
}

interface Watched {
  readonly canary: RunningCanary;
  readonly watch: CanaryWatch;
}

export function withoutCanary(model: ModelState): ModelState {
  const { canary: _, ...rest } = model;
  return rest;
}

export class Canaries {
  readonly #options: CanariesOptions;
  readonly #watched = new Map<string, Watched>();
  /** Being ended. */
  readonly #ending = new Set<string>();

  constructor(options: CanariesOptions) {
    this.#options = options;
    options.store.subscribe(() => this.#refresh());
    this.#refresh();
  }

  of(name: string): RunningCanary | undefined {
    return this.#ending.has(name) ? undefined : this.#watched.get(name)?.canary;
  }

  seen(name: string): Seen | undefined {
    return this.#watched.get(name)?.watch.seen;
  }

  /** Whether a request that names no version goes to the canary. */
  takes(name: string, key: string | undefined): boolean {
    const canary = this.of(name);
    return canary !== undefined && inShare(name, canary.share, key, this.#options.random);
  }

  /** Whether a request that one of the two answered is to be tried on the other one. */
  shadows(name: string): boolean {
    const canary = this.of(name);
    return canary !== undefined && this.#options.random() < canary.shadow;
  }

  /** @param stable the version that `stable` names now */
  ended(
    name: string,
    version: number,
    stable: number | undefined,
    code: 'OK' | ErrorCode,
    ms: number | undefined,
  ): void {
    const watched = this.#watched.get(name);
    const ending = endingOf(code);
    if (!watched || ending === 'neither') return;
    if (version === watched.canary.version) watched.watch.ended('canary', ms, ending === 'fault');
    else if (version === stable) watched.watch.ended('stable', ms, ending === 'fault');
    else return;
    this.#judge(name, watched);
  }

  /** @param version the canary that was compared; another one may run by now */
  compared(name: string, version: number, agreed: boolean): void {
    const watched = this.#watched.get(name);
    if (watched?.canary.version !== version) return;
    this.#options.observer.shadowCompared({ model: name, version, agreed });
    watched.watch.compared(agreed);
    this.#judge(name, watched);
  }

  #judge(name: string, { canary, watch }: Watched): void {
    if (this.#ending.has(name)) return;
    const reason = judge(watch.seen, canary.limits);
    if (reason !== undefined) void this.#rollBack(name, canary, reason);
  }

  async #rollBack(name: string, canary: RunningCanary, reason: string): Promise<void> {
    const { journal, log, observer } = this.#options;
    const { version, startedAt } = canary;
    this.#ending.add(name);
    const detail = `The canary, version ${version}, was ended: ${reason}.`;
    const kept = await journal.record(
      { actor: GATEWAY, action: 'canary-rollback', model: name, version, detail },
      (state) =>
        withModel(state, name, (model) => {
          // An operator may have begun another one meanwhile.
          const same = model.canary?.version === version && model.canary.startedAt === startedAt;
          return same ? withoutCanary(model) : model;
        }),
    );
    this.#ending.delete(name);
    observer.canaryRolledBack({ model: name });
    log.warn(
      { event_type: 'canary_rolled_back', model: name, model_version: version, kept },
      kept ? detail : `${detail} The disk refused to keep that: after a restart it would run again.`,
    );
  }

  /** Watches what the state says; a canary of another version, start or window is watched anew. */
  #refresh(): void {
    const { store, observer, now } = this.#options;
    for (const name of new Set([...this.#watched.keys(), ...Object.keys(store.state.models)])) {
      const { canary } = modelState(store.state, name);
      const before = this.#watched.get(name);
      if (canary === before?.canary) continue;
      if (!canary) {
        this.#watched.delete(name);
        observer.canaryShare({ model: name, share: undefined });
        continue;
      }
      const { windowMs } = canary.limits;
      const same =
        before?.canary.version === canary.version &&
        before.canary.startedAt === canary.startedAt &&
        before.watch.windowMs === windowMs;
      this.#watched.set(name, { canary, watch: same ? before.watch : new CanaryWatch(windowMs, now) });
      observer.canaryShare({ model: name, share: canary.share });
    }
  }
}
