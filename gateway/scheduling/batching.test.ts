import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Batching, type Situation } from './batching.ts';
import { CostCurve } from './cost-curve.ts';

/** A run costs `fixed` milliseconds and `each` for every image. */
const line = (fixed: number, each: number) => new CostCurve([1, 64].map((size) => ({ size, ms: fixed + each * size })));
const alone: Situation = {
  now: 1000,
  waiting: 1,
  oldest: 1000,
  tightestDeadline: 11_000,
  gapMs: Number.POSITIVE_INFINITY,
  silenceMs: 0,
  seen: 1,
  room: { instances: 1, idle: 1 },
};

const ms = fc.double({ min: 0.01, max: 200, noNaN: true });
const size = fc.integer({ min: 1, max: 64 });
const curve = fc.array(fc.record({ size, ms }), { minLength: 1, maxLength: 12 }).map((points) => new CostCurve(points));
const room = fc.oneof(
  fc.record({ instances: fc.integer({ min: 1, max: 8 }), idle: fc.constant(1) }),
  fc.record({
    instances: fc.integer({ min: 1, max: 8 }),
    idle: fc.constant(0),
    ahead: fc.record({ since: fc.integer({ min: 900, max: 1000 }), size }),
  }),
);
const situation = fc
  .record({
    waiting: fc.integer({ min: 1, max: 100 }),
    age: ms,
    left: ms,
    gapMs: fc.oneof(ms, fc.constant(Number.POSITIVE_INFINITY)),
    silenceMs: ms,
    seen: fc.integer({ min: 1, max: 64 }),
    room,
  })
  .map(
    ({ age, left, ...rest }): Situation => ({ ...rest, now: 1000, oldest: 1000 - age, tightestDeadline: 1000 + left }),
  );

/** Where company is worth waiting for, if there is time. */
const paying = fc
  .record({
    fixed: fc.integer({ min: 5, max: 50 }),
    each: fc.double({ min: 0.01, max: 1, noNaN: true }),
    preparation: fc.nat(4),
  })
  .map(({ fixed, each, preparation }) => {
    const costs = line(fixed, each);
    costs.prepared(1, preparation);
    return costs;
  });
const pressed = fc
  .record({
    waiting: fc.integer({ min: 1, max: 10 }),
    left: fc.integer({ min: 1, max: 150 }),
    gapMs: fc.double({ min: 0.1, max: 2, noNaN: true }),
    room,
  })
  .map(
    ({ left, ...rest }): Situation => ({
      ...rest,
      now: 1000,
      oldest: 1000,
      tightestDeadline: 1000 + left,
      silenceMs: 0,
      seen: 64,
    }),
  );

describe('Batching', () => {
  test('a batch has at least one request, and no more than wait or are allowed', () => {
    fc.assert(
      fc.property(curve, size, situation, (costs, maxBatch, now) => {
        const batching = new Batching(costs, maxBatch, 5);
        const chosen = batching.size(now);
        const deadlines = Array.from({ length: now.waiting }, (_, at) => now.tightestDeadline + at);
        for (const batch of [chosen, batching.sizeUnderPressure(chosen, deadlines, now)]) {
          expect(Number.isInteger(batch)).toBe(true);
          expect(batch).toBeGreaterThanOrEqual(1);
          expect(batch).toBeLessThanOrEqual(Math.min(now.waiting, maxBatch));
        }
      }),
    );
  });

  test('waiting for company ends before the limit and before the tightest deadline needs the run', () => {
    fc.assert(
      fc.property(curve, fc.oneof(ms, fc.constant(0)), situation, (costs, maxWaitMs, now) => {
        const batching = new Batching(costs, 64, maxWaitMs);
        const wait = batching.waitMs(now);
        expect(wait).toBeGreaterThanOrEqual(0);
        if (wait === 0 || now.room.ahead) return;
        expect(now.now + wait).toBeLessThanOrEqual(now.oldest + maxWaitMs + 1e-9);
        expect(now.now + wait + batching.doneInMs(now.waiting + 1, now)).toBeLessThanOrEqual(
          now.tightestDeadline + 1e-9,
        );
      }),
    );
  });

  test('a wait ends before the deadline and makes nobody late who would be in time without it', () => {
    let waits = 0;
    fc.assert(
      fc.property(paying, pressed, fc.nat(50), (costs, now, maxWaitMs) => {
        const batching = new Batching(costs, 64, maxWaitMs);
        const wait = batching.waitMs(now);
        const doneAt = (at: number, size: number) => at + batching.doneInMs(size, { now: at, room: now.room });
        if (wait === 0 || doneAt(now.now, now.waiting) > now.tightestDeadline) return;
        waits += 1;
        expect(now.now + wait).toBeLessThan(now.tightestDeadline);
        const company = now.room.ahead ? 0 : 1;
        expect(doneAt(now.now + wait, now.waiting + company)).toBeLessThanOrEqual(now.tightestDeadline + 1e-9);
      }),
      { numRuns: 500 },
    );
    expect(waits, 'of 500 situations').toBeGreaterThan(50);
  });

  test('behind a running batch nothing is kept back longer than that runs', () => {
    fc.assert(
      fc.property(curve, situation, (costs, now) => {
        const { ahead } = now.room;
        if (!ahead) return;
        const left = Math.max(ahead.since + costs.runMs(ahead.size) - now.now, 0);
        expect(new Batching(costs, 64, 5).waitMs(now)).toBeLessThanOrEqual(left);
      }),
    );
  });

  test('where a batch costs what its images cost one by one, nothing waits, and nothing is put together', () => {
    fc.assert(
      fc.property(ms, situation, (each, now) => {
        const batching = new Batching(line(0, each), 64, 1000);
        if (now.waiting < 64) expect(batching.waitMs(now)).toBe(0);
        expect(batching.size(now)).toBe(1);
      }),
    );
  });

  test('batches pay where a run costs much whatever its size, and not where each image costs as much again', () => {
    expect(new Batching(line(10, 1), 32, 0).pays).toBe(true);
    expect(new Batching(line(1, 10), 32, 0).pays).toBe(false);
  });

  test('what comes alone, or would find another instance idle, does not wait', () => {
    const batching = new Batching(line(10, 0.1), 32, 1000);
    expect(batching.waitMs(alone)).toBe(0);
    const busy = { ...alone, gapMs: 0.5 };
    expect(batching.waitMs(busy)).toBeGreaterThan(0);
    expect(batching.waitMs({ ...busy, room: { instances: 2, idle: 2 } })).toBe(0);
  });

  test('nobody is waited for after the burst is over', () => {
    const batching = new Batching(line(10, 0.1), 32, 1000);
    expect(batching.waitMs({ ...alone, gapMs: 0.5, silenceMs: 0.8 })).toBeCloseTo(0.2);
    expect(batching.waitMs({ ...alone, gapMs: 0.5, silenceMs: 1 })).toBe(0);
  });

  test('where a run costs much whatever its size, all that wait run together; idle instances share them', () => {
    const batching = new Batching(line(10, 0.1), 32, 0);
    expect(batching.size({ ...alone, waiting: 20 })).toBe(20);
    expect(batching.size({ ...alone, waiting: 50 })).toBe(32);
    expect(batching.size({ ...alone, waiting: 20, room: { instances: 2, idle: 2 } })).toBe(10);
  });

  test('the higher the load, the larger the batches: throughput counts then', () => {
    const batching = new Batching(line(1, 9.5), 4, 0);
    const sizes = [1000, 20, 12, 10.1].map((gapMs) => batching.size({ ...alone, waiting: 4, gapMs }));
    expect(sizes).toEqual([...sizes].sort((a, b) => a - b));
    expect([sizes[0], sizes.at(-1)]).toEqual([1, 4]);
  });

  test('batches are sent to a busy instance early enough that their pictures are decoded when it is free', () => {
    const costs = line(10, 1);
    costs.prepared(1, 2);
    const room = { instances: 1, idle: 0, ahead: { since: 1000, size: 10 } };
    // Free in 20 ms, 2 ms of decoding and the margins before it.
    expect(new Batching(costs, 32, 0).waitMs({ ...alone, room })).toBe(16.5);
    expect(new Batching(costs, 32, 0).doneInMs(1, { now: 1000, room })).toBeCloseTo(20 + 1.05 * 11);
  });
});
