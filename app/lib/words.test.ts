import { expect, test } from 'vitest';
import { bytes, milliseconds, percent, privacy } from './words.ts';

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
    expect(privacy('only-device', engine, 'frames')).toEqual({ stays: true, text: 'Nothing leaves this device' });
  }
});

test('whenever the gateway is asked, it is said what goes there', () => {
  expect(privacy('prefer-device', 'gateway', 'photos')).toEqual({ stays: false, text: 'Photos go to the gateway' });
  expect(privacy('only-gateway', 'none', 'frames').stays).toBe(false);
  expect(privacy('prefer-device', 'device', 'frames').text).toMatch(/while it can answer$/);
});
