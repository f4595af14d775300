import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TwinlensError } from '../../core/errors.ts';
import { bytesOf, fingerprintOf, parseCatalogue } from './catalogue-index.ts';

const file = (sha = 'a', ...urls: string[]) => ({ urls: ['x.onnx', ...urls], bytes: 7, sha256: sha.repeat(64) });
const onnx = (content: object = {}) => ({
  name: 'x',
  version: 1,
  title: 'X',
  licence: 'MIT',
  source: 'a test',
  content: { kind: 'onnx', file: file(), preset: 'caffe', classNames: 'imagenet-1k', ...content },
});
const packed = (...paths: string[]) => ({
  ...onnx(),
  content: { kind: 'package', files: Object.fromEntries(paths.map((path) => [path, file()])) },
});
const parse = (...models: unknown[]) => parseCatalogue({ format: 'twinlens-catalogue/1', models });

function only(model: unknown) {
  const [entry] = parse(model).entries;
  if (!entry) throw new Error(parse(model).refused[0]?.reason);
  return entry;
}

describe('a catalogue index', () => {
  it('ignores fields that a later format may add', () => {
    const later = { ...onnx(), stars: 5, content: { ...onnx().content, quantised: true } };
    expect(parse(later).refused).toEqual([]);
  });

  it.each([
    ['of another format', { format: 'twinlens-catalogue/2', models: [] }],
    ['without a list', { format: 'twinlens-catalogue/1' }],
    ['too long', { format: 'twinlens-catalogue/1', models: new Array(1001).fill(0) }],
    ['a list', []],
    ['nothing', null],
  ])('is refused as a whole when it is %s', (_, value) => {
    expect(() => parseCatalogue(value)).toThrow('It is no catalogue of models');
  });

  it.each([
    ['a preset that does not exist', onnx({ preset: 'sepia' }), 'content.preset'],
    ['an upper-case name', { ...onnx(), name: 'X' }, 'name'],
    ['no address', onnx({ file: { ...file(), urls: [] } }), 'content.file.urls'],
    ['a sum that is none', onnx({ file: { ...file(), sha256: 'A'.repeat(64) } }), 'content.file.sha256'],
    ['class names of 17 MB', onnx({ classNames: { ...file(), bytes: 17_000_000 } }), 'too large for class names'],
    ['a package without manifest', packed('model.onnx'), 'must have model.json'],
    ['a path that leaves the package', packed('model.json', '../x'), 'relative paths inside the package'],
    ['an absolute path', packed('model.json', '/etc/x'), 'relative paths inside the package'],
    ['a hidden path', packed('model.json', '.x'), 'relative paths inside the package'],
  ])('refuses an entry with %s, saying where', (_, entry, reason) => {
    expect(parse(entry)).toMatchObject({ entries: [], refused: [{ reason: expect.stringContaining(reason) }] });
  });

  it('never fails but with INVALID_ARGUMENT, whatever it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.array(fc.jsonValue()), (value, models) => {
        expect(parse(...models).refused.length).toBe(models.length);
        try {
          parseCatalogue(value);
        } catch (error) {
          expect(error).toBeInstanceOf(TwinlensError);
        }
      }),
    );
  });

  it('counts every byte of an entry', () => {
    expect(bytesOf(only(onnx()))).toBe(7);
    expect(bytesOf(only(onnx({ classNames: file('b') })))).toBe(14);
    expect(bytesOf(only(packed('model.json', 'a', 'b')))).toBe(21);
  });

  it('has the same fingerprint wherever its files lie, and another one for other content', () => {
    const print = (content: object) => fingerprintOf(only(onnx(content)));
    const same = print({ file: file('a', 'https://elsewhere.example/y.onnx') });
    expect(same).toBe(print({}));
    const others = [
      { file: file('b') },
      { preset: 'torchvision' },
      { classNames: file('c') },
      { classNames: file('d') },
      { notSureBelow: 0.5 },
    ].map(print);
    expect(new Set([same, ...others]).size).toBe(6);
  });
});
