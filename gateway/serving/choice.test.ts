import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { VersionPolicy } from '../../core/admin.ts';
import { chooseVersions, held } from './choice.ts';
import { EMPTY_MODEL, type ModelState } from './state.ts';

const NONE: ReadonlySet<number> = new Set();
const LATEST: VersionPolicy = { kind: 'latest', count: 1 };
const canary = { version: 2, share: 0.1, shadow: 0, limits: { minRequests: 1, windowMs: 1000 }, startedAt: 0 };

function choose(
  more: Partial<ModelState>,
  known: readonly number[],
  now: Partial<Parameters<typeof chooseVersions>[3]> = {},
  swap: 'availability' | 'resource' = 'availability',
) {
  const all = { loading: NONE, leaving: NONE, failed: NONE, ...now };
  const { wanted, forced } = chooseVersions({ ...EMPTY_MODEL, ...more }, LATEST, known, all, swap);
  return { wanted: [...wanted], forced: [...forced] };
}

describe('the choice of versions', () => {
  it.each([
    [{ kind: 'latest', count: 2 }, [3, 4]],
    [{ kind: 'latest', count: 9 }, [1, 2, 3, 4]],
    [{ kind: 'specific', versions: [1, 3, 7] }, [1, 3]],
    [{ kind: 'specific', versions: [] }, []],
    [{ kind: 'all' }, [1, 2, 3, 4]],
  ] satisfies [VersionPolicy, number[]][])('takes of 1 to 4 by %o: %o', (policy, wanted) => {
    expect(choose({ policy }, [1, 2, 3, 4])).toEqual({ wanted, forced: [] });
  });

  it('takes the default policy where an operator has set none', () => {
    expect(choose({}, [1, 2])).toEqual({ wanted: [2], forced: [] });
  });

  it('takes an older version while the latest ones fail, and goes on trying those', () => {
    expect(choose({}, [1, 2, 3, 4], { failed: new Set([3, 4]) }).wanted).toEqual([2, 3, 4]);
    expect(choose({}, [1, 2], { failed: new Set([1, 2]) }).wanted).toEqual([1, 2]);
  });

  it('keeps what is labelled, is the canary, was loaded by hand or is waited for', () => {
    expect(choose({ labels: { stable: 1 } }, [1, 2, 3]).wanted).toEqual([1, 3]);
    expect(choose({ canary }, [1, 2, 3]).wanted).toEqual([2, 3]);
    expect(choose({ loaded: [1] }, [1, 2, 3]).wanted).toEqual([1, 3]);
    expect(choose({}, [1, 2, 3], { loading: new Set([2]) }).wanted).toEqual([2, 3]);
  });

  it('forces out what an operator unloaded, even the last one, but not what is labelled or waited for', () => {
    expect(choose({ unloaded: [2] }, [1, 2])).toEqual({ wanted: [], forced: [2] });
    expect(choose({ unloaded: [2], labels: { beta: 2 } }, [1, 2])).toEqual({ wanted: [2], forced: [] });
    expect(choose({ unloaded: [2] }, [1, 2], { loading: new Set([2]) })).toEqual({ wanted: [2], forced: [] });
    expect(choose({}, [1, 2], { leaving: new Set([2]) })).toEqual({ wanted: [], forced: [2] });
  });

  it('where memory counts more, pinned stable is one of the latest; one that fails or is gone is not', () => {
    const policy: VersionPolicy = { kind: 'latest', count: 2 };
    expect(choose({ labels: { stable: 1 } }, [1, 2, 3], {}, 'resource').wanted).toEqual([1]);
    expect(choose({ labels: { stable: 1 }, policy }, [1, 2, 3], {}, 'resource').wanted).toEqual([1, 3]);
    expect(choose({ labels: { stable: 1 } }, [1, 2], { failed: new Set([1]) }, 'resource').wanted).toEqual([1, 2]);
    expect(choose({ labels: { stable: 1 } }, [2, 3], {}, 'resource').wanted).toEqual([3]);
    expect(choose({ labels: { beta: 1 } }, [1, 2, 3], {}, 'resource').wanted).toEqual([1, 3]);
  });

  it('wants only known versions, never wants what it forces out, and wants every held one that is not leaving', () => {
    const version = fc.integer({ min: 1, max: 6 });
    const some = fc.uniqueArray(version);
    const swaps = fc.constantFrom('availability' as const, 'resource' as const);
    const model = fc.record({ stable: version, beta: version, loaded: some, unloaded: some });
    fc.assert(
      fc.property(model, some, some, some, some, swaps, (given, list, loading, leaving, failed, swap) => {
        const known = [...list].sort((a, b) => a - b);
        const { stable, beta, loaded, unloaded } = given;
        const saved = { ...EMPTY_MODEL, labels: { stable, beta }, loaded, unloaded };
        const now = { loading: new Set(loading), leaving: new Set(leaving), failed: new Set(failed) };
        const { wanted, forced } = chooseVersions(saved, LATEST, known, now, swap);
        for (const one of [...wanted, ...forced]) expect(known).toContain(one);
        for (const one of forced) expect(wanted.has(one)).toBe(false);
        for (const one of known) if (held(saved).has(one) && !now.leaving.has(one)) expect(wanted.has(one)).toBe(true);
      }),
    );
  });
});
