import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { attribute, cast, constant, field, graph, model, operator, tensor } from '../../test/support/onnx-bytes.ts';
import { NO_SHARED, sharedDir } from '../../test/support/shared-photos.ts';
import { numbersOf } from './onnx-numbers.ts';

const HALF = 10;
const weight = (name: string, element = 1, bytes = 400) => field(5, tensor(name, element, bytes));

describe('the numbers of a model are called by what is in its file', () => {
  test.each([
    ['weights of floats', 'fp32', [operator('Conv', ['x', 'W'], 'y'), weight('W')]],
    ['no weights at all', 'fp32', [operator('GlobalAveragePool', ['x'], 'y')]],
    ['weights of halves', 'fp16', [operator('Conv', ['x', 'W'], 'y'), weight('W', HALF)]],
    ['a constant of halves', 'fp16', [constant('W', tensor('', HALF, 400)), operator('Conv', ['x', 'W'], 'y')]],
    ['halves that are only kept so', 'w16', [cast('W', 1, 'V'), operator('Conv', ['x', 'V'], 'y'), weight('W', HALF)]],
    ['halves cast to something else', 'fp16', [cast('W', 7, 'V'), weight('W', HALF)]],
    ['few halves among floats', 'fp32', [operator('Conv', ['x', 'W'], 'y'), weight('W'), weight('S', HALF, 4)]],
    ...['QuantizeLinear', 'DequantizeLinear', 'DynamicQuantizeLinear', 'ConvInteger', 'MatMulInteger'].map(
      (type) => [type, 'int8', [operator(type, ['x', 'W'], 'y'), weight('W')]] as const,
    ),
    ['QLinearConv', 'int8', [operator('QLinearConv', ['x', 'W'], 'y'), weight('W')]],
    [
      'the body of a loop',
      'int8',
      [operator('Loop', ['x'], 'y', attribute(field(6, graph(operator('QLinearAdd', [], 'z')))))],
    ],
  ] as const)('%s: %s', (_title, name, parts) => {
    expect(numbersOf(model(graph(...parts)))).toBe(name);
  });

  test('the built-in model keeps halves and computes in floats', () => {
    expect(numbersOf(readFileSync(new URL('../../models/efficientnet-lite0/model.onnx', import.meta.url)))).toBe('w16');
  });

  test.skipIf(sharedDir === undefined).each([
    ['mobilenetv2-12-int8', 'int8'],
    ['shufflenet-v2-12-int8', 'int8'],
    ['mobilenetv2-dq-fp16-io32', 'fp16'],
    ['mobilenetv2-dq-fp32', 'fp32'],
    ['squeezenet1.0-fp32', 'fp32'],
  ])(`%s, as others exported it: %s${sharedDir === undefined ? ` (skipped: ${NO_SHARED})` : ''}`, (file, name) => {
    expect(numbersOf(readFileSync(join(sharedDir ?? '', 'models', `${file}.onnx`)))).toBe(name);
  });
});
