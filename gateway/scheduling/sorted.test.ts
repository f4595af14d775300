import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Sorted } from './sorted.ts';

test('whatever comes and goes, it is in order, and the first and last are at hand', () => {
  const step = fc.record({ add: fc.boolean(), value: fc.nat(30) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const sorted = new Sorted<number>((one, other) => one - other);
      const model = new Set<number>();
      for (const { add, value } of steps) {
        if (add && !model.has(value)) {
          sorted.add(value);
          model.add(value);
        } else if (!add) {
          sorted.remove(value);
          model.delete(value);
        }
        const expected = [...model].sort((one, other) => one - other);
        expect([...sorted]).toEqual(expected);
        expect([sorted.length, sorted.first, sorted.last]).toEqual([expected.length, expected[0], expected.at(-1)]);
      }
      sorted.clear();
      expect([sorted.length, sorted.first]).toEqual([0, undefined]);
    }),
  );
});
