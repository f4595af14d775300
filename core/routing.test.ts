import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type DeviceCondition,
  type GatewayCondition,
  parseRoutingMode,
  ROUTING_MODES,
  type RoutingInput,
  type RoutingMode,
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
  const devices = {
    ready,
    loading: { state: 'loading' },
    unavailable: { state: 'unavailable', reason: 'no WebAssembly.' },
    failed: { state: 'failed', reason: 'out of memory' },
  } as const satisfies Record<DeviceCondition['state'], DeviceCondition>;
  const gateways = {
    ready,
    connecting: { state: 'connecting' },
    unreachable: { state: 'unreachable', reason: 'no answer' },
    draining: { state: 'draining' },
  } as const satisfies Record<GatewayCondition['state'], GatewayCondition>;

  /** Engine > fallback and code; a row for each state of the device, a column for each of the gateway, in the order above. */
  const grids: Record<RoutingMode, string> = {
    'prefer-device': `
      device > gateway CHOSEN       | device > none CHOSEN   | device > none CHOSEN   | device > none CHOSEN
      gateway > none DEVICE_LOADING     | none > none NONE_READY | none > none NONE_READY | none > none NONE_READY
      gateway > none DEVICE_UNAVAILABLE | none > none NONE_READY | none > none NONE_READY | none > none NONE_READY
      gateway > none DEVICE_FAILED      | none > none NONE_READY | none > none NONE_READY | none > none NONE_READY`,
    'only-device': `
      device > none CHOSEN           | device > none CHOSEN           | device > none CHOSEN           | device > none CHOSEN
      none > none DEVICE_LOADING     | none > none DEVICE_LOADING     | none > none DEVICE_LOADING     | none > none DEVICE_LOADING
      none > none DEVICE_UNAVAILABLE | none > none DEVICE_UNAVAILABLE | none > none DEVICE_UNAVAILABLE | none > none DEVICE_UNAVAILABLE
      none > none DEVICE_FAILED      | none > none DEVICE_FAILED      | none > none DEVICE_FAILED      | none > none DEVICE_FAILED`,
    'prefer-gateway': `
      gateway > device CHOSEN | device > none GATEWAY_CONNECTING | device > none GATEWAY_UNREACHABLE | device > none GATEWAY_DRAINING
      gateway > none CHOSEN   | none > none NONE_READY           | none > none NONE_READY            | none > none NONE_READY
      gateway > none CHOSEN   | none > none NONE_READY           | none > none NONE_READY            | none > none NONE_READY
      gateway > none CHOSEN   | none > none NONE_READY           | none > none NONE_READY            | none > none NONE_READY`,
    'only-gateway': `
      gateway > none CHOSEN | none > none GATEWAY_CONNECTING | none > none GATEWAY_UNREACHABLE | none > none GATEWAY_DRAINING
      gateway > none CHOSEN | none > none GATEWAY_CONNECTING | none > none GATEWAY_UNREACHABLE | none > none GATEWAY_DRAINING
      gateway > none CHOSEN | none > none GATEWAY_CONNECTING | none > none GATEWAY_UNREACHABLE | none > none GATEWAY_DRAINING
      gateway > none CHOSEN | none > none GATEWAY_CONNECTING | none > none GATEWAY_UNREACHABLE | none > none GATEWAY_DRAINING`,
  };

  test.each(ROUTING_MODES)('decides every pair of conditions in mode %s, whoever answered last', (mode) => {
    const wanted = grids[mode].trim().split('\n');
    for (const current of [undefined, 'device', 'gateway'] as const) {
      const decided = Object.values(devices).map((device) =>
        Object.values(gateways).map((gateway) => {
          const { engine, fallback, code } = route({ mode, device, gateway, ...(current ? { current } : {}) });
          return `${engine} > ${fallback} ${code}`;
        }),
      );
      expect(decided).toEqual(wanted.map((row) => row.split('|').map((cell) => cell.trim())));
    }
  });

  test('says what to do when none answers: wait for what passes by itself, else act', () => {
    for (const mode of ROUTING_MODES) {
      for (const device of Object.values(devices)) {
        for (const gateway of Object.values(gateways)) {
          const { engine, reason } = route({ mode, device, gateway });
          if (engine !== 'none') continue;
          const passing =
            (mode !== 'only-gateway' && device.state === 'loading') ||
            (mode !== 'only-device' && (gateway.state === 'connecting' || gateway.state === 'draining'));
          expect(reason).toMatch(passing ? /One moment\.$/ : /(Choose a mode|Check the connection)/);
        }
      }
    }
  });

  test('the reason of an answer stays true beside it when what stood in the way is over', () => {
    for (const mode of ['prefer-device', 'prefer-gateway'] as const) {
      for (const device of Object.values(devices)) {
        for (const gateway of Object.values(gateways)) {
          const { engine, reason } = route({ mode, device, gateway });
          if (engine !== 'none')
            expect(reason).not.toMatch(/is (still loading|not connected|restarting)|gateway can't be reached/);
        }
      }
    }
    const { reason } = route({ mode: 'prefer-device', device: devices.loading, gateway: ready });
    expect(reason).toBe('The model was still loading on this device, so the gateway answered.');
  });

  test('tells the reason that the engine gave', () => {
    const { reason } = route({ mode: 'prefer-device', device: devices.unavailable, gateway: gateways.unreachable });
    expect(reason).toContain("can't run the model: no WebAssembly. The gateway can't be reached: no answer.");
  });

  const slow = (deviceMs: number, gatewayMs: number, current: 'device' | 'gateway') =>
    route({
      mode: 'prefer-device',
      device: { state: 'ready', medianMs: deviceMs },
      gateway: { state: 'ready', medianMs: gatewayMs },
      current,
    }).engine;

  test.each([
    [1000, 10, 'device', 'device'],
    [1001, 10, 'device', 'gateway'],
    [1500, 500, 'device', 'gateway'],
    [1499, 500, 'device', 'device'],
    [801, 10, 'gateway', 'gateway'],
    [800, 10, 'gateway', 'device'],
    [1500, 1000, 'gateway', 'gateway'],
    [1499, 1000, 'gateway', 'device'],
  ] as const)('a device of %i ms beside a gateway of %i ms while the %s answers: the %s goes on', (...row) => {
    const [deviceMs, gatewayMs, current, next] = row;
    expect(slow(deviceMs, gatewayMs, current)).toBe(next);
  });

  test('figures that wander by a tenth make it switch once at most', () => {
    const figure = fc.double({ min: 1, max: 5000, noNaN: true });
    const steps = fc.array(
      fc.tuple(fc.double({ min: 0.9, max: 1.1, noNaN: true }), fc.double({ min: 0.9, max: 1.1, noNaN: true })),
      {
        minLength: 30,
        maxLength: 30,
      },
    );
    fc.assert(
      fc.property(figure, figure, steps, (deviceMs, gatewayMs, wander) => {
        let current: 'device' | 'gateway' | 'none' = 'device';
        let switches = 0;
        for (const [x, y] of wander) {
          const next = slow(deviceMs * x, gatewayMs * y, current === 'gateway' ? 'gateway' : 'device');
          if (next !== current) switches += 1;
          current = next;
        }
        expect(switches).toBeLessThanOrEqual(1);
      }),
      { numRuns: 2_000 },
    );
  });

  test('a device that is left because it is slow stays the fallback, and a gateway without a figure is tried', () => {
    const device = { state: 'ready', medianMs: 1600 } as const;
    for (const gateway of [ready, { state: 'ready', medianMs: 40 }] as const) {
      expect(route({ mode: 'prefer-device', device, gateway })).toMatchObject({
        engine: 'gateway',
        fallback: 'device',
        code: 'DEVICE_SLOW',
      });
    }
  });

  test('modes that do not prefer the device do not look at how fast it is', () => {
    const given = { device: { state: 'ready', medianMs: 9000 }, gateway: { state: 'ready', medianMs: 10 } } as const;
    expect(route({ ...given, mode: 'only-device' }).engine).toBe('device');
    expect(route({ ...given, mode: 'prefer-gateway', gateway: { state: 'draining' } }).engine).toBe('device');
  });
});

test('a mode that is not one of the four is no mode', () => {
  expect(ROUTING_MODES.map(parseRoutingMode)).toEqual(ROUTING_MODES);
  expect([null, '', 'device', 3].map(parseRoutingMode)).toEqual([undefined, undefined, undefined, undefined]);
});
