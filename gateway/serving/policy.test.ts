import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nextAction, type VersionSnapshot } from './policy.ts';

const version = (over: Partial<VersionSnapshot>): VersionSnapshot => ({
  name: 'm',
  version: 1,
  aspired: true,
  state: 'available',
  ...over,
});

describe('nextAction', () => {
  test('a new aspired version is loaded, the newest first', () => {
    expect(nextAction([version({ state: 'idle' }), version({ version: 2, state: 'idle' })])).toEqual({
      kind: 'load',
      name: 'm',
      version: 2,
    });
  });

  test('a version is unloaded only once its successor serves', () => {
    const old = version({ aspired: false });
    expect(nextAction([old, version({ version: 2, state: 'loading' })])).toBeUndefined();
    expect(nextAction([old, version({ version: 2, state: 'failed' })])).toBeUndefined();
    expect(nextAction([old, version({ version: 2 })])).toEqual({ kind: 'unload', name: 'm', version: 1 });
  });

  test('a model that nobody wants any more is unloaded', () => {
    expect(nextAction([version({ aspired: false })])).toEqual({ kind: 'unload', name: 'm', version: 1 });
  });

  test('models do not wait for one another', () => {
    expect(nextAction([version({ state: 'loading' }), version({ name: 'n', state: 'idle' })])).toEqual({
      kind: 'load',
      name: 'n',
      version: 1,
    });
  });

  test('never leaves an aspired model without an available version that it had', () => {
    const state = fc.constantFrom(
      'idle' as const,
      'loading' as const,
      'available' as const,
      'unloading' as const,
      'failed' as const,
    );
    const snapshot = fc.uniqueArray(
      fc.record({
        name: fc.constantFrom('m', 'n'),
        version: fc.integer({ min: 1, max: 4 }),
        aspired: fc.boolean(),
        state,
      }),
      { selector: ({ name, version: v }) => `${name}@${v}`, maxLength: 8 },
    );
    fc.assert(
      fc.property(snapshot, (given) => {
        const action = nextAction(given);
        if (action?.kind !== 'unload') return;
        const others = given.filter(({ name, version: v }) => name === action.name && v !== action.version);
        const wanted = others.some(({ aspired }) => aspired);
        expect(!wanted || others.some(({ aspired, state: s }) => aspired && s === 'available')).toBe(true);
      }),
    );
  });
});
