import { describe, expect, test } from 'vitest';
import { aCanary, aModel } from '../../../test/support/admin-samples.ts';
import { changeWords } from './change-words.ts';
import { type Change, needsConfirmation, undoOf } from './changes.ts';

const model = 'net';
const promote: Change = { kind: 'promote', model, version: 3 };

describe('taking back', () => {
  test('a promotion of a model that followed its newest lets it follow again', () => {
    expect(undoOf(promote, aModel())).toEqual([{ kind: 'follow-newest', model }]);
  });

  test('a promotion from a pinned version leads back to that version, and to its canary', () => {
    const before = aModel({ stable: 'pinned', canary: aCanary(3, 0.25) });
    expect(undoOf(promote, before)).toEqual([
      { kind: 'promote', model, version: 2 },
      { kind: 'canary', model, settings: expect.objectContaining({ version: 3, share: 0.25, shadow: 0.2 }) },
    ]);
  });

  test('a first version that became stable has nothing to go back to', () => {
    expect(undoOf(promote, aModel({ labels: {}, stable: 'pinned' }))).toEqual([]);
  });

  test('a changed share goes back to the former one', () => {
    const settings = { ...aCanary(3, 0.5) };
    const [back] = undoOf({ kind: 'canary', model, settings }, aModel({ canary: aCanary(3, 0.1) }));
    expect(back).toMatchObject({ kind: 'canary', settings: { share: 0.1 } });
  });

  test('a new canary ends, and a model that it pinned follows its newest again', () => {
    const change: Change = { kind: 'canary', model, settings: aCanary(3, 0.1) };
    expect(undoOf(change, aModel())).toEqual([
      { kind: 'end-canary', model },
      { kind: 'follow-newest', model },
    ]);
    expect(undoOf(change, aModel({ stable: 'pinned' }))).toEqual([{ kind: 'end-canary', model }]);
  });

  test('an ended canary begins again as it was', () => {
    expect(undoOf({ kind: 'end-canary', model }, aModel({ canary: aCanary(3, 0.1) }))).toMatchObject([
      { kind: 'canary', settings: { version: 3, share: 0.1 } },
    ]);
  });

  test('a moved label moves back, a new one goes, a removed one comes back', () => {
    const set: Change = { kind: 'set-label', model, label: 'mobile', version: 2 };
    expect(undoOf(set, aModel({ labels: { mobile: 1 } }))).toEqual([{ ...set, version: 1 }]);
    expect(undoOf(set, aModel())).toEqual([{ kind: 'remove-label', model, label: 'mobile' }]);
    const remove: Change = { kind: 'remove-label', model, label: 'mobile' };
    expect(undoOf(remove, aModel({ labels: { mobile: 1 } }))).toEqual([{ ...set, version: 1 }]);
  });

  test('unloading and loading take each other back; deleting has no way back', () => {
    expect(undoOf({ kind: 'unload', model, version: 1 }, aModel())).toEqual([{ kind: 'load', model, version: 1 }]);
    expect(undoOf({ kind: 'load', model, version: 1 }, aModel())).toEqual([{ kind: 'unload', model, version: 1 }]);
    expect(undoOf({ kind: 'remove', model, version: 1 }, aModel())).toEqual([]);
  });

  test('a published version leaves stable to the one that had it', () => {
    const publish = { kind: 'publish', importId: 'i', model, version: 3 } as const;
    expect(undoOf({ ...publish, request: { as: 'serve' } }, aModel())).toEqual([{ ...promote, version: 2 }]);
    expect(undoOf({ ...publish, request: { as: 'hold' } }, aModel())).toEqual([]);
    expect(undoOf({ ...publish, request: { as: 'serve' } }, undefined)).toEqual([]);
  });
});

describe('asking first', () => {
  test.each<Change>([
    promote,
    { kind: 'rollback', model },
    { kind: 'end-canary', model },
    { kind: 'unload', model, version: 1 },
    { kind: 'remove', model, version: 1 },
    { kind: 'publish', importId: 'i', model, version: 3, request: { as: 'serve' } },
  ])('$kind is asked for twice, with what it does', (change) => {
    expect(needsConfirmation(change)).toBe(true);
    expect(changeWords(change, aModel({ rollbackTo: 1 })).effects.length).toBeGreaterThan(0);
  });

  test.each<Change>([
    { kind: 'load', model, version: 1 },
    { kind: 'check', source: 'data' },
    { kind: 'hold', model },
    { kind: 'publish', importId: 'i', model, version: 3, request: { as: 'hold' } },
  ])('$kind moves no traffic and begins at once', (change) => {
    expect(needsConfirmation(change)).toBe(false);
  });

  test('the question names both versions, and that a canary ends', () => {
    const { title, effects } = changeWords(promote, aModel({ canary: aCanary(3, 0.1) }));
    expect(title).toContain('version 3');
    expect(effects.join(' ')).toMatch(/version 2 to version 3.*canary ends/);
  });

  test('unloading the last version that serves says that nothing answers then', () => {
    const words = (version: number) =>
      changeWords({ kind: 'unload', model, version }, aModel({ versions: aModel().versions.slice(0, 1) })).effects[0];
    expect(words(2)).toContain('answers nothing');
    expect(changeWords({ kind: 'unload', model, version: 1 }, aModel()).effects[0]).not.toContain('answers nothing');
  });
});
