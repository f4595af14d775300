/**
 * The splits of the machine that were measured, by model, kept in the data folder so that a model is measured once.
 * Guarantees that a book which can't be read or written costs no more than measuring again, and that what was measured
 * on another machine is not taken for this one. Knows no instance.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { asTwinlensError } from '../../core/errors.ts';
import { isMissing, makeFolder } from '../disk.ts';
import type { Split } from '../instances/index.ts';

const FILE = 'splits.json';
/** Models; of more the oldest are forgotten. */
const MOST = 100;

const splitSchema = z.object({
  instances: z.int().min(1),
  threads: z.int().min(1),
  decodeOnThreads: z.boolean(),
});
const bookSchema = z.object({
  machine: z.string(),
  models: z.array(z.object({ name: z.string(), sha256: z.string(), split: splitSchema })).max(MOST),
});
type Measured = z.infer<typeof bookSchema>['models'][number];

/** A model by its name, and the file that runs. */
export interface MeasuredModel {
  readonly name: string;
  readonly sha256: string;
}

export interface SplitBookOptions {
  /** Undefined: nothing is kept beyond this process. */
  readonly folder: string | undefined;
  /** All that a measurement depends on besides the model. */
  readonly machine: string;
  /** What is wrong with the file; serving goes on without it. */
  readonly onFault: (message: string) => void;
}

export class SplitBook {
  readonly #options: SplitBookOptions;
  #models: readonly Measured[];

  private constructor(options: SplitBookOptions, models: readonly Measured[]) {
    this.#options = options;
    this.#models = models;
  }

  static async open(options: SplitBookOptions): Promise<SplitBook> {
    return new SplitBook(options, await read(options));
  }

  /** What was measured with this very file, or else with another one of that name. */
  find({ name, sha256 }: MeasuredModel): { readonly split: Split; readonly same: boolean } | undefined {
    const found = this.#models.find((model) => model.name === name);
    return found && { split: found.split, same: found.sha256 === sha256 };
  }

  /** Never rejects. */
  async keep({ name, sha256 }: MeasuredModel, split: Split): Promise<void> {
    const { folder, machine, onFault } = this.#options;
    const others = this.#models.filter((model) => model.name !== name);
    this.#models = [{ name, sha256, split }, ...others].slice(0, MOST);
    if (folder === undefined) return;
    const path = join(folder, FILE);
    try {
      await makeFolder(folder);
      await writeFileAtomic(path, `${JSON.stringify({ machine, models: this.#models })}\n`, { mode: 0o600 });
    } catch (error) {
      onFault(`${path} can't be written (${asTwinlensError(error).message}); the model is measured again next time.`);
    }
  }
}

async function read({ folder, machine, onFault }: SplitBookOptions): Promise<readonly Measured[]> {
  if (folder === undefined) return [];
  const path = join(folder, FILE);
  try {
    const book = bookSchema.parse(JSON.parse(await readFile(path, 'utf8')));
    return book.machine === machine ? book.models : [];
  } catch (error) {
    if (!isMissing(error))
      onFault(`${path} can't be read (${asTwinlensError(error).message}); models are measured again.`);
    return [];
  }
}
