import { describe, expect, test } from 'vitest';
import { formatToInstance, parseFromInstance, parseToInstance, type ToInstance } from './wire.ts';

const jpeg = { encoding: 'jpeg', data: new Uint8Array([1, 2, 3]) } as const;
const pixels = { encoding: 'rgb8', width: 1, height: 2, data: new Uint8Array([4, 5, 6, 7, 8, 9]) } as const;
const order: ToInstance = {
  type: 'run',
  id: 7,
  items: [
    { image: jpeg, top: 5 },
    { image: pixels, top: 1 },
  ],
};

/** As it is after the pipe. */
function sent(message: ToInstance) {
  const { value, payload } = formatToInstance(message);
  return { value: JSON.parse(JSON.stringify(value)), payload: Uint8Array.from(Buffer.concat(payload)) };
}

describe('orders of the gateway', () => {
  test('arrive as they were given, each picture with its own bytes', () => {
    expect(parseToInstance(sent(order))).toEqual(order);
  });

  test('that hold no picture arrive as they were given', () => {
    expect(parseToInstance(sent({ type: 'pace', ms: 300 }))).toEqual({ type: 'pace', ms: 300 });
  });

  test('a size that is no number of pixels arrives as one, so that only its picture is refused', () => {
    const image = { ...pixels, width: Number.POSITIVE_INFINITY, height: 1.5 };
    const [item] = [parseToInstance(sent({ ...order, items: [{ image, top: 1 }] }))].flatMap((one) =>
      one.type === 'run' ? one.items : [],
    );
    expect(item?.image).toMatchObject({ width: Number.NaN, height: 1.5 });
  });

  test('with other bytes than they say are an error', () => {
    const { value, payload } = sent(order);
    expect(() => parseToInstance({ value, payload: payload.subarray(1) })).toThrow();
    expect(() => parseToInstance({ value, payload: new Uint8Array(10) })).toThrow();
  });
});

describe('answers of an instance', () => {
  const ran = { type: 'ran', id: 7, infer: 1, batchSize: 1, residentBytes: 1 };
  const item = { ok: true, predictions: [{ label: 'a', index: 0, score: 1 }], decode: 1, prepare: 1 };

  test('that lack something, or have something of another kind, are an error', () => {
    const parse = (value: unknown) => parseFromInstance({ value, payload: new Uint8Array() });
    expect(parse({ ...ran, items: [item] })).toMatchObject({ id: 7 });
    const wrong = [{ ...item, decode: null }, { ...item, predictions: [{ label: 'a', index: 0.5, score: 1 }] }, {}];
    for (const one of wrong) expect(() => parse({ ...ran, items: [one] })).toThrow();
    for (const value of [undefined, 'ran', { ...ran }, { ...ran, items: [], residentBytes: -1 }])
      expect(() => parse(value)).toThrow();
  });
});
