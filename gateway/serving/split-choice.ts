/**
 * Decides how the processors are divided for a model on the CPU: as the operator says, as was measured before, or by a
 * contest now. A contest wants the machine for itself: it is held only where the gateway has nothing else to serve or to
 * load, so at a start, and later versions take over what was found for the ones before. Knows no process.
 */
import {
  type Comparison,
  type Contestant,
  type ContestOptions,
  type ContestResult,
  contest,
  type Split,
  unmeasuredSplit,
} from '../instances/index.ts';
import type { ServingLog } from './log.ts';
import type { MeasuredModel, SplitBook } from './split-book.ts';

export interface SplitChoiceOptions {
  /** The most instances first; of one alone nothing is measured. */
  readonly splits: readonly Split[];
  /** Instances that memory has room for. */
  readonly most: number;
  readonly book: SplitBook;
  /** Whether the gateway has no other version that it serves or loads. */
  readonly alone: () => boolean;
  readonly log: ServingLog;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

export interface ChoosingModel extends MeasuredModel {
  readonly version: number;
}

/** What was loaded with `first`, and how to make others. */
export type Comparing<C extends Contestant> = Omit<ContestOptions<C>, 'splits' | 'most'>;

/** Milliseconds for all that is compared: the first answer waits for it. */
const CONTEST_MS = 60_000;

export class SplitChoice {
  readonly #options: SplitChoiceOptions;

  constructor(options: SplitChoiceOptions) {
    this.#options = options;
  }

  /** What to load the model with. */
  first(model: MeasuredModel): Split {
    const { book, splits } = this.#options;
    const kept = splits.length > 1 ? book.find(model)?.split : undefined;
    return kept ?? unmeasuredSplit(splits);
  }

  /** Compares, where that is due. */
  async best<C extends Contestant>(model: ChoosingModel, given: Comparing<C>): Promise<ContestResult<C>> {
    const { book, splits, most, alone, log, now } = this.#options;
    const due = splits.length > 1 && !book.find(model)?.same && alone();
    if (!due) return { winner: given.champion, split: given.split, compared: [] };
    const began = now();
    const signal = AbortSignal.any([given.signal, AbortSignal.timeout(CONTEST_MS)]);
    const outcome = await contest({ ...given, splits, most, signal });
    if (outcome.compared.length === 0 || given.signal.aborted) return outcome;
    const { instances, threads, decodeOnThreads } = outcome.split;
    log.info(
      {
        event_type: 'split_measured',
        model: model.name,
        model_version: model.version,
        instances,
        threads,
        decode_on_threads: decodeOnThreads,
        compared: outcome.compared.map(shown),
        measuring_time: (now() - began) / 1000,
      },
      `${instances} x ${threads} threads is how most pictures are answered here`,
    );
    const sure = alone() && outcome.compared.every(({ gain }) => gain !== undefined);
    if (sure) await book.keep(model, outcome.split);
    return outcome;
  }
}

const shown = ({ split: { instances, threads, decodeOnThreads }, gain, reason }: Comparison) => ({
  instances,
  threads,
  decode_on_threads: decodeOnThreads,
  gain,
  reason,
});
