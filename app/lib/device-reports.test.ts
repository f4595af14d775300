import { expect, test } from 'vitest';
import { type DeviceReport, deviceReportSchema } from '../../core/device-report.ts';
import type { Classification } from '../../core/engine.ts';
import type { RoutingMode } from '../../core/routing.ts';
import { FakeClock } from '../../test/doubles/fake-clock.ts';
import { classification } from '../../test/support/classification.ts';
import type { Answer } from './answer.ts';
import { DeviceReports } from './device-reports.ts';

function setup(mode: RoutingMode = 'prefer-device') {
  const clock = new FakeClock();
  const sent: DeviceReport[] = [];
  const reports = new DeviceReports(mode, { clock, send: (report) => void sent.push(report) });
  return { clock, sent, reports };
}

const answer = (infer: number, more: Partial<Answer> = {}, result: Partial<Classification> = {}): Answer => ({
  engine: 'device',
  source: 'run',
  waitedMs: infer,
  reason: 'This device runs the model.',
  result: classification({
    provider: 'wasm',
    timings: { queue: 0, decode: 0, prepare: 0, infer, total: infer },
    ...result,
  }),
  ...more,
});

test('a gateway that does not ask gets no report, whatever happens', async () => {
  const { clock, sent, reports } = setup();
  reports.answered(answer(20));
  reports.asked(false);
  reports.answered(answer(20));
  reports.leaving();
  await clock.advance(3_600_000);
  expect([sent, reports.reporting.get()]).toEqual([[], false]);
});

test('one that asks gets counts and durations by provider after some minutes, and again only after new answers', async () => {
  const { clock, sent, reports } = setup();
  reports.asked(true);
  expect(reports.reporting.get()).toBe(true);
  reports.answered(answer(20));
  reports.answered(answer(30));
  reports.answered(answer(4, {}, { provider: 'webgpu' }));
  await clock.advance(299_999);
  expect(sent).toEqual([]);
  await clock.advance(1);
  expect(sent).toMatchObject([
    {
      timings: [
        { provider: 'webgpu', counts: [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] },
        { provider: 'wasm', counts: [0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0], seconds: expect.closeTo(0.05, 9) },
      ],
    },
  ]);
  expect(deviceReportSchema.safeParse(sent[0]).success).toBe(true);
  await clock.advance(3_600_000);
  expect(sent).toHaveLength(1);
});

test('in mode only-device nothing is counted or sent, and what was counted before is forgotten', async () => {
  const { clock, sent, reports } = setup();
  reports.asked(true);
  reports.answered(answer(20));
  reports.setMode('only-device');
  reports.answered(answer(20));
  reports.leaving();
  await clock.advance(3_600_000);
  reports.setMode('prefer-device');
  reports.leaving();
  expect(sent).toEqual([]);
  const born = setup('only-device');
  born.reports.asked(true);
  born.reports.answered(answer(20));
  born.reports.leaving();
  expect(born.sent).toEqual([]);
});

test('only what ran on this device now is counted', () => {
  const { sent, reports } = setup();
  reports.asked(true);
  reports.answered(answer(20, { engine: 'gateway' }));
  reports.answered(answer(20, { source: 'store' }));
  reports.leaving();
  expect(sent).toEqual([]);
});

test('a page that is left reports what it has, but not twice within a minute', async () => {
  const { clock, sent, reports } = setup();
  reports.asked(true);
  reports.answered(answer(20));
  reports.leaving();
  reports.answered(answer(20));
  reports.leaving();
  expect(sent).toHaveLength(1);
  await clock.advance(60_000);
  reports.leaving();
  expect(sent).toHaveLength(2);
});

test('a report stays within what the gateway takes', async () => {
  const { clock, sent, reports } = setup();
  reports.asked(true);
  for (let i = 0; i < 20_000; i += 1) reports.answered(answer(5));
  await clock.advance(300_000);
  expect(deviceReportSchema.safeParse(sent[0]).success).toBe(true);
});
