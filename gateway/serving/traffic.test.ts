import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ERROR_TABLE, isErrorCode } from '../../core/errors.ts';
import { endingOf, TrafficWindow } from './traffic.ts';

describe('a window of traffic', () => {
  it('counts what is inside and forgets what is older', () => {
    const window = new TrafficWindow(30_000);
    window.add(0, 10);
    window.add(15_000, undefined, true);
    expect(window.read(15_000)).toMatchObject({ windowMs: 30_000, requests: 2, errors: 1 });
    expect(window.read(30_500)).toMatchObject({ requests: 1, errors: 1 });
    expect(window.read(60_000)).toEqual({ windowMs: 30_000, requests: 0, errors: 0 });
  });

  it('does not take old buckets for new ones when time has gone round the ring', () => {
    const window = new TrafficWindow(30_000);
    for (let at = 0; at < 5; at += 1) window.add(at * 30_000, 10);
    expect(window.read(120_000).requests).toBe(1);
  });

  it('has percentiles that are right to 5 %', () => {
    const durations = fc.array(fc.double({ min: 0.2, max: 100_000, noNaN: true }), { minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(durations, (list) => {
        const window = new TrafficWindow();
        for (const ms of list) window.add(1000, ms);
        const sorted = [...list].sort((a, b) => a - b);
        const { p50Ms = 0, p99Ms = 0 } = window.read(1000);
        for (const [got, share] of [
          [p50Ms, 0.5],
          [p99Ms, 0.99],
        ] as const) {
          const exact = sorted[Math.max(1, Math.ceil(sorted.length * share)) - 1] ?? 0;
          expect(Math.abs(got / exact - 1)).toBeLessThan(0.0501);
        }
      }),
    );
  });

  it('has no percentiles while nothing was answered', () => {
    const window = new TrafficWindow();
    window.add(0, undefined, true);
    expect(window.read(0).p99Ms).toBeUndefined();
  });
});

it('only faults of the server are faults', () => {
  const codes = Object.keys(ERROR_TABLE).filter(isErrorCode);
  const faults = codes.filter((code) => endingOf(code) === 'fault').sort();
  expect(faults).toEqual(['DEADLINE_EXCEEDED', 'ENGINE_FAILED', 'INTERNAL', 'UNAVAILABLE']);
  expect(codes.filter((code) => endingOf(code) === 'answered')).toEqual([]);
  expect(endingOf('OK')).toBe('answered');
});
