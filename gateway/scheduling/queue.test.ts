import { describe, expect, test } from 'vitest';
import { entry } from '../../test/support/queue-entry.ts';
import { CostCurve } from './cost-curve.ts';
import { AGING_MS, BatchQueue, type Entry } from './queue.ts';

/** A batch costs what one of it costs: the more together, the better. */
const costs = new CostCurve([1, 1000].map((size) => ({ size, ms: 10 })));
const limits = { maxLength: 8, maxQueueMs: 0, maxBatch: 2, maxWaitMs: 0, costs };
const room = { instances: 1, idle: 1 };

function filled(entries: readonly Entry<string>[], over: Partial<typeof limits> = {}): BatchQueue<string> {
  const queue = new BatchQueue<string>({ ...limits, ...over });
  for (const one of entries) queue.offer(one);
  return queue;
}

/** What leaves the queue, in order. */
function order(queue: BatchQueue<string>, now = 0): string[] {
  const out: string[] = [];
  for (let decision = queue.decide(now, room); decision.kind === 'dispatch'; decision = queue.decide(now, room)) {
    out.push(...decision.batch.map(({ request }) => request));
  }
  return out;
}

describe('BatchQueue', () => {
  test('an empty queue has nothing to do', () => {
    expect(filled([]).decide(0, room)).toEqual({ kind: 'idle' });
  });

  test('a batch is never larger than its bound', () => {
    const queue = filled([entry('1'), entry('2'), entry('3')]);
    const first = queue.decide(0, room);
    expect(first.kind === 'dispatch' && first.batch.map(({ request }) => request)).toEqual(['1', '2']);
    expect(queue.length).toBe(1);
  });

  /** Two come a millisecond apart, one of them waits. */
  const expecting = (over: Partial<typeof limits>, deadline = 1000) => {
    const queue = filled([entry('gone', { enqueuedAt: 99 })], { maxBatch: 4, maxWaitMs: 5, ...over });
    queue.decide(99, room);
    queue.offer(entry('1', { enqueuedAt: 100, deadline }));
    return queue;
  };

  test('one that others follow closely waits for the next, but no longer than maxWaitMs', () => {
    expect(expecting({}).decide(100, room)).toEqual({ kind: 'wait', ms: 2 });
    expect(expecting({ maxWaitMs: 1.5 }).decide(101, room)).toEqual({ kind: 'wait', ms: 0.5 });
    expect(expecting({ maxWaitMs: 1.5 }).decide(101.5, room).kind).toBe('dispatch');
    expect(expecting({ maxWaitMs: 0 }).decide(100, room).kind).toBe('dispatch');
  });

  test('nobody waits for company who came alone, whose company would gain nothing, or who has no time for it', () => {
    expect(filled([entry('1')], { maxWaitMs: 5 }).decide(0, room).kind).toBe('dispatch');
    const linear = new CostCurve([1, 1000].map((size) => ({ size, ms: 10 * size })));
    expect(expecting({ costs: linear }).decide(100, room).kind).toBe('dispatch');
    expect(expecting({}, 111).decide(100, room)).toEqual({ kind: 'wait', ms: 0.5 });
    expect(expecting({}, 110).decide(100, room).kind).toBe('dispatch');
  });

  test('a full batch does not wait', () => {
    const queue = expecting({ maxBatch: 2 });
    queue.offer(entry('2', { enqueuedAt: 100 }));
    expect(queue.decide(100, room).kind).toBe('dispatch');
  });

  test('while all instances run, a batch grows until one of them needs it', () => {
    const queue = filled([entry('1')], { maxBatch: 4 });
    const busy = { instances: 1, idle: 0, ahead: { since: 0, size: 1 } };
    expect(queue.decide(2, busy)).toEqual({ kind: 'wait', ms: 7 });
    expect(queue.decide(9, busy).kind).toBe('dispatch');
  });

  test('where batches gain nothing, images run one by one', () => {
    const linear = new CostCurve([1, 1000].map((size) => ({ size, ms: 10 * size })));
    const queue = filled(
      ['1', '2', '3'].map((name) => entry(name)),
      { costs: linear },
    );
    expect(queue.decide(0, room)).toMatchObject({ kind: 'dispatch', batch: { length: 1 } });
  });

  test('who would be late in a large batch runs in a small one, if all others are in time nevertheless', () => {
    const dear = new CostCurve([1, 1000].map((size) => ({ size, ms: 10 + 10 * size })));
    const waiting = [entry('pressed', { deadline: 25 }), ...['1', '2', '3'].map((name) => entry(name))];
    expect(order(filled(waiting, { maxBatch: 4, costs: dear })).slice(0, 1)).toEqual(['pressed']);
    const first = filled(waiting, { maxBatch: 4, costs: dear }).decide(0, room);
    expect(first.kind === 'dispatch' && first.batch.map(({ request }) => request)).toEqual(['pressed']);
  });

  test('who can only be in time at the price of several others is passed over', () => {
    const dear = new CostCurve([1, 1000].map((size) => ({ size, ms: 10 + 10 * size })));
    const waiting = [
      entry('pressed', { deadline: 25 }),
      ...['1', '2', '3'].map((name) => entry(name, { deadline: 45 })),
    ];
    const first = filled(waiting, { maxBatch: 4, costs: dear }).decide(0, room);
    expect(first.kind === 'dispatch' && first.batch.map(({ request }) => request)).toEqual(['1', '2', '3']);
  });

  test('who comes before others by priority is not passed over for them', () => {
    const dear = new CostCurve([1, 1000].map((size) => ({ size, ms: 10 + 10 * size })));
    const waiting = ['1', '2', '3'].map((name) => entry(name, { deadline: 45 }));
    const important = entry('important', { deadline: 25, priority: 'high', client: 'b' });
    const first = filled([...waiting, important], { maxBatch: 4, costs: dear }).decide(0, room);
    expect(first.kind === 'dispatch' && first.batch.map(({ request }) => request)).toEqual(['important']);
  });

  test('when nobody is expected to be in time, one runs all the same: costs are estimates', () => {
    const waiting = ['1', '2'].map((name) => entry(name, { deadline: 5 }));
    expect(filled(waiting).decide(0, room)).toMatchObject({ kind: 'dispatch', batch: { length: 1 } });
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

  test('who comes back comes before one that was served meanwhile, however many requests that one has', () => {
    const queue = filled([], { maxBatch: 1 });
    const greedy = (name: string) => queue.offer(entry(name, { client: 'greedy' }));
    const next = () => {
      const decision = queue.decide(0, room);
      return decision.kind === 'dispatch' ? decision.batch[0]?.request : undefined;
    };
    queue.offer(entry('p1', { client: 'polite' }));
    for (const name of ['g1', 'g2', 'g3']) greedy(name);
    expect([next(), next()]).toEqual(['p1', 'g1']);
    queue.offer(entry('p2', { client: 'polite' }));
    expect([next(), next(), next()]).toEqual(['p2', 'g2', 'g3']);
  });

  test.each([
    ['gain nothing', [10, 40], [['q2'], ['g0'], ['g1'], ['g2']]],
    ['pay', [10, 11], [['q2', 'g0', 'g1', 'g2']]],
  ])(
    'who had most of the last places fills up no batch of others where batches %s',
    (_title, [one = 0, four = 0], batches) => {
      const costs = new CostCurve([
        { size: 1, ms: one },
        { size: 4, ms: four },
      ]);
      const queue = filled([], { maxLength: 100, maxBatch: 4, costs });
      costs.prepared(1, 10);
      for (let i = 0; i < 13; i += 1) queue.offer(entry('before', { client: 'greedy' }));
      for (const client of ['p', 'q', 'r']) queue.offer(entry('before', { client }));
      order(queue);
      for (const name of ['g0', 'g1', 'g2']) queue.offer(entry(name, { client: 'greedy' }));
      queue.offer(entry('q2', { client: 'q' }));
      const seen: string[][] = [];
      for (let decision = queue.decide(0, room); decision.kind === 'dispatch'; decision = queue.decide(0, room))
        seen.push(decision.batch.map(({ request }) => request));
      expect(seen).toEqual(batches);
    },
  );

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

  test('an old backlog of a client that is served in its turn does not come before a fresh request of another', () => {
    const queue = filled(
      Array.from({ length: 8 }, (_, i) => entry(`g${i}`, { client: 'greedy' })),
      { maxBatch: 1 },
    );
    for (let now = 0; now < 4 * AGING_MS; now += AGING_MS - 1) queue.decide(now, room);
    const now = 4 * AGING_MS;
    for (const name of ['p', 'q']) queue.offer(entry(name, { client: name, enqueuedAt: now }));
    expect(order(queue, now)).toEqual(['g5', 'p', 'q', 'g6', 'g7']);
  });

  test('of a stream only the newest waits, and the older one is handed back', () => {
    const queue = filled([entry('1', { stream: 's' }), entry('other', { stream: 't' })]);
    const offer = queue.offer(entry('2', { stream: 's' }));
    expect(offer).toMatchObject({ accepted: true, why: 'superseded', displaced: { request: '1' } });
    expect(order(queue)).toEqual(['2', 'other']);
  });

  test('a newer frame keeps the place of the older one, so a fast stream comes first some time', () => {
    const queue = filled([], { maxLength: 4, maxBatch: 1 });
    let frames = 0;
    for (let now = 0; frames === 0; now += 33) {
      queue.offer(entry('frame', { client: 'camera', stream: 's', priority: 'low', enqueuedAt: now }));
      queue.offer(entry('other', { enqueuedAt: now }));
      const decision = queue.decide(now, room);
      if (decision.kind === 'dispatch' && decision.batch[0]?.request === 'frame') frames += 1;
      expect(now, 'milliseconds of waiting').toBeLessThan(3 * AGING_MS);
    }
  });

  test('who comes later stands behind who waits, also when it comes for the first time', () => {
    const queue = filled([entry('1', { client: 'steady' }), entry('2', { client: 'steady' })], { maxBatch: 1 });
    queue.decide(0, room);
    for (const name of ['new', 'newer']) queue.offer(entry(name, { client: name }));
    expect(order(queue)).toEqual(['2', 'new', 'newer']);
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

  test('of who has most the least important one makes room', () => {
    const queue = filled([entry('1', { priority: 'low' }), entry('2'), entry('3')], { maxLength: 3 });
    expect(queue.offer(entry('b1', { client: 'b' }))).toMatchObject({ displaced: { request: '1' } });
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
    for (let decision = queue.decide(0, room); decision.kind === 'dispatch'; decision = queue.decide(0, room)) {
      batches.push(decision.batch.map(({ request }) => request));
    }
    expect(batches[0]).toEqual(['suspect']);
  });

  test.each([
    ['older', 5, 'suspect'],
    ['newer', 0, 'waiting'],
  ])('of what comes back only the newest frame of a stream waits: one %s is there', (_title, enqueuedAt, loser) => {
    const queue = filled([entry('waiting', { stream: 's', enqueuedAt: loser === 'suspect' ? enqueuedAt : 0 })]);
    const back = queue.restore([
      entry('suspect', { stream: 's', enqueuedAt: loser === 'suspect' ? 0 : 5, alone: true }),
    ]);
    expect(back.map(({ request }) => request)).toEqual([loser]);
    expect(queue.length).toBe(1);
  });
});
