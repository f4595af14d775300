import { expect, test } from 'vitest';
import { TwinlensError, toErrorBody } from '../../../core/errors.ts';
import { Gate } from './gate.ts';

class MemoryStorage {
  readonly values = new Map<string, string>();
  getItem = (key: string) => this.values.get(key) ?? null;
  setItem = (key: string, value: string) => void this.values.set(key, value);
  removeItem = (key: string) => void this.values.delete(key);
}

const wrong = new TwinlensError('UNAUTHENTICATED', 'The token is wrong.');
const locked = new TwinlensError('RATE_LIMITED', 'Too many.', { retryAfterMs: 30_000 });

function setUp(answer: () => Promise<void> = async () => undefined) {
  const storage = new MemoryStorage();
  const asked: (string | undefined)[] = [];
  let today = 1_000;
  const make = () =>
    new Gate({
      storage,
      today: () => today,
      api: () => ({
        session: (token) => {
          asked.push(token);
          return answer();
        },
      }),
    });
  const gate = make();
  const later = (ms: number) => {
    today += ms;
  };
  return { gate, make, storage, asked, later, state: () => gate.view.get() };
}

test('a gateway that wants a token closes the gate without a reproach', () => {
  const { gate, state } = setUp();
  expect(gate.failed(toErrorBody(wrong))).toBe(true);
  expect(state()).toEqual({ state: 'closed', checking: false });
});

test('a right token opens, is kept for the tab, and is forgotten by signing out', async () => {
  const { gate, make, storage, state } = setUp();
  gate.failed(toErrorBody(wrong));
  await gate.signIn('secret');
  expect(state()).toEqual({ state: 'open', token: true });
  expect(make().token).toBe('secret');
  gate.signOut();
  expect(gate.token).toBeUndefined();
  expect(storage.values.size).toBe(0);
});

test('a wrong token is told and not kept', async () => {
  const { gate, storage, state } = setUp(() => Promise.reject(wrong));
  gate.failed(toErrorBody(wrong));
  await gate.signIn('guess');
  expect(state()).toMatchObject({ state: 'closed', checking: false, problem: { code: 'UNAUTHENTICATED' } });
  expect(gate.token).toBeUndefined();
  expect(storage.values.size).toBe(0);
});

test('a kept token that no longer opens is forgotten, and it is said why', async () => {
  const { gate, storage, state } = setUp();
  gate.failed(toErrorBody(wrong));
  await gate.signIn('secret');
  gate.failed(toErrorBody(wrong));
  expect(state()).toMatchObject({ state: 'closed', problem: { code: 'UNAUTHENTICATED' } });
  expect(storage.values.size).toBe(0);
});

test('while this machine is locked out no token is sent', async () => {
  let answer = () => Promise.reject<void>(locked);
  const { gate, asked, later, state } = setUp(() => answer());
  gate.failed(toErrorBody(wrong));
  await gate.signIn('guess');
  expect(state()).toMatchObject({ state: 'closed', lockedUntil: 31_000, problem: { code: 'RATE_LIMITED' } });
  await gate.signIn('again');
  expect(asked).toEqual(['guess']);
  later(30_000);
  answer = async () => undefined;
  await gate.signIn('secret');
  expect(state().state).toBe('open');
});

test('a machine that may not come in at all is told so and may ask again', () => {
  const { gate, state } = setUp();
  gate.failed(toErrorBody(new TwinlensError('PERMISSION_DENIED', 'Only from the machine itself.')));
  expect(state().state).toBe('refused');
  gate.tryAgain();
  expect(state().state).toBe('asking');
});

test('other failures are none of the gate', () => {
  const { gate, state } = setUp();
  expect(gate.failed(toErrorBody(new TwinlensError('UNAVAILABLE', 'Gone.')))).toBe(false);
  expect(state().state).toBe('asking');
});
