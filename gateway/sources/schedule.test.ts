import { describe, expect, it } from 'vitest';
import { FakeClock, settle } from '../../test/doubles/fake-clock.ts';
import { Schedule, type ScheduleOptions } from './schedule.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

function make(options: Partial<ScheduleOptions> = {}) {
  const clock = new FakeClock(0);
  const ends: ((done: boolean) => void)[] = [];
  const schedule = new Schedule({
    intervalMs: 12 * HOUR,
    jitter: 0.1,
    retryMs: MINUTE,
    whileRunning: 'join',
    clock,
    now: clock.now,
    random: () => 0.5,
    check: () => new Promise((resolve) => ends.push(resolve)),
    onChange: () => undefined,
    ...options,
  });
  /** Ends the check that runs. */
  const end = async (done: boolean) => {
    ends.at(-1)?.(done);
    await settle();
  };
  return { clock, schedule, end, checks: () => ends.length };
}

describe('a schedule', () => {
  it('checks at once, and again after the interval', async () => {
    const { clock, schedule, end, checks } = make();
    void schedule.check();
    expect([checks(), schedule.checking]).toEqual([1, true]);
    await end(true);
    expect(schedule).toMatchObject({ checking: false, lastCheckAt: 0, nextCheckAt: 12 * HOUR });
    await clock.advance(12 * HOUR - 1);
    expect(checks()).toBe(1);
    await clock.advance(1);
    expect(checks()).toBe(2);
  });

  it('shifts the next check by a tenth of the interval at most', async () => {
    for (const [random, expected] of [
      [0, 10.8],
      [1, 13.2],
    ] as const) {
      const { schedule, end } = make({ random: () => random });
      void schedule.check();
      await end(true);
      expect(schedule.nextCheckAt).toBe(expected * HOUR);
    }
  });

  it('tries again a minute after a failure, then after twice as long each time, up to the interval', async () => {
    const { clock, schedule, end } = make({ intervalMs: 5 * MINUTE });
    const waits: number[] = [];
    void schedule.check();
    for (let failure = 0; failure < 5; failure += 1) {
      await end(false);
      const wait = (schedule.nextCheckAt ?? 0) - clock.now();
      waits.push(wait / MINUTE);
      await clock.advance(wait);
    }
    expect(waits).toEqual([1, 2, 4, 5, 5]);
    await end(true);
    expect(schedule.nextCheckAt).toBe(clock.now() + 5 * MINUTE);
  });

  it('runs one check at a time: a second demand joins it', async () => {
    const { schedule, end, checks } = make();
    const [first, second] = [schedule.check(), schedule.check()];
    await end(true);
    await Promise.all([first, second]);
    expect(checks()).toBe(1);
  });

  it('follows a running check by exactly one more where what is checked may have changed meanwhile', async () => {
    const { schedule, end, checks } = make({ whileRunning: 'again' });
    void schedule.check();
    const late = Promise.all([schedule.check(), schedule.check()]);
    await end(true);
    expect(checks()).toBe(2);
    await end(true);
    await late;
    expect(checks()).toBe(2);
  });

  it('begins the interval anew after a check on demand', async () => {
    const { clock, schedule, end, checks } = make({ intervalMs: HOUR });
    void schedule.check();
    await end(true);
    await clock.advance(HOUR / 2);
    void schedule.check();
    await end(true);
    await clock.advance(HOUR - 1);
    expect(checks()).toBe(2);
  });

  it('waits for longer than one timer of the platform can', async () => {
    const { clock, schedule, end, checks } = make({ intervalMs: 30 * 24 * HOUR });
    void schedule.check();
    await end(true);
    await clock.advance(30 * 24 * HOUR - 1);
    expect(checks()).toBe(1);
    await clock.advance(1);
    expect(checks()).toBe(2);
  });

  it('checks only on demand when the interval is 0', async () => {
    const { clock, schedule, end } = make({ intervalMs: 0 });
    void schedule.check();
    await end(false);
    expect([schedule.nextCheckAt, clock.pending]).toEqual([undefined, 0]);
  });

  it('leaves no timer behind when it is closed, and aborts what runs', async () => {
    let aborted = false;
    const { clock, schedule } = make({
      check: (signal) =>
        new Promise((resolve) =>
          signal.addEventListener('abort', () => {
            aborted = true;
            resolve(false);
          }),
        ),
    });
    void schedule.check();
    await schedule.close();
    expect([aborted, clock.pending, schedule.nextCheckAt]).toEqual([true, 0, undefined]);
  });
});
