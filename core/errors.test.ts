import { describe, expect, test } from 'vitest';
import {
  asTwinlensError,
  codeOfStatus,
  ERROR_TABLE,
  errorRow,
  fromErrorBody,
  isErrorCode,
  TwinlensError,
  toErrorBody,
} from './errors.ts';

const codes = Object.keys(ERROR_TABLE).filter(isErrorCode);

describe('the error table', () => {
  test('has an error status for every code', () => {
    for (const code of codes) {
      const { status } = errorRow(code);
      expect(status, code).toBeGreaterThanOrEqual(400);
      expect(status, code).toBeLessThan(600);
    }
  });

  test('closes sockets only with codes that a peer may send (RFC 6455, 7.4)', () => {
    for (const code of codes) {
      const { closeCode } = errorRow(code);
      if (closeCode === undefined) continue;
      const registered = closeCode === 1009 || closeCode === 1011 || closeCode === 1012;
      expect(registered || (closeCode >= 4000 && closeCode <= 4999), code).toBe(true);
    }
  });

  test('calls no mistake of the request retryable', () => {
    const busy = new Set(['QUEUE_FULL', 'RATE_LIMITED']);
    for (const code of codes) {
      if (errorRow(code).status < 500 && !busy.has(code)) expect(errorRow(code).retryable, code).toBe(false);
    }
  });

  test('knows its own codes and nothing that only looks like one', () => {
    expect(codes).toHaveLength(Object.keys(ERROR_TABLE).length);
    for (const other of ['', 'toString', '__proto__', 'constructor', 'internal', 400, null, undefined, ['INTERNAL']]) {
      expect(isErrorCode(other)).toBe(false);
    }
  });
});

describe('TwinlensError', () => {
  test('survives the way over a wire as plain JSON', () => {
    for (const code of codes) {
      const error = new TwinlensError(code, `Because of ${code}.`, { retryAfterMs: 250 });
      const back = fromErrorBody(JSON.parse(JSON.stringify(toErrorBody(error))));
      expect(back).toMatchObject({ code, message: error.message, retryAfterMs: 250, name: 'TwinlensError' });
      expect([back.retryable, back.status]).toEqual([error.retryable, error.status]);
    }
  });

  test('carries no retryAfterMs on the wire when it has none', () => {
    expect(Object.keys(toErrorBody(new TwinlensError('INTERNAL', 'x')))).toEqual(['code', 'message', 'retryable']);
  });

  test('is left as it is', () => {
    const error = new TwinlensError('CANCELLED', 'x');
    expect(asTwinlensError(error, 'ENGINE_FAILED')).toBe(error);
  });

  test('wraps what others throw, keeps it as the cause and never has an empty message', () => {
    const cause = new Error('the disk is full');
    expect(asTwinlensError(cause)).toMatchObject({ code: 'INTERNAL', message: 'the disk is full', cause });
    expect(asTwinlensError('text', 'UNAVAILABLE')).toMatchObject({ code: 'UNAVAILABLE', message: 'text' });
    for (const odd of [undefined, null, 0, '', new Error(''), {}, Object.create(null), Symbol('s')]) {
      const wrapped = asTwinlensError(odd);
      expect(wrapped).toBeInstanceOf(TwinlensError);
      expect(wrapped.message).not.toBe('');
      expect(wrapped.cause).toBe(odd);
    }
  });
});

test('a status without a code of ours becomes one of the same kind: ours to mend, theirs, or worth trying again', () => {
  for (let status = 400; status < 600; status += 1) {
    const row = errorRow(codeOfStatus(status));
    expect(Math.floor(row.status / 100), `${status}`).toBe(Math.floor(status / 100));
  }
  expect([502, 503, 504, 429].every((status) => errorRow(codeOfStatus(status)).retryable)).toBe(true);
  expect([400, 401, 403, 404, 405, 413, 415, 500].some((status) => errorRow(codeOfStatus(status)).retryable)).toBe(
    false,
  );
});
