/** Runs an importer as the admin API does, keeps what its steps told, and makes the folders that are handed in. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import type { ImportHints, ImportStepName } from '../../core/admin.ts';
import { asTwinlensError, type TwinlensError } from '../../core/errors.ts';
import { createImporter, type ImportedPackage, type ImporterOptions } from '../../gateway/packages/index.ts';
import { runtime } from './runtime.ts';
import { temporaryFolders } from './temporary.ts';

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
    runtime,
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

export const MINUTE = 60_000;
/** The class names of `tinyModel`. */
export const NAMES = ['red', 'green', 'blue'];
export const tinyHints = { preset: 'torchvision', classNames: NAMES } as const;

export interface Inputs {
  /** A fresh, empty folder. */
  fresh(): string;
  /** A folder with these files. */
  folderOf(files: Readonly<Record<string, Uint8Array | string>>): string;
  fileOf(name: string, content: Uint8Array | string): string;
  /** What the refused import told last, as `step CODE: message`. */
  refusal(path: string, options?: TryOptions): Promise<string>;
}

/** Call at the top of a test file; what it makes is deleted after the file's tests. */
export function inputs(): Inputs {
  const fresh = temporaryFolders();
  const folderOf: Inputs['folderOf'] = (files) => {
    const folder = fresh();
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), content);
    }
    return folder;
  };
  return {
    fresh,
    folderOf,
    fileOf: (name, content) => join(folderOf({ [name]: content }), name),
    async refusal(path, options = {}) {
      const { error, told } = await tryImport(path, fresh(), options);
      if (!error) throw new Error(`taken: ${told.join('\n')}`);
      const last = told.at(-1) ?? '';
      expect(last, 'the failed step tells the same as the error').toContain(` failed: ${error.message}`);
      return `${last.split(' ')[0]} ${error.code}: ${error.message}`;
    },
  };
}
