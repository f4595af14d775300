/**
 * The instances of one model version: loads them with the split of the machine that it is given, has other splits
 * compared with that where it is due, and is the pool that won from then on. Guarantees that `close` ends every process,
 * also of those that are compared. Knows no queue and no request.
 */
import type { LoadStage } from '../../core/admin.ts';
import type { GatewayProvider, Provider } from '../../core/engine.ts';
import { TwinlensError } from '../../core/errors.ts';
import type { Manifest } from '../../core/manifest.ts';
import { type ContestResult, InstancePool, type InstanceStage, type Runtime, type Split } from '../instances/index.ts';
import type { Clock, CostCurve } from '../scheduling/index.ts';
import type { Comparing } from './split-choice.ts';

/** What there is to run, and how. */
export interface FleetOptions {
  readonly folder: string;
  readonly manifest: Manifest;
  /** In the order in which they are tried. */
  readonly providers: readonly GatewayProvider[];
  /** What it is loaded with where it runs on the CPU. */
  readonly split: Split;
  /** Where it runs on a GPU. */
  readonly gpuInstances: number;
  /** Compares what was loaded with other splits, where that is due; every pool but the winner is closed. */
  readonly compare: (given: Comparing<InstancePool>) => Promise<ContestResult<InstancePool>>;
  readonly runtime: Omit<Runtime, 'threads'>;
  readonly maxPixels: number;
  /** 0: the provider's default. */
  readonly batchMax: number;
  readonly clock: Clock;
  readonly onNote: (note: string) => void;
}

/** What is told while it runs. */
export interface FleetEvents {
  /** Corrected by what the warm-up measures. */
  readonly costs: CostCurve;
  /** An instance ended without being asked to, and is replaced. */
  readonly onExit: (reason: string) => void;
}

/** Milliseconds. Loading a large model on a busy machine may take a minute; a run never does. */
const LOAD_TIMEOUT_MS = 180_000;
const RUN_TIMEOUT_MS = 60_000;

/** Operators see one stage for all that comes before the warm-up. */
const SHOWN_AS = { load: 'load', goldens: 'load', 'warm-up': 'warm-up' } as const satisfies Record<
  InstanceStage,
  LoadStage
>;

export class Fleet {
  readonly #options: FleetOptions;
  readonly #events: FleetEvents;
  /** With those that are, or were, compared with it. */
  readonly #pools = new Set<InstancePool>();
  readonly #closing = new AbortController();
  #pool: InstancePool;
  #split: Split;
  #noted = false;
  #onStage: (stage: LoadStage) => void = () => undefined;

  constructor(options: FleetOptions, events: FleetEvents) {
    this.#options = options;
    this.#events = events;
    this.#split = options.split;
    this.#pool = this.#open(options.split);
  }

  /** The one that runs: another one only before `start` resolved. */
  get pool(): InstancePool {
    return this.#pool;
  }

  get provider(): Provider {
    return this.#pool.provider;
  }

  /** ONNX Runtime threads of each instance. */
  get threads(): number {
    return this.#split.threads;
  }

  /** Process ids of all instances, those that still load included. */
  get pids(): readonly number[] {
    return [...this.#pools].flatMap(({ pids }) => pids);
  }

  /** Resident memory of each of them, bytes. */
  get memoryBytes(): readonly number[] {
    return [...this.#pools].flatMap(({ residentBytes }) => residentBytes);
  }

  /** Resolves when every instance can run; rejects with the first failure, or with DRAINING after `close`. */
  async start(onStage: (stage: LoadStage) => void): Promise<void> {
    this.#onStage = onStage;
    try {
      await this.#pool.start();
    } finally {
      this.#onStage = () => undefined; // Replacements load without a word.
    }
    if (this.provider === 'cpu') await this.#compare();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([...this.#pools].map((pool) => pool.close()));
  }

  #open({ instances, threads, decodeOnThreads }: Split): InstancePool {
    const { folder, manifest, providers, gpuInstances, runtime, maxPixels, batchMax, clock, onNote } = this.#options;
    const pool = new InstancePool({
      size: (provider) => (provider === 'cpu' ? instances : gpuInstances),
      now: () => clock.now(),
      onMeasured: (costs) => {
        if (pool === this.#pool) this.#events.costs.measured(costs);
      },
      load: { folder, manifest, providers, runtime: { ...runtime, threads }, maxPixels, batchMax, decodeOnThreads },
      loadTimeoutMs: LOAD_TIMEOUT_MS,
      runTimeoutMs: RUN_TIMEOUT_MS,
      onStage: (stage) => this.#onStage(SHOWN_AS[stage]),
      onExit: this.#events.onExit,
      onNote: (note) => {
        // Every instance finds the same; once is enough.
        if (!this.#noted) onNote(note);
        this.#noted = true;
      },
    });
    this.#pools.add(pool);
    return pool;
  }

  async #compare(): Promise<void> {
    const { signal } = this.#closing;
    const open = (split: Split) => this.#open(split);
    const { winner, split } = await this.#options.compare({ split: this.#split, champion: this.#pool, open, signal });
    if (winner !== this.#pool) this.#events.costs.measured(winner.costs);
    this.#pool = winner;
    this.#split = split;
    if (signal.aborted) throw new TwinlensError('DRAINING', 'The model is being unloaded.');
  }
}
