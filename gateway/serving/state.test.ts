import { describe, expect, it } from 'vitest';
import { EMPTY_MODEL, followed, including, MAX_PREVIOUS, type ModelState, pinned } from './state.ts';

const model = (more: Partial<ModelState> = {}): ModelState => ({ ...EMPTY_MODEL, ...more });

describe('where stable was', () => {
  it('is remembered on its way up, so that a rollback leads back', () => {
    const up = followed(followed(model(), 1, [1]), 2, [1, 2]);
    expect(up).toMatchObject({ stable: 2, previous: [1] });
    expect(followed(up, 2, [1, 2])).toBe(up);
  });

  it('is not forgotten for a version below that answers while the real one is loaded again', () => {
    const up = model({ stable: 2, previous: [1] });
    expect(followed(up, 1, [1, 2])).toBe(up);
  });

  it('falls with a version that nobody has any more, which is nothing to go back to', () => {
    expect(followed(model({ stable: 3, previous: [1] }), 2, [1, 2])).toMatchObject({ stable: 2, previous: [1] });
  });

  it('is a bounded list without doubles', () => {
    let given = model();
    for (let version = 1; version < 50; version += 1) given = pinned(given, version, version - 1 || undefined);
    expect(given.previous).toHaveLength(MAX_PREVIOUS);
    expect(pinned(given, 7, 49).previous.at(-1)).toBe(49);
    expect(including([1, 2, 3], 1, 3)).toEqual([2, 3, 1]);
  });
});

it('a pinned version is not one that an operator unloaded any more', () => {
  expect(pinned(model({ unloaded: [1, 2] }), 2, 1)).toMatchObject({ labels: { stable: 2 }, unloaded: [1] });
});
