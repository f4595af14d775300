/**
 * An importer that does what the test says: each import waits in `imports` until it is finished or failed. Names come
 * from the hints.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { IMPORT_STEPS } from '../../core/admin.ts';
import { TwinlensError } from '../../core/errors.ts';
import type { Manifest } from '../../core/manifest.ts';
import type { Importer, ImportInput, ImportOptions } from '../../gateway/packages/index.ts';

export interface FakeImport {
  readonly input: ImportInput;
  readonly options: ImportOptions;
  /** Passes every step and leaves a package. */
  finish(): void;
  fail(error: TwinlensError): void;
}

export class FakeImporter {
  readonly imports: FakeImport[] = [];
  readonly #manifest: Manifest;
  readonly #watchers = new Set<() => void>();

  /** @param manifest of which name and version are replaced */
  constructor(manifest: Manifest) {
    this.#manifest = manifest;
  }

  /** Resolves with the import number `count`, counted from 1, when it has begun. */
  begun(count: number): Promise<FakeImport> {
    return new Promise((resolve) => {
      const look = () => {
        const found = this.imports[count - 1];
        if (!found) return;
        this.#watchers.delete(look);
        resolve(found);
      };
      this.#watchers.add(look);
      look();
    });
  }

  readonly run: Importer = async (input, options) => {
    const finished = new Promise<void>((resolve, reject) => {
      options.signal.addEventListener('abort', () => reject(new TwinlensError('CANCELLED', 'It was cancelled.')));
      this.imports.push({ input, options, finish: resolve, fail: reject });
    });
    for (const watcher of [...this.#watchers]) watcher();
    options.onStep('unpack', 'running', 'unpacking');
    await finished;
    const name = input.hints.name ?? 'mini';
    const version = input.hints.version ?? options.nextVersion(name);
    options.claim?.(name, version);
    for (const step of IMPORT_STEPS.slice(1)) options.onStep(step, 'passed', `${step} is fine`);
    const folder = join(options.into, 'made');
    await mkdir(folder);
    await writeFile(join(folder, 'model.json'), JSON.stringify({ name, version }));
    return { folder, manifest: { ...this.#manifest, name, version } };
  };
}
