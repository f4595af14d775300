import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TwinlensError } from '../../core/errors.ts';
import { attribute, externalTensor, field, graph, model, node, tensor } from '../../test/support/onnx-bytes.ts';
import { checkSelfContained } from './onnx-file.ts';

const builtIn = readFileSync(new URL('../../models/efficientnet-lite0/model.onnx', import.meta.url));

describe('a model with tensors in other files is refused, wherever they are', () => {
  const sparse = field(1, externalTensor('w.bin'));
  test.each([
    ['an initializer', model(graph(field(5, externalTensor('w.bin'))))],
    ['one after good ones', model(graph(field(5, tensor()), field(5, externalTensor('../../etc/passwd'))))],
    ['only the location said', model(graph(field(5, field(14, 1))))],
    ['only the file named', model(graph(field(5, field(13, field(1, Buffer.from('location'))))))],
    ['a sparse initializer', model(graph(field(15, sparse)))],
    ['the value of a constant', model(graph(node(attribute(field(5, externalTensor('w.bin'))))))],
    ['a list of tensors', model(graph(node(attribute(field(10, externalTensor('w.bin'))))))],
    ['a sparse value', model(graph(node(attribute(field(22, sparse)))))],
    ['the body of a loop', model(graph(node(attribute(field(6, graph(field(5, externalTensor('w.bin'))))))))],
    ['a function', Buffer.concat([field(25, field(7, field(5, field(5, externalTensor('w.bin')))))])],
  ])('%s', (_title, bytes) => {
    expect(() => checkSelfContained(bytes)).toThrow(/other files/);
  });
});

test('a model in one file passes', () => {
  expect(() => checkSelfContained(builtIn)).not.toThrow();
  expect(() => checkSelfContained(model(graph(field(5, tensor()), node(attribute(field(5, tensor()))))))).not.toThrow();
});

test('graphs nested without end are refused and do not exhaust the stack', () => {
  let inner: Buffer = graph();
  for (let i = 0; i < 5000; i += 1) inner = graph(node(attribute(field(6, inner))));
  expect(() => checkSelfContained(model(inner))).toThrow(/no ONNX file/);
});

test('whatever the bytes are, they pass or are INVALID_ARGUMENT', () => {
  const cut = fc.nat(2000).map((length) => builtIn.subarray(0, length));
  const changed = fc.tuple(fc.nat(2000), fc.integer({ min: 0, max: 255 })).map(([at, value]) => {
    const bytes = Buffer.from(builtIn.subarray(0, 4000));
    bytes[at] = value;
    return bytes;
  });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), cut, changed), (bytes) => {
      try {
        checkSelfContained(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(TwinlensError);
        expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' });
      }
    }),
    { numRuns: 1000 },
  );
});
