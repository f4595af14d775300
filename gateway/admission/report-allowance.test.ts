import { expect, test } from 'vitest';
import { asTwinlensError } from '../../core/errors.ts';
import { ReportAllowance } from './report-allowance.ts';

function setup() {
  let now = 0;
  const allowance = new ReportAllowance(() => now);
  const codeOf = (address: string) => {
    try {
      allowance.take(address);
    } catch (error) {
      return asTwinlensError(error).code;
    }
    return 'OK';
  };
  return { codeOf, pass: (ms: number) => (now += ms) };
}

test('one address may report some times a minute, whatever others do', () => {
  const { codeOf, pass } = setup();
  const codes = Array.from({ length: 25 }, () => codeOf('a'));
  expect(codes.indexOf('RATE_LIMITED')).toBe(20);
  expect(codeOf('b')).toBe('OK');
  pass(59_999);
  expect(codeOf('a')).toBe('RATE_LIMITED');
  pass(1);
  expect(codeOf('a')).toBe('OK');
});

test('no more than a bound of addresses is remembered', () => {
  const { codeOf, pass } = setup();
  for (let i = 0; i < 10_000; i += 1) codeOf(String(i));
  expect(codeOf('another')).toBe('RATE_LIMITED');
  expect(codeOf('1')).toBe('OK');
  pass(60_000);
  expect(codeOf('another')).toBe('OK');
});
