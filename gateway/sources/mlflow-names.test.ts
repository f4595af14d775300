import { describe, expect, it } from 'vitest';
import { nameHere, parseMlflowSpec } from './mlflow-names.ts';

describe('parseMlflowSpec', () => {
  it('reads a name, a version and an alias', () => {
    expect(parseMlflowSpec('Garden Birds')).toEqual({ kind: 'all', name: 'Garden Birds' });
    expect(parseMlflowSpec('birds@12')).toEqual({ kind: 'version', name: 'birds', version: 12 });
    expect(parseMlflowSpec('birds:champion')).toEqual({ kind: 'alias', name: 'birds', alias: 'champion' });
  });

  it('takes an @ that no version follows for a part of the name', () => {
    expect(parseMlflowSpec('me@home')).toEqual({ kind: 'all', name: 'me@home' });
    expect(parseMlflowSpec('me@0')).toEqual({ kind: 'all', name: 'me@0' });
    expect(parseMlflowSpec('me@home@2')).toEqual({ kind: 'version', name: 'me@home', version: 2 });
  });

  it.each(['', ':x', 'x:', 'a/b', 'models:/x/1'])('refuses %j, saying how to write it', (text) => {
    expect(() => parseMlflowSpec(text)).toThrow('write name, name@version or name:alias');
  });
});

describe('nameHere', () => {
  it.each([
    ['birds', 'birds'],
    ['Garden Birds', 'garden-birds'],
    ["cat's", 'cat-s'],
    ['Vögel', 'vogel'],
    ['_private', 'private'],
    ['a.b_c-d', 'a.b_c-d'],
    ['x'.repeat(80), 'x'.repeat(63)],
  ])('calls %s %s', (name, expected) => {
    expect(nameHere(name)).toBe(expected);
  });

  it('refuses a name of which nothing is left, saying what to do', () => {
    expect(() => nameHere('鳥')).toThrow('twinlens.name');
  });
});
