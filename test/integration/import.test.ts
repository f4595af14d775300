/** Imports of every kind with real processes; the models are tiny ones made byte by byte, and the built-in one. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { IMPORT_STEPS } from '../../core/admin.ts';
import { Instance, readManifest, verifyPackage } from '../../gateway/instances/index.ts';
import type { ImportedPackage } from '../../gateway/packages/index.ts';
import { builtIn, goldenImage } from '../contract/inference-engine.ts';
import { gzipped, tarOf, zipOf } from '../support/archives.ts';
import { builtInFolder, type TryOptions, tryImport } from '../support/importing.ts';
import { externalTensor, field, graph, model, tinyModel } from '../support/onnx-bytes.ts';
import { childrenOf } from '../support/processes.ts';
import { temporaryFolders } from '../support/temporary.ts';

const fresh = temporaryFolders();
const MINUTE = 60_000;
const NAMES = ['red', 'green', 'blue'];
const tinyHints = { preset: 'torchvision', classNames: NAMES } as const;

/** A folder with these files. */
function folderOf(files: Readonly<Record<string, Uint8Array | string>>): string {
  const folder = fresh();
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

const fileOf = (name: string, content: Uint8Array | string) => join(folderOf({ [name]: content }), name);

async function bestOf({ folder, manifest }: ImportedPackage, at: number): Promise<number | undefined> {
  const load = { folder, manifest, providers: ['cpu'], threads: 1, maxPixels: 4_000_000, batchMax: 1 } as const;
  const instance = new Instance({ load, loadTimeoutMs: MINUTE, runTimeoutMs: MINUTE });
  try {
    await instance.load();
    const [item] = (await instance.run([{ image: goldenImage(at), top: 1 }])).items;
    return item?.ok ? item.predictions[0]?.index : undefined;
  } finally {
    instance.kill();
    await instance.exited;
  }
}

/** What the refused import told last, as `step CODE: message`. */
async function refusal(path: string, options: TryOptions = {}): Promise<string> {
  const { error, told } = await tryImport(path, fresh(), options);
  if (!error) throw new Error(`taken: ${told.join('\n')}`);
  const last = told.at(-1) ?? '';
  expect(last, 'the failed step tells the same as the error').toContain(` failed: ${error.message}`);
  return `${last.split(' ')[0]} ${error.code}: ${error.message}`;
}

describe('a bare .onnx', () => {
  test('becomes a package with goldens that every step is told of, in order', { timeout: MINUTE }, async () => {
    const path = fileOf('Tiny Net.onnx', tinyModel());
    const { made, told } = await tryImport(path, fresh(), { hints: { ...tinyHints, title: 'Tiny' } });
    expect(told.map((line) => line.split(':')[0])).toEqual(IMPORT_STEPS.slice(1).map((step) => `${step} passed`));
    expect(told.join('\n')).toMatch(/RGB 16 x 16, short side to 18 .* NCHW float32, batches up to 32/);
    expect(made?.manifest).toMatchObject({
      name: 'tiny-net',
      version: 41,
      title: 'Tiny',
      source: 'a test',
      licence: 'not stated',
      output: { name: 'means', classes: 3, activation: 'none' },
      batch: { max: 32 },
    });
    if (!made) throw new Error('refused');
    expect(await readManifest(made.folder), 'what is on disk').toEqual(made.manifest);
    await verifyPackage(made.folder, made.manifest);
    expect(existsSync(path), 'the input is left as it is').toBe(true);
  });

  test('in an archive with its names beside it needs no list; only what is used is kept', {
    timeout: MINUTE,
  }, async () => {
    const bytes = zipOf(
      { name: 'net/weights.onnx', content: tinyModel() },
      { name: 'net/labels.txt', content: 'red\r\ngreen\r\nblue\r\n' },
      { name: 'net/train.py', content: 'pass' },
    );
    const into = fresh();
    const { made } = await tryImport(fileOf('upload', bytes), into, { hints: { preset: 'caffe' } });
    expect(JSON.parse(readFileSync(join(made?.folder ?? '', 'classes.json'), 'utf8'))).toEqual(NAMES);
    expect(readdirSync(into)).toEqual(['package']);
    expect(readdirSync(join(into, 'package')).sort()).toEqual(['classes.json', 'goldens', 'model.json', 'model.onnx']);
  });

  test('one whose batches fail is served picture by picture', { timeout: MINUTE }, async () => {
    const { made, told } = await tryImport(fileOf('m.onnx', tinyModel({ reshape: [1, 3] })), fresh(), {
      hints: tinyHints,
    });
    expect(made?.manifest.batch.max).toBe(1);
    expect(told.join('\n')).toMatch(/a batch fails .* one picture at a time/);
  });

  test('colours last, one picture, and a free size are seen', { timeout: MINUTE }, async () => {
    const free = await tryImport(fileOf('m.onnx', tinyModel({ batch: 1, shape: [3, 'h', 'w'] })), fresh(), {
      hints: tinyHints,
    });
    expect(free.made?.manifest).toMatchObject({
      batch: { max: 1 },
      input: { layout: 'NCHW', width: 224, height: 224 },
    });
    expect(free.told.join('\n')).toMatch(/takes any size/);
  });

  test.each([
    ['corrupt', Buffer.from('ONNX?'), tinyHints, /^graph INVALID_ARGUMENT: .*no ONNX file/],
    [
      'broken inside',
      model(graph(field(1, field(4, Buffer.from('Nonsense'))))),
      tinyHints,
      /^graph .*ONNX Runtime can't load/,
    ],
    ['an opset of the future', tinyModel({ opset: 99 }), tinyHints, /^graph INVALID_ARGUMENT: .*[Oo]pset/],
    [
      'external data',
      model(graph(field(5, externalTensor('w.bin')))),
      tinyHints,
      /^graph INVALID_ARGUMENT: .*other files/,
    ],
    ['a wrong rank', tinyModel({ shape: [3, 16] }), tinyHints, /^graph INVALID_ARGUMENT: .*(rank 3|ONNX Runtime)/],
    ['halves', tinyModel({ element: 10 }), tinyHints, /^graph INVALID_ARGUMENT: .*float16; only float32/],
    ['batches of 8', tinyModel({ batch: 8 }), tinyHints, /^graph INVALID_ARGUMENT: .*8 pictures at a time/],
    ['two inputs', tinyModel({ moreInputs: ['extra'] }), tinyHints, /^graph INVALID_ARGUMENT: .*2: image .*extra/],
    [
      'fewer classes than names',
      tinyModel(),
      { ...tinyHints, classNames: 'imagenet-1k' },
      /^classes INVALID_ARGUMENT: .*3 numbers .*1000 class names/,
    ],
    ['no names', tinyModel(), { preset: 'caffe' }, /^manifest INVALID_ARGUMENT: .*class names: choose imagenet-1k/],
    ['no preset', tinyModel(), { classNames: NAMES }, /^graph INVALID_ARGUMENT: .*choose a preset/],
    [
      'HTML instead',
      Buffer.from('<!doctype html><title>Sign in</title>'),
      tinyHints,
      /^unpack UNSUPPORTED_MEDIA: .*web page/,
    ],
    [
      'a Git LFS pointer',
      Buffer.from('version https://git-lfs.github.com/spec/v1\n'),
      tinyHints,
      /^unpack UNSUPPORTED_MEDIA: .*git lfs pull/,
    ],
  ] as const)('with %s is refused with its reason', { timeout: MINUTE }, async (_title, bytes, hints, why) => {
    expect(await refusal(fileOf('m.onnx', bytes), { hints })).toMatch(why);
  });

  test('one larger than is taken is refused before it is read', async () => {
    const path = fileOf('m.onnx', Buffer.alloc(5000, 8));
    expect(await refusal(path, { hints: tinyHints, maxBytes: 4999 })).toMatch(
      /^unpack PAYLOAD_TOO_LARGE: .*5000 bytes; at most 4999/,
    );
  });

  test('one that kills the process that loads it is refused, and this process lives', { timeout: MINUTE }, async () => {
    const killing: TryOptions = {
      hints: tinyHints,
      onStep: (step, state) => {
        // The process is forked in the same turn in which the step begins.
        if (step === 'load' && state === 'running') {
          queueMicrotask(() => setImmediate(() => process.kill(childrenOf(process.pid)[0] as number, 'SIGKILL')));
        }
      },
    };
    expect(await refusal(fileOf('m.onnx', tinyModel()), killing)).toMatch(
      /^load INVALID_ARGUMENT: .*crashes the process/,
    );
  });

  test('one that is cancelled while it loads leaves no process', { timeout: MINUTE }, async () => {
    const abort = new AbortController();
    const pids: number[] = [];
    const options: TryOptions = {
      hints: tinyHints,
      signal: abort.signal,
      onStep: (step, state) => {
        if (step !== 'goldens' || state !== 'running') return;
        setImmediate(() => {
          pids.push(...childrenOf(process.pid).slice(0, 1));
          abort.abort();
        });
      },
    };
    expect(await refusal(fileOf('m.onnx', tinyModel()), options)).toMatch(/^goldens CANCELLED/);
    expect(pids).toHaveLength(1);
    expect(childrenOf(process.pid)).not.toContain(pids[0]);
  });
});

describe('a package', () => {
  const changedManifest = (change: (manifest: Record<string, unknown>) => void) => {
    const folder = fresh();
    cpSync(builtInFolder, folder, { recursive: true });
    const manifest = JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8'));
    change(manifest);
    writeFileSync(join(folder, 'model.json'), JSON.stringify(manifest));
    return folder;
  };

  test('is taken as it is; what its manifest does not name is left out, and said', { timeout: MINUTE }, async () => {
    const folder = changedManifest(() => undefined);
    writeFileSync(join(folder, 'notes.txt'), 'x');
    const { made, told } = await tryImport(folder, fresh(), { hints: { name: 'renamed', version: 3 } });
    expect(made?.manifest).toEqual({ ...builtIn, name: 'renamed', version: 3 });
    expect(told.map((line) => line.split(':')[0])).toEqual(IMPORT_STEPS.slice(1).map((step) => `${step} passed`));
    expect(told.join('\n')).toMatch(/left out, as model.json doesn't name them: notes.txt/);
    expect(existsSync(join(made?.folder ?? '', 'notes.txt'))).toBe(false);
    expect(existsSync(join(folder, 'model.onnx')), 'the input is left as it is').toBe(true);
  });

  test.each(['tar', 'tar.gz', 'zip'])('in a %s is the same package', { timeout: MINUTE }, async (format) => {
    const files = ['model.json', ...Object.keys(builtIn.files)];
    const entries = files.map((name) => ({ name: `any/${name}`, content: readFileSync(join(builtInFolder, name)) }));
    const packed = format === 'zip' ? zipOf(...entries) : await tarOf(...entries);
    const { made } = await tryImport(fileOf('upload', format === 'tar.gz' ? gzipped(packed) : packed), fresh());
    expect(made?.manifest).toEqual(builtIn);
  });

  test.each<[string, (manifest: Record<string, unknown>) => void, RegExp]>([
    [
      'mistakes, all of them told',
      (m) => Object.assign(m, { version: 0, title: '' }),
      /^manifest INVALID_ARGUMENT: .*version: .*title: /,
    ],
    [
      'another sha256',
      (m) =>
        Object.assign(m, { files: { ...builtIn.files, 'classes.json': { bytes: 16025, sha256: '0'.repeat(64) } } }),
      /^files INVALID_ARGUMENT: classes.json has sha256 a2158.*, but model.json says 000/,
    ],
    [
      'another size',
      (m) =>
        Object.assign(m, {
          files: { ...builtIn.files, 'classes.json': { ...builtIn.files['classes.json'], bytes: 7 } },
        }),
      /^files INVALID_ARGUMENT: classes.json has 16025 bytes/,
    ],
    [
      'a file that is not there',
      (m) => Object.assign(m, { files: { ...builtIn.files, 'gone.png': { bytes: 7, sha256: '0'.repeat(64) } } }),
      /^files INVALID_ARGUMENT: gone.png is missing/,
    ],
    [
      'a path that leaves it',
      (m) => Object.assign(m, { files: { ...builtIn.files, '../evil': { bytes: 7, sha256: '0'.repeat(64) } } }),
      /^manifest INVALID_ARGUMENT: .*files/,
    ],
    [
      'another number of classes',
      (m) => Object.assign(m, { output: { ...builtIn.output, classes: 999 } }),
      /^graph INVALID_ARGUMENT: .*logits .*1000.*999 classes/,
    ],
    [
      'goldens that are not its own',
      (m) => Object.assign(m, { goldens: [{ ...builtIn.goldens[0], top: [{ index: 1, score: 0.9 }] }] }),
      /^goldens INVALID_ARGUMENT: .*not right on cpu/,
    ],
  ])('whose manifest has %s is refused', { timeout: MINUTE }, async (_title, change, why) => {
    expect(await refusal(changedManifest(change))).toMatch(why);
  });

  test('a link among its files is refused, wherever it leads', { timeout: MINUTE }, async () => {
    const folder = changedManifest(() => undefined);
    symlinkSync('/etc/passwd', join(folder, 'passwd'));
    expect(await refusal(folder)).toMatch(/^unpack INVALID_ARGUMENT: .*passwd.* is a link/);
  });

  test('a preset for one that says its own preprocessing is refused', async () => {
    expect(await refusal(builtInFolder, { hints: { preset: 'caffe' } })).toMatch(
      /^manifest INVALID_ARGUMENT: .*leave preset/,
    );
  });
});

describe('a Hugging Face folder', () => {
  const classNames: string[] = JSON.parse(readFileSync(join(builtInFolder, 'classes.json'), 'utf8'));
  const config = {
    architectures: ['MobileNetV2ForImageClassification'],
    model_type: 'mobilenet_v2',
    id2label: Object.fromEntries(classNames.map((name, at) => [at, name])),
  };
  /** What the built-in model needs, in Hugging Face's words. */
  const processor = {
    image_processor_type: 'MobileNetV2ImageProcessor',
    size: { shortest_edge: 256 },
    crop_size: { height: 224, width: 224 },
    do_rescale: false,
    image_mean: [127, 127, 127],
    image_std: [128, 128, 128],
    resample: 2,
  };
  const weights = readFileSync(join(builtInFolder, 'model.onnx'));
  const hub = (files: Readonly<Record<string, Uint8Array | string>> = {}) =>
    folderOf({
      'config.json': JSON.stringify(config),
      'preprocessor_config.json': JSON.stringify(processor),
      'README.md': '---\ntags:\n- vision\nlicense: apache-2.0\n---\n# Net',
      'onnx/model.onnx': weights,
      ...files,
    });

  test('imports as it is, with every variant that can be run, and answers right', { timeout: 2 * MINUTE }, async () => {
    const folder = hub({ 'onnx/model_quantized.onnx': weights, 'onnx/model_fp16.onnx': tinyModel({ element: 10 }) });
    const { made, told } = await tryImport(folder, fresh(), { fileName: 'google/MobileNet V2.zip' });
    if (!made) throw new Error(told.join('\n'));
    expect(made.manifest).toMatchObject({
      name: 'mobilenet-v2',
      licence: 'apache-2.0',
      defaultVariant: 'fp32',
      variants: [
        { name: 'fp32', file: 'model.onnx' },
        { name: 'int8', file: 'model-int8.onnx' },
      ],
      input: { width: 224, cropRounding: 'down', resize: { rule: 'shortest-edge', size: 256, filter: 'bilinear' } },
      output: { name: 'logits', classes: 1000 },
    });
    expect(told.join('\n')).toMatch(/fp16 is left out: .*float16/);
    expect(await bestOf(made, 0)).toBe(builtIn.goldens[0]?.top[0]?.index);
  });

  test.each([
    ['no ONNX file', { 'onnx/model.onnx': '', 'onnx/other.onnx': '' }, /^graph INVALID_ARGUMENT/],
    [
      'a processor that is not known',
      { 'preprocessor_config.json': '{"image_processor_type":"OwlImageProcessor"}' },
      /^manifest .*OwlImageProcessor is not known/,
    ],
    [
      'a size that the graph does not take',
      { 'preprocessor_config.json': JSON.stringify({ ...processor, crop_size: 192 }) },
      /^graph .*224 x 224 .* makes 192 x 192/,
    ],
    [
      'another task',
      { 'config.json': JSON.stringify({ ...config, architectures: ['ViTForMaskedImageModeling'] }) },
      /^manifest .*only image classification/,
    ],
    [
      'several classes a picture',
      { 'config.json': JSON.stringify({ ...config, problem_type: 'multi_label_classification' }) },
      /^manifest .*multi_label/,
    ],
    [
      'a hole in its labels',
      { 'config.json': JSON.stringify({ ...config, id2label: { 0: 'a', 2: 'b' } }) },
      /^manifest .*none for 1/,
    ],
    [
      'fewer labels than classes',
      { 'config.json': JSON.stringify({ ...config, id2label: { 0: 'a', 1: 'b' } }) },
      /^classes .*1000 numbers .*2 class names/,
    ],
    ['no labels', { 'config.json': JSON.stringify({ ...config, id2label: undefined }) }, /^manifest .*no id2label/],
    ['a config that is no JSON', { 'config.json': '{' }, /^manifest .*config.json is not valid JSON/],
  ])('with %s is refused', { timeout: MINUTE }, async (_title, files, why) => {
    expect(await refusal(hub(files))).toMatch(why);
  });
});

test('a folder with nothing that is known is refused with what would be', async () => {
  const message = await refusal(folderOf({ 'a.txt': 'x', 'b.txt': 'x' }));
  expect(message).toMatch(/^manifest INVALID_ARGUMENT: .*model.json .*config.json .*\.onnx/);
  expect(await refusal(folderOf({ 'a.onnx': 'x', 'b.onnx': 'x' }))).toMatch(/2 .onnx files .*a.onnx, b.onnx/);
});

test('an archive that leaves its folder or unpacks to too much is refused while it is unpacked', async () => {
  const traversal = fileOf('u', zipOf({ name: '../../evil', content: 'x' }));
  expect(await refusal(traversal)).toMatch(/^unpack INVALID_ARGUMENT/);
  const bomb = fileOf('u', zipOf({ name: 'model.onnx', content: Buffer.alloc(3_000_000) }));
  expect(await refusal(bomb, { maxBytes: 1_000_000 })).toMatch(/^unpack PAYLOAD_TOO_LARGE: .*1000000 bytes/);
});
