/**
 * Tries a finished package in an instance of its own, on the provider that will serve it: goldens first, then every
 * batch size that will be used. Guarantees that the instance is gone afterwards. Changes nothing in the package.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GatewayProvider, Provider } from '../../core/engine.ts';
import { fromErrorBody, TwinlensError } from '../../core/errors.ts';
import { Instance, largestBatch, type RunItem, type Runtime, warmUpSizes } from '../instances/index.ts';
import type { ImportedPackage } from './import.ts';

/** Milliseconds, as when a version is loaded to serve. */
const LOAD_TIMEOUT_MS = 180_000;
const RUN_TIMEOUT_MS = 60_000;

export interface TrialOptions {
  /** In the order in which they are tried. */
  readonly providers: readonly GatewayProvider[];
  readonly runtime: Runtime;
  readonly maxPixels: number;
  /** The operator's limit; 0: the provider's default. */
  readonly batchMax: number;
  readonly signal: AbortSignal;
}

export interface Trial {
  /** Loads the model and runs its goldens. Resolves with what it runs on. */
  goldens(): Promise<{ readonly provider: Provider; readonly note: string | undefined }>;
  /** Resolves with the sizes that ran. */
  batches(): Promise<{ readonly sizes: readonly number[]; readonly msPerPicture: number }>;
}

/** Runs `work` with the trial of a package; the instance ends with it, however it ends. */
export async function withTrial<T>(
  { folder, manifest }: ImportedPackage,
  options: TrialOptions,
  work: (trial: Trial) => Promise<T>,
): Promise<T> {
  const { providers, runtime, maxPixels, signal } = options;
  if (signal.aborted) throw new TwinlensError('CANCELLED', 'Trying the model was cancelled.');
  const instance = new Instance({
    // Batches are tried in a step of their own.
    load: { folder, manifest, providers, runtime, maxPixels, batchMax: 1, decodeOnThreads: false },
    loadTimeoutMs: LOAD_TIMEOUT_MS,
    runTimeoutMs: RUN_TIMEOUT_MS,
  });
  const stop = () => instance.kill();
  signal.addEventListener('abort', stop, { once: true });
  const runBatch = async (pictures: readonly Uint8Array[], size: number): Promise<number> => {
    const items = Array.from({ length: size }, (_, at): RunItem => {
      const data = pictures[at % pictures.length] ?? new Uint8Array();
      return { image: { encoding: 'png', data }, top: 1 };
    });
    const ran = await instance.run(items);
    for (const item of ran.items) if (!item.ok) throw fromErrorBody(item.error);
    return ran.infer;
  };
  try {
    return await work({
      async goldens() {
        const loaded = await instance.load();
        return { provider: loaded.provider, note: loaded.note };
      },
      async batches() {
        const pictures = await Promise.all(manifest.goldens.map(({ image }) => readFile(join(folder, image))));
        const sizes = warmUpSizes(largestBatch(instance.provider ?? 'cpu', options.batchMax, manifest));
        let msPerPicture = Number.POSITIVE_INFINITY;
        for (const size of sizes) msPerPicture = Math.min(msPerPicture, (await runBatch(pictures, size)) / size);
        return { sizes, msPerPicture };
      },
    });
  } finally {
    signal.removeEventListener('abort', stop);
    instance.kill();
    await instance.exited;
  }
}
