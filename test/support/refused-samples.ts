/** What is handed in as a model and must not be taken, with the step that refuses it and why. */
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ImportHints, ImportStepName } from '../../core/admin.ts';
import { gzipped, tarOf, zipOf } from './archives.ts';
import { crashingModel, externalTensor, field, graph, model, tinyModel } from './onnx-bytes.ts';

/** Bytes of one upload: above the built-in model. */
export const MAX_BYTES = 20_000_000;
/** Why the crashing model is left out elsewhere. */
export const NO_CRASH = 'only x86 processors end a process that divides as the crashing model does';
export const crashes = process.arch === 'x64';

/** Of the tiny model. */
export const tiny: ImportHints = { preset: 'torchvision', classNames: ['red', 'green', 'blue'], name: 'refused' };

export interface RefusedSample {
  readonly what: string;
  readonly fileName: string;
  /** @param made folder of a good package */
  readonly bytes: (made: string) => Buffer | Promise<Buffer>;
  readonly hints?: ImportHints;
  readonly step: ImportStepName;
  readonly reason: RegExp;
  readonly skip?: boolean;
}

const zeros = () => Buffer.alloc(MAX_BYTES + 1_000_000);

export const refusedSamples: readonly RefusedSample[] = [
  {
    what: 'a web page',
    fileName: 'model.onnx',
    bytes: () => Buffer.from('<!doctype html><p>Log in</p>'),
    hints: tiny,
    step: 'unpack',
    reason: /is a web page, no model/,
  },
  {
    what: 'a corrupt ONNX file',
    fileName: 'model.onnx',
    bytes: () => tinyModel().subarray(0, 60),
    hints: tiny,
    step: 'graph',
    reason: /no ONNX file/,
  },
  {
    what: 'bytes that are no ONNX file',
    fileName: 'model.onnx',
    bytes: () => Buffer.alloc(5000, 7),
    hints: tiny,
    step: 'graph',
    reason: /no ONNX file/,
  },
  {
    what: 'an opset of the future',
    fileName: 'model.onnx',
    bytes: () => tinyModel({ opset: 99 }),
    hints: tiny,
    step: 'graph',
    reason: /opset 99 is newer than any that it knows/,
  },
  {
    what: 'an input of a wrong rank',
    fileName: 'model.onnx',
    bytes: () => tinyModel({ shape: [3, 16] }),
    hints: tiny,
    step: 'graph',
    reason: /has rank 3; it must be/,
  },
  {
    what: 'weights in another file',
    fileName: 'model.onnx',
    bytes: () => model(graph(field(5, externalTensor('../../etc/passwd')))),
    hints: tiny,
    step: 'graph',
    reason: /other files/,
  },
  {
    what: 'more class names than outputs',
    fileName: 'model.onnx',
    bytes: () => tinyModel(),
    hints: { ...tiny, classNames: 'imagenet-1k' },
    step: 'classes',
    reason: /3 numbers .*1000 class names/,
  },
  {
    what: 'fewer class names than outputs in a package',
    fileName: 'x.tar',
    bytes: (made) => changed(made, (at) => renameClasses(at, ['cat', 'dog'])),
    hints: { version: 9 },
    step: 'classes',
    reason: /classes\.json has 2 names, but the model has 1000 classes/,
  },
  {
    what: 'a file that is not what the manifest says',
    fileName: 'x.tar',
    bytes: (made) =>
      changed(made, (at) => {
        const path = join(at, 'classes.json');
        writeFileSync(path, readFileSync(path, 'utf8').replace('analog', 'analoG'));
      }),
    hints: { version: 9 },
    step: 'files',
    reason: /classes\.json has sha256 \w+, but model\.json says/,
  },
  {
    what: 'a path out of the folder in a tar',
    fileName: 'x.tar',
    bytes: () => tarOf({ name: '../out', content: 'x' }),
    step: 'unpack',
    reason: /leaves its folder/,
  },
  {
    what: 'a path out of the folder in a zip',
    fileName: 'x.zip',
    bytes: () => zipOf({ name: 'good/../../out', content: 'x' }),
    step: 'unpack',
    reason: /a path that is refused \(invalid relative path: good/,
  },
  {
    what: 'an absolute path',
    fileName: 'x.tar.gz',
    bytes: async () => gzipped(await tarOf({ name: '/tmp/twinlens-out', content: 'x' })),
    step: 'unpack',
    reason: /absolute path/,
  },
  {
    what: 'a symbolic link in a tar',
    fileName: 'x.tar',
    bytes: () => tarOf({ name: 'model.onnx', type: 'symlink', linkname: '/etc/passwd' }),
    step: 'unpack',
    reason: /symlink; only plain files/,
  },
  {
    what: 'a hard link in a tar',
    fileName: 'x.tar',
    bytes: () => tarOf({ name: 'model.onnx', type: 'link', linkname: '/etc/passwd' }),
    step: 'unpack',
    reason: /link; only plain files/,
  },
  {
    what: 'a symbolic link in a zip',
    fileName: 'x.zip',
    bytes: () => zipOf({ name: 'model.onnx', content: '/etc/passwd', mode: 0o120777 }),
    step: 'unpack',
    reason: /a link; only plain files/,
  },
  {
    what: 'a zip bomb',
    fileName: 'x.zip',
    bytes: () => zipOf({ name: 'model.onnx', content: zeros() }),
    step: 'unpack',
    reason: /more than the 20000000 bytes/,
  },
  {
    what: 'a zip bomb that claims to be small',
    fileName: 'x.zip',
    bytes: () => zipOf({ name: 'model.onnx', content: zeros(), claims: 100 }),
    step: 'unpack',
    reason: /more than the 20000000 bytes/,
  },
  {
    what: 'a gzip bomb',
    fileName: 'x.tar.gz',
    bytes: async () => gzipped(await tarOf({ name: 'model.onnx', content: zeros() })),
    step: 'unpack',
    reason: /more than the 20000000 bytes/,
  },
  {
    what: crashes ? 'a model that kills the process that loads it' : `a crashing model (skipped: ${NO_CRASH})`,
    fileName: 'model.onnx',
    bytes: () => crashingModel(),
    hints: tiny,
    step: 'graph',
    reason: /crashes the process that loads it \(it was ended by SIGFPE\)/,
    skip: !crashes,
  },
];

/** A good package, but for what `change` does to its folder. */
async function changed(made: string, change: (at: string) => void): Promise<Buffer> {
  const at = mkdtempSync(join(tmpdir(), 'twinlens-changed-'));
  cpSync(made, at, { recursive: true });
  change(at);
  const files = readdirSync(at, { recursive: true, encoding: 'utf8', withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  try {
    return await tarOf(...files.map((path) => ({ name: path.slice(at.length + 1), content: readFileSync(path) })));
  } finally {
    rmSync(at, { recursive: true });
  }
}

/** Other class names, which the manifest knows of. */
function renameClasses(at: string, names: readonly string[]): void {
  const bytes = Buffer.from(JSON.stringify(names));
  writeFileSync(join(at, 'classes.json'), bytes);
  const manifest = JSON.parse(readFileSync(join(at, 'model.json'), 'utf8'));
  const sum = createHash('sha256').update(bytes).digest('hex');
  manifest.files['classes.json'] = { bytes: bytes.length, sha256: sum };
  writeFileSync(join(at, 'model.json'), JSON.stringify(manifest));
}
