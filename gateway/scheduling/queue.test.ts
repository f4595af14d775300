import { describe, expect, test } from 'vitest';
import { AGING_MS, BatchQueue, type Entry } from './queue.ts';

const limits = { maxLength: 8, maxBatch: 2, maxWaitMs: 0 };
const entry = (request: string, over: Partial<Entry<string>> = {}): Entry<string> => ({
  client: 'a',
  priority: 'normal',
  enqueuedAt: 0,
  deadline: 1_000_000,
  alone: false,
  request,
  ...over,
});

function filled(entries: readonly Entry<string>[], over: Partial<typeof limits> = {}): BatchQueue<string> {
  const queue = new BatchQueue<string>({ ...limits, ...over });
  for (const one of entries) queue.offer(one);
  return queue;
}

/** What leaves the queue, in order. */
function order(queue: BatchQueue<string>, now = 0): string[] {
  const out: string[] = [];
  for (let decision = queue.decide(now); decision.kind === 'dispatch'; decision = queue.decide(now)) {
    out.push(...decision.batch.map(({ request }) => request));
  }
  return out;
}

describe('BatchQueue', () => {
  test('an empty queue has nothing to do', () => {
    expect(filled([]).decide(0)).toEqual({ kind: 'idle' });
  });

  test('a batch is never larger than its bound', () => {
    const queue = filled([entry('1'), entry('2'), entry('3')]);
    const first = queue.decide(0);
    expect(first.kind === 'dispatch' && first.batch.map(({ request }) => request)).toEqual(['1', '2']);
    expect(queue.length).toBe(1);
  });

  test('an entry waits for company, but no longer than maxWaitMs', () => {
    const queue = filled([entry('1', { enqueuedAt: 100 })], { maxWaitMs: 5 });
    expect(queue.decide(102)).toEqual({ kind: 'wait', ms: 3 });
    expect(queue.decide(105).kind).toBe('dispatch');
  });

  test('a full batch does not wait', () => {
    expect(filled([entry('1'), entry('2')], { maxWaitMs: 5 }).decide(0).kind).toBe('dispatch');
  });

  test('clients take turns, however many requests one has', () => {
    const greedy = ['g1', 'g2', 'g3', 'g4'].map((name) => entry(name, { client: 'greedy' }));
    expect(order(filled([...greedy, entry('p1', { client: 'polite' }), entry('q1', { client: 'quiet' })]))).toEqual([
      'g1',
      'p1',
      'q1',
      'g2',
      'g3',
      'g4',
    ]);
  });

  test('higher priorities go first', () => {
    expect(
      order(filled([entry('low', { priority: 'low' }), entry('normal'), entry('high', { priority: 'high' })])),
    ).toEqual(['high', 'normal', 'low']);
  });

  test('a low priority that waits for long is served before a fresh high one', () => {
    const now = 2 * AGING_MS;
    const queue = filled([
      entry('old', { priority: 'low', enqueuedAt: 0 }),
      entry('fresh', { priority: 'high', enqueuedAt: now, client: 'b' }),
    ]);
    expect(order(queue, now)[0]).toBe('old');
  });

  test('of a stream only the newest waits, and the older one is handed back', () => {
    const queue = filled([entry('1', { stream: 's' }), entry('other', { stream: 't' })]);
    const offer = queue.offer(entry('2', { stream: 's' }));
    expect(offer).toMatchObject({ accepted: true, why: 'superseded', displaced: { request: '1' } });
    expect(order(queue)).toEqual(['other', '2']);
  });

  test("streams of different clients don't touch each other", () => {
    const queue = filled([entry('1', { stream: 's' })]);
    expect(queue.offer(entry('2', { stream: 's', client: 'b' }))).toEqual({ accepted: true });
    expect(queue.length).toBe(2);
  });

  test('a full queue refuses', () => {
    const queue = filled([entry('1'), entry('2')], { maxLength: 2 });
    expect(queue.offer(entry('3'))).toEqual({ accepted: false });
    expect(queue.length).toBe(2);
  });

  test('a full queue makes room for a client with less by sending back the newest of the one with most', () => {
    const queue = filled([entry('1'), entry('2'), entry('3')], { maxLength: 3 });
    expect(queue.offer(entry('b1', { client: 'b' }))).toMatchObject({
      accepted: true,
      why: 'crowded',
      displaced: { request: '3' },
    });
    expect(queue.length).toBe(3);
  });

  test('a newer frame of a stream is taken even when the queue is full', () => {
    const queue = filled([entry('1', { stream: 's' }), entry('2')], { maxLength: 2 });
    expect(queue.offer(entry('3', { stream: 's' }))).toMatchObject({ accepted: true, why: 'superseded' });
  });

  test('what is past its deadline leaves by expire and is never dispatched', () => {
    const queue = filled([entry('late', { deadline: 10 }), entry('fine', { deadline: 20 })]);
    expect(queue.expire(10).map(({ request }) => request)).toEqual(['late']);
    expect(order(queue, 10)).toEqual(['fine']);
  });

  test('what killed its instance runs in a batch of its own, at once', () => {
    const queue = filled([entry('1')], { maxWaitMs: 50 });
    queue.restore([entry('suspect', { alone: true })]);
    const batches: string[][] = [];
    for (let decision = queue.decide(0); decision.kind === 'dispatch'; decision = queue.decide(0)) {
      batches.push(decision.batch.map(({ request }) => request));
    }
    expect(batches[0]).toEqual(['suspect']);
  });
});
