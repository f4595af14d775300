/**
 * Runs every size of batch before a model serves: ONNX Runtime plans its memory, and CUDA chooses its kernels, at the
 * first run of each, which takes several times as long. Measured are the runs after it, within a bound of time.
 * Knows no session, only how to run one.
 */
import { asTwinlensError, TwinlensError } from '../../core/errors.ts';

/** Above it only every doubling is tried: all sizes up to 1024 would be half a million images. */
const EACH_UP_TO = 32;
/** Measured runs of one size. An odd number has a middle one. */
const MOST_REPEATS = 5;
/** Milliseconds for measured runs of all sizes together; the first answer waits for them. */
const MEASURING_MS = 400;

export function warmUpSizes(largest: number): readonly number[] {
  const sizes = Array.from({ length: Math.min(largest, EACH_UP_TO) }, (_, at) => at + 1);
  for (let size = EACH_UP_TO * 2; size < largest; size *= 2) sizes.push(size);
  if (largest > EACH_UP_TO) sizes.push(largest);
  return sizes;
}

export interface RunCost {
  /** Images. */
  readonly size: number;
  /** Milliseconds: the median of the measured runs. */
  readonly ms: number;
}

/**
 * Rejects with INVALID_ARGUMENT when the model can't run one of the sizes.
 *
 * @param now milliseconds of a monotonic clock; undefined: each size runs once, and nothing is measured
 * @returns what runs cost: of a single image always, of larger sizes as far as there was time
 */
export async function warmUp(
  largest: number,
  run: (size: number) => Promise<unknown>,
  now?: () => number,
): Promise<readonly RunCost[]> {
  const costs: RunCost[] = [];
  const sizes = warmUpSizes(largest);
  let left = MEASURING_MS;
  for (const [at, size] of sizes.entries()) {
    try {
      await run(size);
      if (!now) continue;
      const taken = await measure(() => run(size), now, left / (sizes.length - at));
      left -= taken.reduce((sum, ms) => sum + ms, 0);
      // Of two the shorter: what disturbs a run makes it longer.
      const ms = taken.sort((a, b) => a - b)[Math.floor((taken.length - 1) / 2)];
      if (ms !== undefined) costs.push({ size, ms });
    } catch (cause) {
      throw new TwinlensError(
        'INVALID_ARGUMENT',
        `The model can't run ${size} images at once: ${asTwinlensError(cause).message} Lower batch.max in model.json.`,
        { cause },
      );
    }
  }
  return costs;
}

/** Milliseconds of each run, begun while less than `shareMs` have been spent. */
async function measure(run: () => Promise<unknown>, now: () => number, shareMs: number): Promise<number[]> {
  const taken: number[] = [];
  for (let spent = 0; spent < shareMs && taken.length < MOST_REPEATS; ) {
    const begun = now();
    await run();
    const ms = now() - begun;
    taken.push(ms);
    spent += ms;
  }
  return taken;
}
