import { expect, test } from 'vitest';
import { Preferences, type TextStorage } from './preferences.ts';

function memory(): TextStorage {
  const values = new Map<string, string>();
  return { getItem: (key) => values.get(key) ?? null, setItem: (key, value) => void values.set(key, value) };
}

const forbidden: TextStorage = {
  getItem: () => {
    throw new DOMException('no', 'SecurityError');
  },
  setItem: () => {
    throw new DOMException('full', 'QuotaExceededError');
  },
};

test('the routing mode is remembered; the first visit prefers the device', () => {
  const storage = memory();
  expect(new Preferences(storage).mode).toBe('prefer-device');
  new Preferences(storage).mode = 'only-device';
  expect(new Preferences(storage).mode).toBe('only-device');
});

test('a mode that is none counts as not chosen', () => {
  const storage = memory();
  storage.setItem('twinlens.mode', 'only-the-moon');
  expect(new Preferences(storage).mode).toBe('prefer-device');
});

test.each([
  ['no storage', undefined],
  ['a forbidden storage', forbidden],
])('with %s everything has its default and nothing throws', (_, storage) => {
  const preferences = new Preferences(storage);
  preferences.mode = 'only-gateway';
  preferences.model = 'x';
  expect([preferences.mode, preferences.model, preferences.camera]).toEqual(['prefer-device', undefined, undefined]);
});
