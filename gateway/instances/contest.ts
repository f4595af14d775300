/**
 * Finds the split of the machine that answers most pictures, by letting pools work beside each other in turn, so that
 * what disturbs one disturbs the other. Guarantees that every pool but the returned one is closed, and that one which
 * fails changes nothing. Knows no model and no file.
 */
import { asTwinlensError, TwinlensError } from '../../core/errors.ts';
import { climb, type Split } from './splits.ts';

/** What is compared: a pool of instances. */
export interface Contestant {
  start(): Promise<void>;
  /** Pictures a second of all instances together, over so many milliseconds. */
  pace(ms: number): Promise<number>;
  close(): Promise<void>;
}

export interface Comparison {
  readonly split: Split;
  /** Pictures a second against those of the best before it; undefined: it could not be measured. */
  readonly gain: number | undefined;
  /** Why not. */
  readonly reason?: string;
}

export interface ContestOptions<C extends Contestant> {
  readonly splits: readonly Split[];
  /** One of `splits`. */
  readonly split: Split;
  /** Started with it. */
  readonly champion: C;
  readonly open: (split: Split) => C;
  /** Instances that memory has room for, those of two pools together. */
  readonly most: number;
  /** Ends it with what is the best by then. */
  readonly signal: AbortSignal;
}

export interface ContestResult<C extends Contestant> {
  readonly winner: C;
  readonly split: Split;
  readonly compared: readonly Comparison[];
}

/** An odd number has a middle one. */
const ROUNDS = 3;
const ROUND_MS = 300;
/** So many times as much is clearly more: rounds of the same pool differ by some percent. */
const CLEARLY = 1.1;

export async function contest<C extends Contestant>(options: ContestOptions<C>): Promise<ContestResult<C>> {
  const { splits, split, open, most, signal } = options;
  const compared: Comparison[] = [];
  let winner = options.champion;
  const best = await climb(splits, split, async (next, before) => {
    if (signal.aborted || next.instances + before.instances > most) return false;
    const challenger = open(next);
    const comparison = await compare(next, challenger, winner, signal);
    compared.push(comparison);
    const won = (comparison.gain ?? 0) >= CLEARLY;
    await (won ? winner : challenger).close();
    if (won) winner = challenger;
    return won;
  });
  return { winner, split: best, compared };
}

async function compare(
  split: Split,
  challenger: Contestant,
  champion: Contestant,
  signal: AbortSignal,
): Promise<Comparison> {
  const stop = () => void challenger.close();
  signal.addEventListener('abort', stop, { once: true });
  try {
    await challenger.start();
    const gains: number[] = [];
    // The first round of each is not counted: both are still being compiled.
    for (let round = 0; round <= ROUNDS && !signal.aborted; round += 1) {
      const before = await champion.pace(ROUND_MS);
      const after = await challenger.pace(ROUND_MS);
      if (before === 0) throw new TwinlensError('ENGINE_FAILED', 'No picture was answered.');
      const gain = after / before;
      if (round > 0) gains.push(gain);
      // Nobody needs to know how far behind it is: the first answer waits for this.
      if (gain < 1 / CLEARLY && round > 0) break;
    }
    const gain = gains.sort((a, b) => a - b)[Math.floor(gains.length / 2)];
    return gain === undefined ? { split, gain, reason: 'The time for it was up.' } : { split, gain };
  } catch (error) {
    return { split, gain: undefined, reason: asTwinlensError(error).message };
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
