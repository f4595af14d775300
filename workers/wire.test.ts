import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TwinlensError } from '../core/errors.ts';
import { METHODS, type Method, parseFromWorker, parseParams, parseResult, parseToWorker } from './wire.ts';

const methods = Object.keys(METHODS) as Method[];

test('whatever arrives is read or refused with a code, and nothing else is thrown', () => {
  const parses = [
    parseToWorker,
    parseFromWorker,
    ...methods.flatMap((method) => [
      (value: unknown) => parseParams(method, value),
      (value: unknown) => parseResult(method, value),
    ]),
  ];
  const kinds = fc.constantFrom('start', 'call', 'cancel', 'hello', 'value', 'error', 'event', 'replace');
  const message = fc.oneof(fc.anything(), fc.record({ kind: kinds, id: fc.anything(), method: fc.anything() }));
  fc.assert(
    fc.property(message, (value) => {
      for (const parse of parses) {
        try {
          parse(value);
        } catch (error) {
          expect(error).toBeInstanceOf(TwinlensError);
        }
      }
    }),
  );
});

test('what a caller hands in wrongly is INVALID_ARGUMENT and names the field', () => {
  const call = () => parseParams('classify', { image: { encoding: 'bmp', data: new Uint8Array(1) }, options: {} });
  expect(call).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  expect(() => parseParams('prepare', { picture: 'photo.jpg' })).toThrow(/picture must be a Blob/);
});

test('a picture is a Blob, a frame or a bitmap', () => {
  const picture = new Blob(['x']);
  expect(parseParams('prepare', { picture }).picture).toBe(picture);
});
