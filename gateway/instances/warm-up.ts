/**
 * Runs every size of batch once before a model serves: ONNX Runtime plans its memory, and CUDA chooses its kernels, at
 * the first run of each, which takes several times as long. Knows no session, only how to run one.
 */
import { asTwinlensError, TwinlensError } from '../../core/errors.ts';

/** Above it only every doubling is tried: all sizes up to 1024 would be half a million images. */
const EACH_UP_TO = 32;

export function warmUpSizes(largest: number): readonly number[] {
  const sizes = Array.from({ length: Math.min(largest, EACH_UP_TO) }, (_, at) => at + 1);
  for (let size = EACH_UP_TO * 2; size < largest; size *= 2) sizes.push(size);
  if (largest > EACH_UP_TO) sizes.push(largest);
  return sizes;
}

/** Rejects with INVALID_ARGUMENT when the model can't run one of the sizes. */
export async function warmUp(largest: number, run: (size: number) => Promise<unknown>): Promise<void> {
  for (const size of warmUpSizes(largest)) {
    try {
      await run(size);
    } catch (cause) {
      throw new TwinlensError(
        'INVALID_ARGUMENT',
        `The model can't run ${size} images at once: ${asTwinlensError(cause).message} Lower batch.max in model.json.`,
        { cause },
      );
    }
  }
}
