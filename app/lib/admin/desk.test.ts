import { expect, test } from 'vitest';
import { TwinlensError } from '../../../core/errors.ts';
import { FakeClock, settle } from '../../../test/doubles/fake-clock.ts';
import { aModel } from '../../../test/support/admin-samples.ts';
import type { Change } from './changes.ts';
import { Desk, TOAST_MS } from './desk.ts';

const promote: Change = { kind: 'promote', model: 'net', version: 1 };
const load: Change = { kind: 'load', model: 'net', version: 1 };

function setUp() {
  const clock = new FakeClock(0);
  const calls: { readonly change: Change; readonly done: () => void; readonly fail: (error: Error) => void }[] = [];
  const desk = new Desk({
    clock,
    model: () => aModel(),
    perform: (change) => new Promise((done, fail) => calls.push({ change, done, fail })),
  });
  return { clock, calls, desk, view: () => desk.view.get() };
}

test('a change of traffic is not sent before it is confirmed, and never when it is declined', () => {
  const { calls, desk, view } = setUp();
  desk.request(promote);
  expect(view().question?.words.title).toContain('version 1');
  expect(calls).toHaveLength(0);
  desk.decline();
  expect(view().question).toBeUndefined();
  desk.confirm();
  expect(calls).toHaveLength(0);
  desk.request(promote);
  desk.confirm();
  expect(calls.map(({ change }) => change)).toEqual([promote]);
});

test('what is done can be undone for a while by its inverse', async () => {
  const { calls, desk, view, clock } = setUp();
  desk.submit(promote);
  expect(view().running).toHaveLength(1);
  calls[0]?.done();
  await settle();
  expect(view().running).toHaveLength(0);
  const [toast] = view().toasts;
  desk.undo(toast?.id ?? 0);
  expect(view().toasts).toHaveLength(0);
  expect(calls[1]?.change).toEqual({ kind: 'follow-newest', model: 'net' });
  calls[1]?.done();
  await settle();
  expect(view().toasts[0]).toMatchObject({ text: 'Taken back', undo: [] });
  await clock.advance(TOAST_MS);
  expect(view().toasts).toHaveLength(0);
});

test('an undo of several steps stops at the first that fails, and says so', async () => {
  const { calls, desk, view } = setUp();
  desk.submit({ kind: 'canary', model: 'net', settings: { version: 1, share: 0.1, shadow: 0, limits: LIMITS } });
  calls[0]?.done();
  await settle();
  desk.undo(view().toasts[0]?.id ?? 0);
  calls[1]?.fail(new TwinlensError('CONFLICT', 'Somebody was faster.'));
  await settle();
  expect(calls).toHaveLength(2);
  expect(view().toasts).toMatchObject([{ tone: 'failed', error: { code: 'CONFLICT' }, undo: [] }]);
});

test('the same change is not sent twice at once', () => {
  const { calls, desk } = setUp();
  desk.request(load);
  desk.request(load);
  expect(calls).toHaveLength(1);
});

test('a failure stays until it is read; what is done goes by itself', async () => {
  const { calls, desk, view, clock } = setUp();
  desk.request(load);
  calls[0]?.fail(new TwinlensError('ENGINE_FAILED', 'It crashed.'));
  await settle();
  await clock.advance(TOAST_MS * 3);
  expect(view().toasts).toMatchObject([{ tone: 'failed', error: { message: 'It crashed.' } }]);
  desk.dismiss(view().toasts[0]?.id ?? 0);
  expect(view().toasts).toHaveLength(0);
});

test('a toast that somebody points at stays, and goes afterwards', async () => {
  const { calls, desk, view, clock } = setUp();
  desk.request(load);
  calls[0]?.done();
  await settle();
  desk.hold(true);
  await clock.advance(TOAST_MS * 2);
  expect(view().toasts).toHaveLength(1);
  desk.hold(false);
  await clock.advance(TOAST_MS);
  expect(view().toasts).toHaveLength(0);
});

test('a toast that comes while others are pointed at does not leave either', async () => {
  const { calls, desk, view, clock } = setUp();
  desk.hold(true);
  desk.request(load);
  calls[0]?.done();
  await settle();
  await clock.advance(TOAST_MS * 2);
  expect(view().toasts).toHaveLength(1);
});

const LIMITS = { minRequests: 50, windowMs: 300_000 };
