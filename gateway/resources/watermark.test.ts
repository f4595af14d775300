import { expect, test } from 'vitest';
import type { Allowance } from './allowance.ts';
import { memoryWatermark } from './watermark.ts';

const usage = { memoryLimitBytes: 1000, ownBytes: 0, disk: undefined, eventLoopMs: 0, gpus: undefined };

function setup(scope: Allowance['scope'], percent = 90) {
  const state = { memoryBytes: 0, shed: 0 };
  const lines: object[] = [];
  const log = { info: (line: object) => lines.push(line), warn: (line: object) => lines.push(line) };
  const overload = memoryWatermark({
    allowance: { cores: 1, memoryBytes: 1000, scope },
    usage: () => ({ ...usage, memoryBytes: state.memoryBytes }),
    percent,
    log,
    onShed: () => {
      state.shed += 1;
    },
  });
  const at = (memoryBytes: number) => {
    state.memoryBytes = memoryBytes;
    return overload();
  };
  return { at, state, lines };
}

test('requests are refused from the watermark on until memory is well below it; each change is logged once', () => {
  const { at, state, lines } = setup('group');
  expect(at(899)).toBeUndefined();
  expect(at(900)).toContain('90 %');
  expect(at(870)).toBeDefined();
  expect(at(849)).toBeUndefined();
  expect(at(870)).toBeUndefined();
  expect(state.shed).toBe(2);
  expect(lines).toMatchObject([{ event_type: 'memory_high' }, { event_type: 'memory_well' }]);
});

test('nothing is refused where memory has no limit of the gateway\u2019s own, or with 0', () => {
  expect(setup('machine').at(1000)).toBeUndefined();
  expect(setup('group', 0).at(1000)).toBeUndefined();
});
