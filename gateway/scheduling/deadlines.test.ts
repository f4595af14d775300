import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Deadlines } from './deadlines.ts';

test('the late ones are those whose deadline, as it is by now, has passed, soonest first', () => {
  const step = fc.record({
    kind: fc.constantFrom('add', 'add', 'later', 'delete', 'take'),
    at: fc.nat(20),
    by: fc.integer({ min: 1, max: 20 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const deadlines = new Deadlines<{ deadline: number }>();
      const model: { deadline: number }[] = [];
      let now = 0;
      for (const { kind, at, by } of steps) {
        const one = model[at];
        if (kind === 'add') {
          const fresh = { deadline: now + by };
          deadlines.add(fresh);
          model.push(fresh);
        } else if (kind === 'later' && one) one.deadline += by;
        else if (kind === 'delete' && one) {
          deadlines.delete(one);
          model.splice(at, 1);
        } else if (kind === 'take') {
          now += by;
          const late = model.filter(({ deadline }) => deadline <= now);
          const taken = deadlines.takeLate(now);
          expect(new Set(taken)).toEqual(new Set(late));
          expect(taken.map(({ deadline }) => deadline)).toEqual(
            late.map(({ deadline }) => deadline).sort((x, y) => x - y),
          );
          for (const gone of late) model.splice(model.indexOf(gone), 1);
        }
        expect(deadlines.next).toBe(Math.min(Number.POSITIVE_INFINITY, ...model.map(({ deadline }) => deadline)));
      }
    }),
  );
});
