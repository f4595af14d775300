import { expect, test } from 'vitest';
import { ago, bytes, count, milliseconds, moment, outdatedWords, percent, privacy, updateWords } from './words.ts';

const plain = (text: string) => text.replaceAll('\u2009', ' ');

test.each([
  [1, '100 %'],
  [0.999, '>99 %'],
  [0.994, '99 %'],
  [0.5, '50 %'],
  [0.0456, '4.6 %'],
  [0.0004, '<0.1 %'],
  [0, '0.0 %'],
])('the probability %d reads %s', (score, text) => {
  expect(plain(percent(score))).toBe(text);
});

test.each([
  [0.94, '0.9 ms'],
  [31.4, '31 ms'],
  [1240, '1.2 s'],
])('%d milliseconds read %s', (value, text) => {
  expect(plain(milliseconds(value))).toBe(text);
});

test.each([
  [0, '0.0 MB'],
  [9_327_981, '9.3 MB'],
  [10_747_000_000, '10.7 GB'],
])('%d bytes read %s', (value, text) => {
  expect(plain(bytes(value))).toBe(text);
});

test('only-device says without condition that nothing leaves the device', () => {
  for (const engine of ['device', 'gateway', 'none'] as const) {
    expect(privacy('only-device', engine, 'frames', true)).toEqual({ stays: true, text: 'Nothing leaves this device' });
  }
});

test('whenever the gateway is asked, it is said what goes there', () => {
  expect(privacy('prefer-device', 'gateway', 'photos', false)).toEqual({
    stays: false,
    text: 'Photos go to the gateway',
  });
  expect(privacy('only-gateway', 'none', 'frames', false).stays).toBe(false);
  expect(privacy('prefer-device', 'device', 'frames', false).text).toMatch(/while it can answer$/);
});

test('where the gateway may have answered before, only what is still to come is said to stay', () => {
  const text = (mode: 'prefer-device' | 'prefer-gateway') => privacy(mode, 'device', 'photos', false).text;
  expect(text('prefer-device')).toBe('New photos stay on this device while it can answer');
  expect(text('prefer-gateway')).toBe('New photos stay on this device until the gateway is back');
});

test('where timings are reported, it is not said that nothing leaves the device', () => {
  for (const mode of ['prefer-device', 'prefer-gateway'] as const) {
    expect(privacy(mode, 'device', 'photos', true).text).toMatch(
      / stay on this device .*; anonymous timings leave it$/,
    );
  }
});

test('a version on its way is told by its bytes, then by what is done with it, then that it is here', () => {
  const target = { name: 'm', version: 3 };
  const words = (phase: 'manifest' | 'download' | 'compile', loadedBytes: number, totalBytes: number) =>
    plain(updateWords({ state: 'updating', target, progress: { phase, loadedBytes, totalBytes, fromStore: false } }));
  expect(words('manifest', 0, 0)).toBe('Version 3 is coming');
  expect(words('download', 4_200_000, 9_300_000)).toBe('Version 3: 4.2 of 9.3 MB');
  expect(words('compile', 9_300_000, 9_300_000)).toBe('Version 3: trying it');
  expect(updateWords({ state: 'done', target })).toBe('Now on version 3');
});

test('an answer says who gave it only when neither this device nor the gateway would give it now', () => {
  const answered = { model: 'm', version: 1 };
  const version = (number: number, name = 'm') => ({ name, version: number });
  expect(outdatedWords(answered, undefined, undefined)).toBeUndefined();
  expect(outdatedWords(answered, version(1), version(2))).toBeUndefined();
  expect(outdatedWords(answered, version(2), version(1))).toBeUndefined();
  expect(outdatedWords(answered, version(2), version(2))).toBe('Answered by version 1');
  expect(outdatedWords(answered, version(1, 'other'), undefined)).toBe('Answered by m');
});

test.each([
  [999, '999 B'],
  [12_300, '12 kB'],
])('%d bytes, too few for megabytes, read %s', (value, text) => {
  expect(plain(bytes(value))).toBe(text);
});

test.each([
  [-500, 'just now'],
  [500, 'in a moment'],
  [-12_000, '12 sec ago'],
  [59_999, 'in 59 sec'],
  [-90_000, '1 min ago'],
  [3 * 3_600_000, 'in 3 hr'],
  [-2 * 86_400_000, '2 days ago'],
])('%d milliseconds from now read %s', (distance, text) => {
  expect(ago(10_000_000_000 + distance, 10_000_000_000)).toBe(text);
});

test('a time of today is the hour alone, an earlier one has its day', () => {
  const now = new Date(2026, 4, 20, 12, 0, 0).getTime();
  expect(moment(now - 3_600_000, now)).not.toContain('20');
  expect(moment(now - 86_400_000, now)).toContain('19');
});

test('figures are grouped', () => {
  expect(plain(count(1_234_567))).toBe('1 234 567');
});
