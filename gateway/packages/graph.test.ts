import { describe, expect, test } from 'vitest';
import { builtIn } from '../../test/contract/inference-engine.ts';
import type { GraphValue } from '../instances/index.ts';
import { checkAgainst, checkClassCount, readInput, readOutput } from './graph.ts';

const value = (name: string, shape: GraphValue['shape'], datatype = 'float32'): GraphValue => ({
  name,
  datatype,
  shape,
});
const inputs = (...values: GraphValue[]) => ({ inputs: values, outputs: [] });
const outputs = (...values: GraphValue[]) => ({ inputs: [], outputs: values });

describe('readInput', () => {
  test.each([
    [
      'colours first, any batch',
      ['N', 3, 224, 192],
      { layout: 'NCHW', channels: 3, height: 224, width: 192, batch: 'any' },
    ],
    [
      'colours last, one picture',
      [1, 224, 192, 3],
      { layout: 'NHWC', channels: 3, height: 224, width: 192, batch: 'one' },
    ],
    ['gray', [1, 1, 28, 28], { layout: 'NCHW', channels: 1, height: 28, width: 28, batch: 'one' }],
    ['a free batch without a name', [-1, 3, 8, 8], { batch: 'any', channels: 3 }],
    [
      'all free, as optimum exports it',
      ['b', 'num_channels', 'height', 'width'],
      { layout: 'NCHW', channels: undefined, height: undefined, width: undefined },
    ],
    ['free sides with colours last', ['b', 'h', 'w', 3], { layout: 'NHWC', channels: 3, height: undefined }],
  ] as const)('takes %s', (_title, shape, expected) => {
    expect(readInput(inputs(value('x', [...shape])))).toMatchObject(expected);
  });

  test.each([
    ['no input', [], /has 0/],
    ['two inputs', [value('x', [1, 3, 8, 8]), value('y', [1])], /one input, but the graph has 2: x .*; y /],
    ['rank 2', [value('x', ['N', 512])], /rank 2/],
    ['rank 5', [value('x', [1, 1, 3, 8, 8])], /rank 5/],
    ['halves', [value('x', [1, 3, 8, 8], 'float16')], /float16; only float32/],
    ['bytes', [value('x', [1, 3, 8, 8], 'uint8')], /uint8; only float32/],
    ['batches of 8 only', [value('x', [8, 3, 8, 8])], /8 pictures at a time/],
    ['four channels', [value('x', ['N', 4, 8, 8])], /neither 3 \(colours\) nor 1 \(gray\)/],
  ])('refuses %s and says why', (_title, values, why) => {
    expect(() => readInput(inputs(...values))).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    expect(() => readInput(inputs(...values))).toThrow(why);
  });
});

describe('readOutput', () => {
  test.each([
    ['[batch, classes]', [value('y', ['N', 10])], { name: 'y', classes: 10 }],
    ['classes with tails of 1', [value('y', [1, 10, 1, 1])], { name: 'y', classes: 10 }],
    ['a free number of classes', [value('y', ['N', 'C'])], { name: 'y', classes: undefined }],
    ['the one that fits the names', [value('a', ['N', 5]), value('b', ['N', 10])], { name: 'b', classes: 10 }],
    ['the usual name where none fits', [value('features', ['N', 5]), value('logits', ['N', 7])], { name: 'logits' }],
    ['the one with numbers', [value('ids', ['N', 10], 'int64'), value('y', ['N', 7])], { name: 'y', classes: 7 }],
  ])('finds %s', (_title, values, expected) => {
    expect(readOutput(outputs(...values), 10)).toMatchObject(expected);
  });

  test.each([
    ['halves only', [value('y', ['N', 10], 'float16')], /no float32 output/],
    ['two that could be it', [value('a', ['N', 10]), value('b', ['N', 10])], /not clear: a .*; b /],
  ])('refuses %s', (_title, values, why) => {
    expect(() => readOutput(outputs(...values), 10)).toThrow(why);
  });
});

test('another number of names than of classes is refused with both numbers', () => {
  expect(() => checkClassCount({ name: 'features', classes: 1280 }, 1000)).toThrow(/1280 .* 1000 class names/);
  expect(() => checkClassCount({ name: 'y', classes: 1000 }, 1000)).not.toThrow();
  expect(() => checkClassCount({ name: 'y', classes: undefined }, 1000)).not.toThrow();
});

describe('checkAgainst', () => {
  const graph = (input: GraphValue, ...more: GraphValue[]) => ({ inputs: [input], outputs: more });
  const good = value('input', ['N', 3, 224, 224]);
  const logits = value('logits', ['N', 1000]);
  const features = value('features', ['N', 1280]);

  test('the graph of the manifest passes', () => {
    expect(() => checkAgainst(graph(good, logits, features), builtIn)).not.toThrow();
  });

  test.each([
    ['another size', graph(value('input', ['N', 3, 192, 192]), logits, features), /\[batch, 3, 224, 224\]/],
    ['another layout', graph(value('input', ['N', 224, 224, 3]), logits, features), /\(NCHW\)/],
    ['another name', graph(value('x', ['N', 3, 224, 224]), logits, features), /says input/],
    ['one picture at a time', graph(value('input', [1, 3, 224, 224]), logits, features), /one picture at a time, but/],
    ['other classes', graph(good, value('logits', ['N', 10]), features), /1000 classes/],
    ['no such output', graph(good, features), /says logits/],
    ['no such embedding', graph(good, logits), /no output features/],
  ])('a graph with %s is refused', (_title, other, why) => {
    expect(() => checkAgainst(other, builtIn)).toThrow(why);
  });
});
