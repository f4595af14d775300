import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type DeviceCondition,
  type GatewayCondition,
  parseRoutingMode,
  ROUTING_MODES,
  type RoutingInput,
  route,
} from './routing.ts';

const median = fc.option(fc.double({ min: 0, max: 10_000, noNaN: true }), { nil: undefined });
const device: fc.Arbitrary<DeviceCondition> = fc.oneof(
  median.map((medianMs) => ({ state: 'ready' as const, medianMs })),
  fc.constant({ state: 'loading' as const }),
  fc.constant({ state: 'unavailable' as const, reason: 'no WebAssembly.' }),
  fc.constant({ state: 'failed' as const, reason: 'out of memory' }),
);
const gateway: fc.Arbitrary<GatewayCondition> = fc.oneof(
  median.map((medianMs) => ({ state: 'ready' as const, medianMs })),
  fc.constant({ state: 'connecting' as const }),
  fc.constant({ state: 'unreachable' as const, reason: 'no answer' }),
  fc.constant({ state: 'draining' as const }),
);
const input: fc.Arbitrary<RoutingInput> = fc.record({
  mode: fc.constantFrom(...ROUTING_MODES),
  device,
  gateway,
  current: fc.option(fc.constantFrom('device' as const, 'gateway' as const), { nil: undefined }),
});

describe('route', () => {
  test('names only engines that are ready and that the mode allows, and says why in words', () => {
    fc.assert(
      fc.property(input, (given) => {
        const chosen = route(given);
        for (const engine of [chosen.engine, chosen.fallback]) {
          if (engine === 'none') continue;
          expect(given[engine].state).toBe('ready');
          if (given.mode.startsWith('only-')) expect(given.mode).toBe(`only-${engine}`);
        }
        if (chosen.engine !== 'none') expect(chosen.fallback).not.toBe(chosen.engine);
        expect(chosen.reason).toMatch(/^[A-Z].*[.]$/);
        expect(chosen.reason).not.toContain('..');
      }),
    );
  });

  test('answers with none only when no allowed engine is ready', () => {
    fc.assert(
      fc.property(input, (given) => {
        const allowed = { device: given.mode !== 'only-gateway', gateway: given.mode !== 'only-device' };
        const possible = (['device', 'gateway'] as const).some(
          (engine) => allowed[engine] && given[engine].state === 'ready',
        );
        expect(route(given).engine === 'none').toBe(!possible);
      }),
    );
  });

  test('stays where it is when asked again with its own answer as the current engine', () => {
    fc.assert(
      fc.property(input, (given) => {
        const first = route(given);
        if (first.engine === 'none') return;
        expect(route({ ...given, current: first.engine }).engine).toBe(first.engine);
      }),
    );
  });

  const ready = { state: 'ready' } as const;
  test.each([
    [
      'prefer-device takes the device when both are ready',
      { mode: 'prefer-device', device: ready, gateway: ready },
      'device',
      'gateway',
      'CHOSEN',
    ],
    [
      'prefer-device takes the gateway while the model loads',
      { mode: 'prefer-device', device: { state: 'loading' }, gateway: ready },
      'gateway',
      'none',
      'DEVICE_LOADING',
    ],
    [
      'prefer-device leaves a device that is slow where the gateway is fast',
      { mode: 'prefer-device', device: { state: 'ready', medianMs: 1600 }, gateway: { state: 'ready', medianMs: 40 } },
      'gateway',
      'device',
      'DEVICE_SLOW',
    ],
    [
      'prefer-device keeps a slow device when the gateway is no better',
      { mode: 'prefer-device', device: { state: 'ready', medianMs: 1600 }, gateway: { state: 'ready', medianMs: 900 } },
      'device',
      'gateway',
      'CHOSEN',
    ],
    [
      'prefer-device does not swing back to a device that is still clearly slower',
      {
        mode: 'prefer-device',
        device: { state: 'ready', medianMs: 1600 },
        gateway: { state: 'ready', medianMs: 900 },
        current: 'gateway',
      },
      'gateway',
      'device',
      'DEVICE_SLOW',
    ],
    [
      'prefer-gateway takes the device while the gateway restarts',
      { mode: 'prefer-gateway', device: ready, gateway: { state: 'draining' } },
      'device',
      'none',
      'GATEWAY_DRAINING',
    ],
    [
      'only-device waits for its model although the gateway is ready',
      { mode: 'only-device', device: { state: 'loading' }, gateway: ready },
      'none',
      'none',
      'DEVICE_LOADING',
    ],
    [
      'only-gateway waits for its connection although the device is ready',
      { mode: 'only-gateway', device: ready, gateway: { state: 'connecting' } },
      'none',
      'none',
      'GATEWAY_CONNECTING',
    ],
    [
      'says that none is ready',
      {
        mode: 'prefer-device',
        device: { state: 'failed', reason: 'x' },
        gateway: { state: 'unreachable', reason: 'y' },
      },
      'none',
      'none',
      'NONE_READY',
    ],
  ] as const satisfies readonly (readonly [string, RoutingInput, string, string, string])[])(
    '%s',
    (_title, given, engine, fallback, code) => {
      expect(route(given)).toMatchObject({ engine, fallback, code });
    },
  );
});

test('a mode that is not one of the four is no mode', () => {
  expect(ROUTING_MODES.map(parseRoutingMode)).toEqual(ROUTING_MODES);
  expect([null, '', 'device', 3].map(parseRoutingMode)).toEqual([undefined, undefined, undefined, undefined]);
});
