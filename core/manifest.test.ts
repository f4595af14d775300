import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TwinlensError } from './errors.ts';
import { parseClassNames, parseManifest, variantOf } from './manifest.ts';

const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
console.log(`manifest: FUZZ_SEED=${seed}`);

const sha256 = 'a'.repeat(64);

/** A valid manifest, built anew so that a test may break it. */
function sound() {
  return {
    format: 'twinlens-model/1',
    name: 'small',
    version: 1,
    title: 'Small',
    licence: 'Apache-2.0',
    source: 'made up',
    files: {
      'model.onnx': { bytes: 12, sha256 },
      'classes.json': { bytes: 3, sha256 },
      'goldens/clock.png': { bytes: 4, sha256 },
    },
    variants: [{ name: 'fp32', file: 'model.onnx', requires: [] }],
    defaultVariant: 'fp32',
    input: {
      name: 'input',
      layout: 'NCHW',
      datatype: 'float32',
      width: 224,
      height: 224,
      channels: 'RGB',
      resize: { rule: 'shortest-edge', size: 256, filter: 'bilinear' },
      scale: 1 / 255,
      mean: [0.5, 0.5, 0.5],
      std: [0.25, 0.25, 0.25],
    },
    output: { name: 'logits', activation: 'none', classNames: 'classes.json', classes: 3 },
    goldens: [{ image: 'goldens/clock.png', top: [{ index: 1, score: 0.9 }], tolerance: 0.001 }],
    batch: { max: 8 },
    notSureBelow: 0.2,
  };
}

type Path = readonly (string | number)[];

/** `value` with what stands at `path` replaced; `undefined` removes it. */
function changed(value: unknown, [key, ...rest]: Path, to: unknown): unknown {
  if (key === undefined) return to;
  const copy: unknown = structuredClone(value);
  if (typeof copy !== 'object' || copy === null) return to;
  const inner: unknown = Reflect.get(copy, key);
  if (rest.length === 0 && to === undefined) Reflect.deleteProperty(copy, key);
  else Reflect.set(copy, key, changed(inner, rest, to));
  return copy;
}

function pathsOf(value: unknown, at: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [at];
  return [at, ...Object.entries(value).flatMap(([key, inner]) => pathsOf(inner, [...at, key]))];
}

function refusal(value: unknown): TwinlensError {
  try {
    parseManifest(value);
  } catch (error) {
    if (error instanceof TwinlensError) return error;
    throw error;
  }
  throw new Error('the manifest was taken');
}

describe('parseManifest', () => {
  test('takes a sound manifest as it is', () => {
    expect(parseManifest(sound())).toEqual(sound());
  });

  const models = new URL('../models/', import.meta.url);
  const packages = readdirSync(models, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('model.json'),
  );
  test.each(packages)('takes models/%s', (file) => {
    expect(() => parseManifest(JSON.parse(readFileSync(new URL(file, models), 'utf8')))).not.toThrow();
  });

  test.each([
    ['another format', ['format'], 'twinlens-model/2'],
    ['a name with capitals', ['name'], 'Small'],
    ['a name with a slash', ['name'], 'a/b'],
    ['a name that is a path upwards', ['name'], '..'],
    ['version 0', ['version'], 0],
    ['a version that is no integer', ['version'], 1.5],
    ['a version beyond 31 bits', ['version'], 2 ** 31],
    ['no title', ['title'], undefined],
    ['an empty licence', ['licence'], ''],
    ['an unknown field', ['extra'], 1],
    ['an unknown field inside', ['input', 'extra'], 1],
    ['negative bytes', ['files', 'model.onnx', 'bytes'], -1],
    ['a sha256 in capitals', ['files', 'model.onnx', 'sha256'], 'A'.repeat(64)],
    ['a short sha256', ['files', 'model.onnx', 'sha256'], 'a'.repeat(63)],
    ['no variants', ['variants'], []],
    ['an unknown variant', ['variants', 0, 'name'], 'int4'],
    ['an unknown requirement', ['variants', 0, 'requires'], ['avx']],
    ['an unknown layout', ['input', 'layout'], 'CHW'],
    ['width 0', ['input', 'width'], 0],
    ['a huge height', ['input', 'height'], 4097],
    ['unknown channels', ['input', 'channels'], 'RGBA'],
    ['an unknown resize rule', ['input', 'resize', 'rule'], 'fit'],
    ['an unknown filter', ['input', 'resize', 'filter'], 'nearest'],
    ['an unknown rounding of the crop', ['input', 'cropRounding'], 'up'],
    ['a short side of 0', ['input', 'resize', 'size'], 0],
    ['scale 0', ['input', 'scale'], 0],
    ['an infinite scale', ['input', 'scale'], Number.POSITIVE_INFINITY],
    ['std 0', ['input', 'std'], [1, 0, 1]],
    ['a mean that is no number', ['input', 'mean'], [0, Number.NaN, 0]],
    ['an unknown activation', ['output', 'activation'], 'sigmoid'],
    ['no classes', ['output', 'classes'], 0],
    ['no goldens', ['goldens'], []],
    ['a golden without scores', ['goldens', 0, 'top'], []],
    ['a score above 1', ['goldens', 0, 'top', 0, 'score'], 1.01],
    ['tolerance 0', ['goldens', 0, 'tolerance'], 0],
    ['a generous tolerance', ['goldens', 0, 'tolerance'], 0.2],
    ['batches of 0', ['batch', 'max'], 0],
    ['a threshold above 1', ['notSureBelow'], 1.1],
  ] as const)('refuses %s and names the place', (_title, path, value) => {
    const error = refusal(changed(sound(), path, value));
    expect(error.code).toBe('INVALID_ARGUMENT');
    const unknown = path[path.length - 1] === 'extra';
    expect(error.message).toMatch(
      unknown ? /"extra"/ : new RegExp(` ${path.join('[.]').replace('model.onnx', 'model[.]onnx')}[.:]`),
    );
  });

  test.each([
    ['a variant whose file is not listed', ['variants', 0, 'file'], 'other.onnx', 'variants.0.file: names other.onnx'],
    ['a golden that is not listed', ['goldens', 0, 'image'], 'x.png', 'goldens.0.image: names x.png'],
    ['class names that are not listed', ['output', 'classNames'], 'x.json', 'output.classNames: names x.json'],
    ['a file of Object itself', ['output', 'classNames'], 'constructor', 'names constructor'],
    ['a default that is no variant', ['defaultVariant'], 'int8', 'defaultVariant: is not one of variants'],
    ['two means for three channels', ['input', 'mean'], [0, 0], 'input.mean: needs 3 numbers'],
    ['three deviations for luma', ['input', 'channels'], 'L', 'input.std: needs 1 numbers'],
    ['a golden of a class that is not there', ['goldens', 0, 'top', 0, 'index'], 3, 'goldens: name a class index'],
  ] as const)('refuses %s', (_title, path, value, message) => {
    expect(refusal(changed(sound(), path, value)).message).toContain(message);
  });

  test('lists every mistake, of shape as of sense', () => {
    const shape = changed(changed(sound(), ['version'], 'one'), ['input', 'layout'], 'CHW');
    expect(refusal(shape).message).toMatch(/version: .*; input\.layout: /);
    const sense = changed(changed(sound(), ['defaultVariant'], 'int8'), ['input', 'mean'], [0]);
    expect(refusal(sense).message).toMatch(/defaultVariant: .*; input\.mean: /);
  });

  const escapes = [
    '../model.onnx',
    '..',
    '.',
    './model.onnx',
    'a/../../model.onnx',
    'a/..',
    'a/./b',
    '/etc/passwd',
    '//host/share',
    'C:/model.onnx',
    'C:\\model.onnx',
    '..\\model.onnx',
    'a\\..\\b',
    'a//b',
    'a/',
    '',
    ' ',
    '.hidden',
    'a/.hidden',
    'file:///etc/passwd',
    'https://example.org/model.onnx',
    '%2e%2e/model.onnx',
    'a\0b',
    'a\n',
    'a?b',
    'a#b',
    `${'a/'.repeat(120)}b`,
  ];
  test.each(escapes)('refuses the path %j wherever a path stands', (path) => {
    const entry = { bytes: 1, sha256 };
    const listed = { ...sound(), files: { ...sound().files, [path]: entry } };
    expect(() => parseManifest(listed)).toThrow(TwinlensError);
    for (const where of [
      ['variants', 0, 'file'],
      ['goldens', 0, 'image'],
      ['output', 'classNames'],
    ]) {
      expect(() => parseManifest(changed(listed, where, path)), where.join('.')).toThrow(TwinlensError);
    }
  });

  test.each(['model.onnx', 'goldens/clock.png', 'a/b/c.d-e_f', 'x..y', '_private/file'])(
    'takes the path %j',
    (path) => {
      const listed = { ...sound(), files: { ...sound().files, [path]: { bytes: 1, sha256 } } };
      expect(parseManifest(changed(listed, ['output', 'classNames'], path)).output.classNames).toBe(path);
    },
  );

  test('whatever comes is read or refused with INVALID_ARGUMENT and a bounded message', () => {
    const paths = pathsOf(sound());
    const edit = fc.tuple(fc.constantFrom(...paths), fc.oneof(fc.jsonValue(), fc.constant(undefined)));
    const mutated = fc
      .array(edit, { minLength: 1, maxLength: 4 })
      .map((edits) => edits.reduce((value: unknown, [path, to]) => changed(value, path, to), sound()));
    fc.assert(
      fc.property(fc.oneof(mutated, fc.anything(), fc.jsonValue()), (value) => {
        try {
          parseManifest(value);
        } catch (error) {
          if (!(error instanceof TwinlensError)) throw error;
          expect(error.code).toBe('INVALID_ARGUMENT');
          expect(error.message.length).toBeLessThan(8_000);
        }
      }),
      { seed, numRuns: 2_000 },
    );
  });

  test('a hundred thousand mistakes make no long message, and __proto__ changes no object', () => {
    const files = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`file${i}`, 'none']));
    const many = { ...sound(), files };
    const { message } = refusal(many);
    expect(message).toMatch(/and [0-9]+ more$/);
    expect(message.length).toBeLessThan(8_000);
    const wide = { ...sound(), ...Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`field${i}`, i])) };
    expect(refusal(wide).message.length).toBeLessThan(8_000);
    const proto: unknown = JSON.parse(
      JSON.stringify(sound()).replace('"files":{', `"files":{"__proto__":{"bytes":1,"sha256":"${sha256}"},`),
    );
    try {
      expect(Object.getPrototypeOf(parseManifest(proto).files)).toBe(Object.prototype);
    } catch (error) {
      expect(error).toBeInstanceOf(TwinlensError);
    }
    expect('bytes' in {}).toBe(false);
  });
});

describe('parseClassNames', () => {
  const { output } = parseManifest(sound());
  test('takes one name a class', () => {
    expect(parseClassNames(['cat', 'dog', 'cow'], output)).toEqual(['cat', 'dog', 'cow']);
  });

  test.each([
    ['too few', ['cat', 'dog'], /has 2 names, but the model has 3 classes/],
    ['too many', ['a', 'b', 'c', 'd'], /has 4 names/],
    ['an object', { 0: 'cat' }, /must be a JSON array of names/],
    ['numbers', [1, 2, 3], /must be a JSON array of names/],
    ['an empty name', ['cat', '', 'cow'], /must be a JSON array of names/],
    ['nothing', undefined, /must be a JSON array of names/],
  ] as const)('refuses %s', (_title, value, message) => {
    expect(() => parseClassNames(value, output)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) }),
    );
  });
});

test('variantOf gives the named variant, else the default one, and says which there are', () => {
  const manifest = parseManifest({
    ...sound(),
    variants: [
      { name: 'int8', file: 'model.onnx', requires: [] },
      { name: 'fp32', file: 'model.onnx', requires: [] },
    ],
  });
  expect([variantOf(manifest).name, variantOf(manifest, 'int8').name]).toEqual(['fp32', 'int8']);
  expect(() => variantOf(manifest, 'fp16')).toThrow(/no variant fp16; it has int8, fp32/);
});
