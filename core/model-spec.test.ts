import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TwinlensError } from './errors.ts';
import { formatModelSpec, MAX_SPEC_LENGTH, type ModelSpec, parseModelSpec, versionOf } from './model-spec.ts';

describe('parseModelSpec', () => {
  test.each([
    ['lens', { kind: 'default', name: 'lens' }],
    ['lens@3', { kind: 'version', name: 'lens', version: 3 }],
    ['lens:stable', { kind: 'label', name: 'lens', label: 'stable' }],
    ['efficientnet-lite0_v1.2@10', { kind: 'version', name: 'efficientnet-lite0_v1.2', version: 10 }],
  ] satisfies [string, ModelSpec][])('reads %s', (text, spec) => {
    expect(parseModelSpec(text)).toEqual(spec);
    expect(formatModelSpec(spec)).toBe(text);
  });

  test.each([
    '',
    '@1',
    ':stable',
    'lens@',
    'lens@0',
    'lens@01',
    'lens@-1',
    'lens@1.5',
    'lens@1e3',
    'lens@stable',
    'lens:',
    'lens:1',
    'lens:Stable',
    'lens@1:stable',
    'Lens',
    ' lens',
    'lens\n',
    '../lens',
    'lens/1',
    '.lens',
    `l${'x'.repeat(63)}`,
    'lens@99999999999',
    'x'.repeat(1_000_000),
  ])('refuses %j and says what to write', (text) => {
    const attempt = () => parseModelSpec(text);
    expect(attempt).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    expect(attempt).toThrow(/write name, name@version or name:label/);
  });

  test('what it reads is written again the same; all else is refused with a bounded message', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,10}[@:]?[a-z0-9.-]{0,8}$/),
    );
    fc.assert(
      fc.property(text, (given) => {
        try {
          expect(formatModelSpec(parseModelSpec(given))).toBe(given);
        } catch (error) {
          if (!(error instanceof TwinlensError)) throw error;
          expect(error.code).toBe('INVALID_ARGUMENT');
          expect(error.message.length).toBeLessThan(MAX_SPEC_LENGTH + 100);
        }
      }),
    );
  });
});

const of = (spec: string, versions: readonly number[], labels: Record<string, number> = {}) =>
  versionOf(parseModelSpec(spec), versions, labels);

test('a bare name means the version labelled stable, else the newest', () => {
  expect(of('m', [1, 10, 9])).toBe(10);
  expect(of('m', [1, 2, 3], { stable: 2 })).toBe(2);
  expect(of('m', [1, 3], { stable: 2 })).toBe(3);
  expect(of('m', [])).toBeUndefined();
});

test('a version means itself, a label what it points to', () => {
  expect(of('m@7', [1])).toBe(7);
  expect(of('m:canary', [1, 2], { canary: 1 })).toBe(1);
  expect(of('m:canary', [1, 2])).toBeUndefined();
  expect(of('m:constructor', [1, 2])).toBeUndefined();
});
