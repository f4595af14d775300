/**
 * How processors are divided: many instances with few threads of ONNX Runtime each, or few with many. Which of them
 * answers most depends on the model and the machine. Here are those that leave no processor idle, and the order in which
 * they are tried. Pure.
 */

export interface Split {
  readonly instances: number;
  /** ONNX Runtime threads of each. */
  readonly threads: number;
  /** Whether each decodes pictures side by side on threads besides, or in turn on its own. */
  readonly decodeOnThreads: boolean;
}

/** Each instance holds the model and its memory again: unmeasured, threads take the processors beyond so many. */
const MOST_UNMEASURED = 4;
/**
 * Threads of ONNX Runtime that one decoding thread can keep busy: a usual photo is decoded in 1.3 ms, and a run of the
 * built-in model takes about 5 ms of one thread, so as long on four.
 */
const THREADS_THAT_ONE_FEEDS = 4;

export const usualSplit = (instances: number, threads: number): Split => ({
  instances,
  threads,
  decodeOnThreads: threads > THREADS_THAT_ONE_FEEDS,
});

/** Those that use the processors best, the most instances first; never none. @param most instances that memory has room for */
export function splitsOf(cores: number, most: number): readonly Split[] {
  const splits: Split[] = [];
  for (let threads = 1; threads < cores; threads *= 2) {
    const instances = Math.floor(cores / threads);
    if (instances > 1 && instances <= most) splits.push(usualSplit(instances, threads));
  }
  return [...splits, usualSplit(1, cores)];
}

/** The one to begin with, and to stay with where nothing is measured. @param splits at least one, the most instances first */
export function unmeasuredSplit(splits: readonly Split[]): Split {
  const [fewest = usualSplit(1, 1)] = splits.slice(-1);
  return splits.find(({ instances }) => instances <= MOST_UNMEASURED) ?? fewest;
}

/**
 * The best of `splits`, from `start` on: neighbours are tried as long as they win, and then the other way of decoding,
 * where an instance has more than one processor. Splits of as many instances stand at the same place.
 *
 * @param wins whether `next` is clearly better than `best`
 */
export async function climb(
  splits: readonly Split[],
  start: Split,
  wins: (next: Split, best: Split) => Promise<boolean>,
): Promise<Split> {
  const from = splits.findIndex(({ instances }) => instances === start.instances);
  let best = start;
  for (const step of [-1, 1]) {
    for (let at = from + step; ; at += step) {
      const next = splits[at];
      if (!next || !(await wins(next, best))) break;
      best = next;
    }
    if (best !== start) break; // The other direction is behind it.
  }
  const other = { ...best, decodeOnThreads: !best.decodeOnThreads };
  return best.threads > 1 && (await wins(other, best)) ? other : best;
}
