/**
 * The importer: unpacks what was handed in, tells what it is, makes or takes a package of it and tries it as it will
 * be served. Guarantees that no model is loaded in the gateway's own process, and that nothing is written outside the
 * folder it is given. Publishes nothing.
 */

import { lstat, mkdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { GatewayProvider } from '../../core/engine.ts';
import { TwinlensError } from '../../core/errors.ts';
import type { Runtime } from '../instances/index.ts';
import { kindOfFile, unpack } from './archive.ts';
import { readBare } from './bare.ts';
import { type Draft, stemOf } from './draft.ts';
import { isHuggingFace, readHuggingFace } from './hugging-face.ts';
import type { ImportedPackage, Importer, ImportInput, ImportOptions } from './import.ts';
import { makePackage } from './make.ts';
import { listMaterial, type Material } from './material.ts';
import { MANIFEST, takeReady } from './ready.ts';
import { type Outcome, Steps } from './steps.ts';
import { withTrial } from './trial.ts';

export interface ImporterOptions {
  /** On which the goldens must pass and the batches run: the one that will serve. */
  /** In the order in which they are tried. */
  readonly providers: readonly GatewayProvider[];
  /** Of the processes that try models. */
  readonly runtime: Runtime;
  /** Pixels of one golden. */
  readonly maxPixels: number;
  /** Bytes of one model, packed and unpacked alike. */
  readonly maxBytes: number;
  /** A JSON file with the names that `imagenet-1k` means: the built-in package's. */
  readonly imagenetNames: string;
  /** Largest batch tried: the operator's limit; 0: the provider's default. */
  readonly batchMax: number;
  /** Milliseconds that a process may look at a model before it counts as hung; default 120,000. */
  readonly probeMs?: number | undefined;
}

const PROBE_MS = 120_000;
const SOURCE_MAX = 600;

const bad = (message: string) => new TwinlensError('INVALID_ARGUMENT', message);

/** The files to look at: of an archive once it is unpacked, of a folder as it is. */
async function openInput(
  { path, fileName }: ImportInput,
  { into, signal }: ImportOptions,
  maxBytes: number,
): Promise<Outcome<Material>> {
  const stats = await lstat(path);
  if (stats.isDirectory()) {
    const value = await listMaterial(path, false);
    return { value, message: `A folder with ${value.files.length} files` };
  }
  if (!stats.isFile()) throw bad(`${fileName} is a link or no plain file; hand in the file itself.`);
  if (stats.size > maxBytes) {
    throw new TwinlensError(
      'PAYLOAD_TOO_LARGE',
      `${fileName} has ${stats.size} bytes; at most ${maxBytes} are taken (TWINLENS_MAX_UPLOAD_BYTES).`,
    );
  }
  const kind = await kindOfFile(path);
  switch (kind) {
    case 'html':
      throw new TwinlensError(
        'UNSUPPORTED_MEDIA',
        `${fileName} is a web page, no model; check the address, which may want a login or lead to a page about the file.`,
      );
    case 'git-lfs':
      throw new TwinlensError(
        'UNSUPPORTED_MEDIA',
        `${fileName} is a Git LFS pointer, not the file itself; fetch it with git lfs pull, or use the address of the raw file.`,
      );
    case 'other': {
      const value = { folder: dirname(path), files: [basename(path)], ours: false };
      return { value, message: `One file of ${stats.size} bytes` };
    }
    case 'tar':
    case 'gzip':
    case 'zip': {
      const folder = join(into, 'unpacked');
      await mkdir(folder);
      const { files, bytes } = await unpack(path, kind, folder, { maxBytes, signal });
      const value = await listMaterial(folder, true);
      return { value, message: `${files} files, ${(bytes / 1e6).toFixed(1)} MB` };
    }
    default: {
      const impossible: never = kind;
      throw new TwinlensError('INTERNAL', `No kind ${String(impossible)}.`);
    }
  }
}

async function readDraft(material: Material, input: ImportInput, imagenetNames: string): Promise<Outcome<Draft>> {
  const stem = stemOf(input.fileName);
  const { files } = material;
  if (isHuggingFace(material)) {
    const value = await readHuggingFace(material, stem, input.hints, imagenetNames);
    return { value, message: value.what };
  }
  // A single file is taken for ONNX whatever its name: its content is what is judged.
  const models = files.length === 1 ? files : files.filter((file) => file.endsWith('.onnx'));
  const [model] = models;
  if (model === undefined) {
    throw bad(
      `There is neither a ${MANIFEST} (a package), nor a config.json with preprocessor_config.json (a Hugging Face folder), nor an .onnx file.`,
    );
  }
  if (models.length > 1) {
    throw bad(
      `There are ${models.length} .onnx files and no ${MANIFEST} that says which is which (${models.slice(0, 5).join(', ')}); hand in one.`,
    );
  }
  const value = await readBare(model, material, stem, input.hints, imagenetNames);
  return { value, message: value.what };
}

export function createImporter(options: ImporterOptions): Importer {
  const { providers, runtime, maxPixels, maxBytes, imagenetNames, batchMax, probeMs = PROBE_MS } = options;

  async function prepare(input: ImportInput, importing: ImportOptions, steps: Steps): Promise<ImportedPackage> {
    const { into, signal, nextVersion, claim } = importing;
    const making = { into, signal, maxBytes, maxPixels, threads: runtime.threads, probeMs };
    const material = await steps.run('unpack', 'Looking at what was handed in', () =>
      openInput(input, importing, maxBytes),
    );
    if (material.files.includes(MANIFEST)) {
      return takeReady(material, input.hints, steps, { ...making, claim });
    }
    const { draft, version } = await steps.run('manifest', 'Finding out what it is', async () => {
      const { value, message } = await readDraft(material, input, imagenetNames);
      const version = input.hints.version ?? nextVersion(value.name);
      claim?.(value.name, version);
      return { value: { draft: value, version }, message };
    });
    const details = {
      version,
      source: input.source.slice(0, SOURCE_MAX) || 'not stated',
      notSureBelow: input.hints.notSureBelow ?? 0,
    };
    return makePackage(material, draft, details, steps, making);
  }

  return async (input, importing) => {
    const { into, signal } = importing;
    const steps = new Steps(importing);
    const made = await prepare(input, importing, steps);
    await withTrial(made, { providers, runtime, maxPixels, batchMax, signal }, async (trial) => {
      await steps.run('goldens', 'Running the goldens on the provider that will serve', async () => {
        const ran = await trial.goldens();
        const note = ran.note === undefined ? '' : `; ${ran.note}`;
        return {
          value: undefined,
          message: `${made.manifest.goldens.length} goldens within tolerance on ${ran.provider}${note}`,
        };
      });
      await steps.run('warm-up', 'Running every batch size', async () => {
        const { sizes, msPerPicture } = await trial.batches();
        return {
          value: undefined,
          message: `Batches of ${sizes.join(', ')}; at best ${msPerPicture.toFixed(1)} ms a picture`,
        };
      });
    });
    // What was unpacked and not taken.
    await rm(join(into, 'unpacked'), { recursive: true, force: true });
    return made;
  };
}
