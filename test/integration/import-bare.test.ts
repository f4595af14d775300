/** Imports of bare graphs with real processes; the models are tiny ones made byte by byte. */
import { existsSync, readdirSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { IMPORT_STEPS } from '../../core/admin.ts';
import { readManifest, verifyPackage } from '../../gateway/instances/index.ts';
import { zipOf } from '../support/archives.ts';
import { inputs, MINUTE, NAMES, type TryOptions, tinyHints, tryImport } from '../support/importing.ts';
import { externalTensor, field, graph, model, tinyModel } from '../support/onnx-bytes.ts';
import { childrenOf } from '../support/processes.ts';

const { fileOf, fresh, refusal } = inputs();

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

  test.each([
    ['net-int8.onnx', false, 'fp32', 0.001],
    ['net-float32.onnx', true, 'int8', 0.02],
  ])(
    'is called by what it computes with, whatever its file is called: %s',
    {
      timeout: MINUTE,
    },
    async (name, quantised, variant, tolerance) => {
      const { made } = await tryImport(fileOf(name, tinyModel({ quantised })), fresh(), { hints: tinyHints });
      expect(made?.manifest).toMatchObject({
        defaultVariant: variant,
        variants: [{ name: variant, file: 'model.onnx', requires: [] }],
      });
      expect(made?.manifest.goldens[0]?.tolerance, 'as wide as such numbers need').toBe(tolerance);
    },
  );

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

  test('one beyond what ONNX can be is refused with its reason', { timeout: MINUTE }, async () => {
    const path = fileOf('m.onnx', 'x');
    truncateSync(path, 2 ** 31 + 1);
    expect(await refusal(path, { hints: tinyHints, maxBytes: 2 ** 32 })).toMatch(
      /^graph PAYLOAD_TOO_LARGE: .*at most 2 GiB/,
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
