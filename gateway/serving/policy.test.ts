import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Action, nextAction, type PolicyOptions, type VersionSnapshot } from './policy.ts';

const version = (over: Partial<VersionSnapshot>): VersionSnapshot => ({
  name: 'm',
  version: 1,
  wanted: true,
  forced: false,
  state: 'available',
  retryDue: false,
  ...over,
});
const beside: PolicyOptions = { swap: 'availability', maxLoads: 2 };
const first: PolicyOptions = { swap: 'resource', maxLoads: 2 };
const load = (number: number, name = 'm'): Action => ({ kind: 'load', name, version: number });
const unload = (number: number, name = 'm'): Action => ({ kind: 'unload', name, version: number });

describe('nextAction', () => {
  test('a wanted version is loaded, the newest first', () => {
    expect(nextAction([version({ state: 'idle' }), version({ version: 2, state: 'idle' })], beside)).toEqual(load(2));
    expect(nextAction([version({ wanted: false, state: 'idle' })], beside)).toBeUndefined();
  });

  test('a version is unloaded only once a wanted one serves', () => {
    const old = version({ wanted: false });
    expect(nextAction([old, version({ version: 2, state: 'idle' })], beside)).toEqual(load(2));
    expect(nextAction([old, version({ version: 2, state: 'loading' })], beside)).toBeUndefined();
    expect(nextAction([old, version({ version: 2, state: 'failed' })], beside)).toBeUndefined();
    expect(nextAction([old, version({ version: 2 })], beside)).toEqual(unload(1));
  });

  test('where memory counts more, the old one goes first, but only for one that can be loaded now', () => {
    const old = version({ wanted: false });
    expect(nextAction([old, version({ version: 2, state: 'idle' })], first)).toEqual(unload(1));
    expect(nextAction([old, version({ version: 2, state: 'failed' })], first)).toBeUndefined();
    const others = ['n', 'o'].map((name) => version({ name, state: 'loading' }));
    expect(nextAction([old, version({ version: 2, state: 'idle' }), ...others], first)).toBeUndefined();
  });

  test('one that is forced out goes before anything is loaded', () => {
    const forced = version({ wanted: false, forced: true });
    expect(nextAction([forced, version({ version: 2, state: 'idle' })], beside)).toEqual(unload(1));
    expect(nextAction([forced, version({ version: 2, state: 'failed' })], beside)).toEqual(unload(1));
  });

  test('a failed version is tried again when it is due', () => {
    const failed = version({ state: 'failed' });
    expect(nextAction([failed], beside)).toBeUndefined();
    expect(nextAction([{ ...failed, retryDue: true }], beside)).toEqual(load(1));
    expect(nextAction([{ ...failed, retryDue: true, wanted: false }], beside)).toBeUndefined();
  });

  test('a model that nobody wants any more is unloaded', () => {
    expect(nextAction([version({ wanted: false })], beside)).toEqual(unload(1));
  });

  test('models do not wait for one another, but for one of the places to load in', () => {
    const loading = version({ state: 'loading' });
    const waiting = version({ name: 'n', state: 'idle' });
    expect(nextAction([loading, waiting], beside)).toEqual(load(1, 'n'));
    expect(nextAction([loading, waiting], { ...beside, maxLoads: 1 })).toBeUndefined();
  });

  const snapshots = fc.uniqueArray(
    fc
      .record({
        name: fc.constantFrom('m', 'n'),
        version: fc.integer({ min: 1, max: 4 }),
        wanted: fc.boolean(),
        forced: fc.boolean(),
        state: fc.constantFrom<VersionSnapshot['state'][]>('idle', 'loading', 'available', 'unloading', 'failed'),
        retryDue: fc.boolean(),
      })
      .map((one) => ({ ...one, forced: one.forced && !one.wanted })),
    { selector: ({ name, version: v }) => `${name}@${v}`, maxLength: 8 },
  );

  test('never leaves a wanted model without an available version that it had', () => {
    fc.assert(
      fc.property(snapshots, (given) => {
        const action = nextAction(given, beside);
        if (action?.kind !== 'unload') return;
        const own = given.filter(({ name }) => name === action.name);
        const target = own.find(({ version: v }) => v === action.version);
        const served = own.some(({ wanted, state }) => wanted && state === 'available');
        expect(target?.forced || served || !own.some(({ wanted }) => wanted)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  test('comes to rest: carried out one by one, the actions end where all that is wanted serves and nothing else', () => {
    fc.assert(
      fc.property(snapshots, fc.constantFrom(beside, first), (given, options) => {
        // What is under way has ended, and what failed is due.
        let now = given.map(
          (one): VersionSnapshot => ({
            ...one,
            retryDue: true,
            state: one.state === 'loading' || one.state === 'unloading' ? 'idle' : one.state,
          }),
        );
        for (let steps = 0; ; steps += 1) {
          const action = nextAction(now, options);
          expect(nextAction(now, options), 'the same again').toEqual(action);
          if (!action) break;
          expect(steps).toBeLessThan(given.length * 2);
          const state = action.kind === 'load' ? 'available' : 'idle';
          now = now.map((one) =>
            one.name === action.name && one.version === action.version ? { ...one, state } : one,
          );
        }
        for (const { wanted, state } of now) expect(state === 'available').toBe(wanted);
      }),
    );
  });
});
