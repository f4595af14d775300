/** Runs an importer as the admin API does, and keeps what its steps told. */
import { fileURLToPath } from 'node:url';
import type { ImportHints, ImportStepName } from '../../core/admin.ts';
import { asTwinlensError, type TwinlensError } from '../../core/errors.ts';
import { createImporter, type ImportedPackage, type ImporterOptions } from '../../gateway/packages/index.ts';

export interface TriedImport {
  readonly made: ImportedPackage | undefined;
  readonly error: TwinlensError | undefined;
  /** Every message, `step state: message`. */
  readonly told: readonly string[];
}

export interface TryOptions extends Partial<ImporterOptions> {
  readonly hints?: ImportHints;
  readonly fileName?: string;
  readonly signal?: AbortSignal;
  readonly onStep?: (step: ImportStepName, state: 'running' | 'passed' | 'failed') => void;
}

export const builtInFolder = fileURLToPath(new URL('../../models/efficientnet-lite0', import.meta.url));

export async function tryImport(path: string, into: string, options: TryOptions = {}): Promise<TriedImport> {
  const { hints = {}, fileName = path, signal = new AbortController().signal, onStep, ...rest } = options;
  const importer = createImporter({
    providers: ['cpu'],
    threads: 1,
    maxPixels: 4_000_000,
    maxBytes: 200_000_000,
    batchMax: 0,
    imagenetNames: `${builtInFolder}/classes.json`,
    ...rest,
  });
  const told: string[] = [];
  try {
    const made = await importer(
      { path, fileName, source: 'a test', hints },
      {
        into,
        nextVersion: () => 41,
        signal,
        onStep: (step, state, message) => {
          if (state !== 'running') told.push(`${step} ${state}: ${message}`);
          onStep?.(step, state);
        },
      },
    );
    return { made, error: undefined, told };
  } catch (error) {
    return { made: undefined, error: asTwinlensError(error), told };
  }
}
