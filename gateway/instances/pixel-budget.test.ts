import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PixelBudget } from './pixel-budget.ts';

test('pixels held at once stay below the limit, everyone has a turn in order, and failures free theirs', async () => {
  const job = fc.record({ pixels: fc.integer({ min: 0, max: 12 }), fails: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(job, { maxLength: 30 }), fc.scheduler(), async (jobs, scheduler) => {
      const budget = new PixelBudget(10);
      const running = new Map<number, number>();
      const started: number[] = [];
      const endings = jobs.map(({ pixels, fails }, at) =>
        budget.spend(pixels, async () => {
          started.push(at);
          running.set(at, pixels);
          const held = [...running.values()].reduce((sum, count) => sum + count, 0);
          expect(held <= 10 || [...running.values()].filter((count) => count > 0).length === 1).toBe(true);
          await scheduler.schedule(Promise.resolve(), `job ${at}`);
          running.delete(at);
          if (fails) throw new Error('broken');
        }),
      );
      const settled = Promise.allSettled(endings);
      await scheduler.waitFor(settled);
      expect((await settled).map(({ status }) => status === 'rejected')).toEqual(jobs.map(({ fails }) => fails));
      expect(started).toEqual(jobs.map((_, at) => at));
    }),
  );
});
