import { expect, test } from 'vitest';
import { TwinlensError } from '../core/errors.ts';
import { MAX_WAITING, Turns } from './turns.ts';

/** A task that runs until it is told to end. */
function gate() {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, task: () => opened };
}

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'answered',
    (error: unknown) => (error instanceof TwinlensError ? error.code : String(error)),
  );

/** A queue in which one task runs and the others wait. */
async function busyTurns() {
  const turns = new Turns();
  const { open, task } = gate();
  let started: () => void = () => undefined;
  const running = new Promise<void>((resolve) => {
    started = resolve;
  });
  const first = turns.take({}, () => {
    started();
    return task();
  });
  await running;
  return { turns, open, first };
}

test('one task runs at a time, by priority and then in order', async () => {
  const { turns, open } = await busyTurns();
  const order: string[] = [];
  const add = (name: string, priority: 'high' | 'normal' | 'low') =>
    turns.take({ priority }, async () => void order.push(name));
  const all = [add('low', 'low'), add('normal 1', 'normal'), add('high', 'high'), add('normal 2', 'normal')];
  expect(order).toEqual([]);
  open();
  await Promise.all(all);
  expect(order).toEqual(['high', 'normal 1', 'normal 2', 'low']);
});

test('of one stream the newest waiting task survives, and the skipped one is told', async () => {
  const { turns, open } = await busyTurns();
  let skipped = 0;
  const frames = [1, 2, 3].map((value) =>
    turns.take(
      { stream: 'camera' },
      async () => value,
      () => (skipped += 1),
    ),
  );
  const other = turns.take({ stream: 'other' }, async () => 'other');
  open();
  expect(await Promise.all(frames.slice(0, 2).map(codeOf))).toEqual(['SUPERSEDED', 'SUPERSEDED']);
  expect(await frames[2]).toBe(3);
  expect(await other).toBe('other');
  expect(skipped).toBe(2);
});

test('the queue is bounded, and what is refused was never started', async () => {
  const { turns, open, first } = await busyTurns();
  let ran = 0;
  let skipped = false;
  const task = async () => {
    ran += 1;
  };
  const skip = () => {
    skipped = true;
  };
  const waiting = Array.from({ length: MAX_WAITING }, () => turns.take({}, task));
  const refused = turns.take({}, task, skip);
  expect(await codeOf(refused)).toBe('QUEUE_FULL');
  expect(skipped).toBe(true);
  open();
  await Promise.all([first, ...waiting]);
  expect(ran).toBe(MAX_WAITING);
});

test('an aborted task is CANCELLED while it waits and while it runs', async () => {
  const { turns, open } = await busyTurns();
  const waiting = new AbortController();
  const aborted = turns.take({ signal: waiting.signal }, async () => 'ran');
  waiting.abort();
  expect(await codeOf(aborted)).toBe('CANCELLED');
  const inner = gate();
  const running = new AbortController();
  const late = turns.take({ signal: running.signal }, () => {
    running.abort();
    return inner.task();
  });
  open();
  expect(await codeOf(late)).toBe('CANCELLED');
  inner.open();
  expect(await turns.take({}, async () => 'next')).toBe('next');
});

test('a deadline that has passed is DEADLINE_EXCEEDED', async () => {
  const turns = new Turns();
  expect(await codeOf(turns.take({ deadlineMs: 0 }, async () => 'ran'))).toBe('DEADLINE_EXCEEDED');
});

test('a deadline beyond what timers take is no deadline', async () => {
  const turns = new Turns();
  expect(await turns.take({ deadlineMs: Number.MAX_SAFE_INTEGER }, async () => 'ran')).toBe('ran');
});

test('a failed task does not stop the next one', async () => {
  const turns = new Turns();
  const failed = turns.take({}, () => Promise.reject(new TwinlensError('ENGINE_FAILED', 'broken')));
  const next = turns.take({}, async () => 'next');
  expect(await codeOf(failed)).toBe('ENGINE_FAILED');
  expect(await next).toBe('next');
});

test('clearing rejects what waits and resolves when the running task has ended', async () => {
  const { turns, open, first } = await busyTurns();
  const waiting = turns.take({}, async () => 'ran');
  const cleared = turns.clear(new TwinlensError('MODEL_NOT_READY', 'gone'));
  expect(await codeOf(waiting)).toBe('MODEL_NOT_READY');
  open();
  await Promise.all([cleared, first]);
});

test('work between two tasks goes ahead of those that wait', async () => {
  const { turns, open } = await busyTurns();
  const order: string[] = [];
  const waiting = turns.take({ priority: 'high' }, async () => void order.push('task'));
  const between = turns.between(async () => void order.push('between'));
  open();
  await Promise.all([waiting, between]);
  expect(order).toEqual(['between', 'task']);
});
