/**
 * The instances of one model version: as many child processes as configured, kept alive. A dead one is
 * replaced after a growing pause; batches go to the least busy, of several that are as busy to the one that has been
 * at its batch for longest. Guarantees: at most `BATCHES_AT_ONCE` batches in
 * an instance, so that it decodes one while it runs another; one that must run alone does. Knows no queue: `onCapacity` tells who does.
 */
import type { Provider } from '../../core/engine.ts';
import { asTwinlensError, TwinlensError } from '../../core/errors.ts';
import { BATCHES_AT_ONCE } from './batches.ts';
import { Instance, type InstanceOptions } from './instance.ts';
import type { RunCost } from './warm-up.ts';
import type { Ran, RunItem } from './wire.ts';

/** A batch in an instance. */
interface Batch {
  /** When it came first in line. */
  since: number;
  /** Images. */
  readonly size: number;
}

/** Where the next batch would run. */
export interface PoolRoom {
  /** Instances that can run. */
  readonly instances: number;
  /** Of them, those with nothing to do. */
  readonly idle: number;
  /** With none idle: what runs before it. */
  readonly ahead: Readonly<Batch> | undefined;
}

/** Milliseconds before a dead instance is replaced; doubles up to the longest while replacements fail. */
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 30_000;

export interface PoolOptions extends Omit<InstanceOptions, 'measure'> {
  /** Instances, given the provider that the first one found. */
  readonly size: (provider: Provider) => number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly onExit: (reason: string) => void;
  /** What runs cost, measured while no other instance of the model ran; again when all have died, perhaps on another provider. */
  readonly onMeasured: (costs: readonly RunCost[]) => void;
  /** The provider differs from the one asked for; why. */
  readonly onNote: (note: string) => void;
}

export class InstancePool {
  readonly #options: PoolOptions;
  /** Every process, also those that still load. */
  readonly #processes = new Set<Instance>();
  /** Those that can run, with the batches in each, the running one first. */
  readonly #instances = new Map<Instance, Batch[]>();
  /** Those with a batch that runs alone. */
  readonly #reserved = new Set<Instance>();
  readonly #pauses = new Set<NodeJS.Timeout>();
  #capacityListener: () => void = () => undefined;
  #closed = false;
  #failures = 0;
  #provider: Provider = 'cpu';
  #costs: readonly RunCost[] = [];

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** The provider that really runs; known once `start` resolved. */
  get provider(): Provider {
    return this.#provider;
  }

  /** What runs cost when that was measured last. */
  get costs(): readonly RunCost[] {
    return this.#costs;
  }

  /** Instances that can run now. */
  get alive(): number {
    return this.#instances.size;
  }

  /** Where a batch could run now; undefined: nowhere. @param alone for one that shares its instance with no other */
  room(alone: boolean): PoolRoom | undefined {
    const least = this.#leastBusy(alone);
    if (!least) return undefined;
    const idle = [...this.#instances.values()].filter((batches) => batches.length === 0).length;
    return { instances: this.#instances.size, idle, ahead: least.batches[0] };
  }

  /** Process ids, those that still load included; for tests and the resource monitor. */
  get pids(): readonly number[] {
    return [...this.#processes].flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  }

  /** Resident memory of each of them, bytes. */
  get residentBytes(): readonly number[] {
    return [...this.#processes].map((instance) => instance.residentBytes);
  }

  /** `listener` is called whenever there may be more `room`. */
  onCapacity(listener: () => void): void {
    this.#capacityListener = listener;
  }

  /** Resolves when every instance has loaded the model; rejects with the first failure and leaves nothing running. */
  async start(): Promise<void> {
    try {
      // The first one alone: what is wrong with the model is found once, and no second process pays for it.
      await this.#add();
      // Then one after another: what serves meanwhile shares the cores with one load, not with all of them. (A lower
      // priority would be gentler still, but on Linux it is a thread's own: what ONNX Runtime's threads inherit at
      // their birth can't be raised again with the process, nor raised at all without privileges.)
      for (let more = this.#options.size(this.#provider) - 1; more > 0; more -= 1) await this.#add();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Call only when there is `room`. Rejects with ENGINE_FAILED when the instance dies. */
  async run(items: readonly RunItem[], alone: boolean): Promise<Ran & { readonly provider: Provider }> {
    const least = this.#leastBusy(alone);
    if (!least) throw new TwinlensError('ENGINE_FAILED', 'No instance of the model is free; try again.');
    const { instance, batches } = least;
    const batch = { since: this.#options.now(), size: items.length };
    batches.push(batch);
    if (alone) this.#reserved.add(instance);
    try {
      const ran = await instance.run(items);
      return { ...ran, provider: instance.provider ?? this.#provider };
    } finally {
      this.#reserved.delete(instance);
      batches.splice(batches.indexOf(batch), 1);
      const next = batches[0];
      if (next) next.since = this.#options.now();
      this.#capacityListener();
    }
  }

  /** Pictures a second of all instances together, over so many milliseconds. Call only while there are no batches. */
  async pace(ms: number): Promise<number> {
    const paces = await Promise.all([...this.#instances.keys()].map((instance) => instance.pace(ms)));
    return paces.reduce((sum, one) => sum + one, 0);
  }

  /** Ends every instance; batches in them reject. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const pause of this.#pauses) clearTimeout(pause);
    const gone = [...this.#processes].map(({ exited }) => exited);
    for (const instance of this.#processes) instance.kill();
    await Promise.all(gone);
  }

  /** The one with the fewest batches; of several with one each the one that has been at it for longest. */
  #leastBusy(idle: boolean): { readonly instance: Instance; readonly batches: Batch[] } | undefined {
    let least: { readonly instance: Instance; readonly batches: Batch[] } | undefined;
    for (const [instance, batches] of this.#instances) {
      if (this.#reserved.has(instance) || batches.length >= (idle ? 1 : BATCHES_AT_ONCE)) continue;
      const more = batches.length - (least?.batches.length ?? BATCHES_AT_ONCE);
      const later = (batches[0]?.since ?? 0) - (least?.batches[0]?.since ?? 0);
      if (more < 0 || (more === 0 && later < 0)) least = { instance, batches };
    }
    return least;
  }

  async #add(): Promise<void> {
    if (this.#closed) throw closing();
    const instance = new Instance({ ...this.#options, measure: this.#instances.size === 0 });
    this.#processes.add(instance);
    void instance.exited.then(() => this.#processes.delete(instance));
    try {
      const { provider, note, costs } = await instance.load();
      if (this.#closed) throw closing();
      this.#provider = provider;
      if (costs.length > 0) {
        this.#costs = costs;
        this.#options.onMeasured(costs);
      }
      if (note !== undefined) this.#options.onNote(note);
    } catch (error) {
      instance.kill();
      await instance.exited;
      throw error;
    }
    this.#instances.set(instance, []);
    void instance.exited.then((reason) => {
      this.#instances.delete(instance);
      if (this.#closed) return;
      this.#options.onExit(reason);
      this.#replace();
    });
    this.#capacityListener();
  }

  #replace(): void {
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** this.#failures, LONGEST_PAUSE_MS);
    const pause = setTimeout(() => {
      this.#pauses.delete(pause);
      this.#add().then(
        () => {
          this.#failures = 0;
        },
        (error) => {
          if (this.#closed) return;
          this.#failures += 1;
          this.#options.onExit(`could not be replaced: ${asTwinlensError(error).message}`);
          this.#replace();
        },
      );
    }, pauseMs);
    this.#pauses.add(pause);
  }
}

const closing = () => new TwinlensError('DRAINING', 'The model is being unloaded.');
