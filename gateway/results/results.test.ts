import { describe, expect, test } from 'vitest';
import { type ErrorCode, TwinlensError } from '../../core/errors.ts';
import { FakeClock, settle } from '../../test/doubles/fake-clock.ts';
import { FakeServable } from '../../test/doubles/fake-servable.ts';
import type { Handle, ServableRequest } from '../serving/index.ts';
import { type CacheUse, Results } from './results.ts';

const picture = (byte: number) => ({ encoding: 'jpeg', data: new Uint8Array([byte]) }) as const;

interface Ask extends Partial<ServableRequest> {
  readonly of?: Handle;
  readonly use?: CacheUse;
  /** Milliseconds from now. */
  readonly within?: number;
}

function setup(more: { entries?: number; ttlMs?: number } = {}) {
  const clock = new FakeClock();
  const looks: string[] = [];
  const codes: string[] = [];
  let kept = 0;
  const observer = {
    looked: ({ result }: { result: string }) => void looks.push(result),
    kept: (entries: number) => {
      kept = entries;
    },
    requestFinished: ({ code }: { code: string }) => void codes.push(code),
  };
  const results = new Results({ entries: 10, ttlMs: 0, clock, observer, ...more });
  const servable = new FakeServable({ clock, observer });
  const { runs } = servable;
  /** What came of each request, in order of their asking: its answer, or its code. */
  const outcomes: (Awaited<ReturnType<Results['classify']>> | ErrorCode | undefined)[] = [];
  const ask = async ({ of = servable.acquire(), use, within = 1000, ...given }: Ask = {}): Promise<void> => {
    const at = outcomes.push(undefined) - 1;
    const deadline = clock.now() + within;
    const asked = { image: picture(1), top: 5, deadline, priority: 'normal', client: 'a', ...given } as const;
    results.classify(of, asked, use).then(
      (answer) => {
        outcomes[at] = answer;
      },
      (error: unknown) => {
        outcomes[at] = error instanceof TwinlensError ? error.code : 'INTERNAL';
      },
    );
    await settle();
  };
  const answer = async (at = 0, ...given: Parameters<(typeof runs)[number]['answer']>) => {
    runs[at]?.answer(...given);
    await settle();
  };
  const fail = async (at: number, code: ErrorCode) => {
    runs[at]?.fail(new TwinlensError(code, 'It failed.'));
    await settle();
  };
  return { clock, looks, codes, kept: () => kept, results, servable, runs, outcomes, ask, answer, fail, observer };
}

describe('a kept answer', () => {
  test('is given again, marked, with its own timings and the provider that ran', async () => {
    const { ask, answer, outcomes, runs, looks, codes, kept } = setup();
    await ask();
    await answer(0, { provider: 'cuda', batchSize: 3 });
    await ask();
    expect(runs).toHaveLength(1);
    expect(outcomes[0]).toMatchObject({ cached: false, provider: 'cuda', timings: { infer: 3 } });
    expect(outcomes[1]).toMatchObject({
      cached: true,
      provider: 'cuda',
      batchSize: 3,
      timings: { queue: 0, decode: 0, prepare: 0, infer: 0, total: 0 },
    });
    expect([looks, codes, kept()]).toEqual([['miss', 'hit'], ['OK', 'OK'], 1]);
  });

  test.each<[string, Ask]>([
    ['other bytes', { image: picture(2) }],
    ['another encoding', { image: { encoding: 'png', data: new Uint8Array([1]) } }],
    ['another number of predictions', { top: 1 }],
  ])('is not given for %s', async (_, other) => {
    const { ask, answer, runs } = setup();
    await ask();
    await answer();
    await ask(other);
    expect(runs).toHaveLength(2);
  });

  test('the same pixels in another shape are another picture', async () => {
    const { ask, answer, runs } = setup();
    const data = new Uint8Array(6);
    await ask({ image: { encoding: 'rgb8', width: 2, height: 1, data } });
    await answer();
    await ask({ image: { encoding: 'rgb8', width: 1, height: 2, data } });
    expect(runs).toHaveLength(2);
  });

  test('a large picture, hashed beside the thread, is found again too', async () => {
    const { ask, answer, runs, looks } = setup();
    const image = { encoding: 'jpeg', data: new Uint8Array(3_000_000) } as const;
    void ask({ image });
    await expect.poll(() => runs.length).toBe(1);
    await answer();
    void ask({ image });
    await expect.poll(() => looks).toEqual(['miss', 'hit']);
  });

  test('of one version is never given for another', async () => {
    const { ask, answer, clock, observer, outcomes } = setup();
    await ask();
    await answer();
    const next = new FakeServable({ clock, observer, version: 2 });
    await ask({ of: next.acquire() });
    expect(outcomes[1]).toBeUndefined();
    next.runs[0]?.answer();
    await settle();
    expect(outcomes[1]).toMatchObject({ version: 2, cached: false });
  });

  test('is forgotten with its version, also one that is still on its way', async () => {
    const { ask, answer, results, runs, kept, outcomes } = setup();
    await ask();
    await answer();
    await ask({ image: picture(2) });
    results.forget('mini', 1);
    expect(kept()).toBe(0);
    await answer(1);
    expect([outcomes[1], kept()]).toEqual([expect.objectContaining({ cached: false }), 0]);
    // The same number, loaded again, may be other files.
    await ask();
    await ask({ image: picture(2) });
    expect(runs).toHaveLength(4);
  });

  test('nobody joins a run of a version that was forgotten meanwhile', async () => {
    const { ask, results, runs } = setup();
    await ask();
    results.forget('mini', 1);
    await ask();
    expect(runs).toHaveLength(2);
  });

  test('a failure is not kept', async () => {
    const { ask, fail, runs } = setup();
    await ask();
    await fail(0, 'UNDECODABLE_IMAGE');
    await ask();
    expect(runs).toHaveLength(2);
  });
});

describe('what passes by', () => {
  test.each<[string, Ask]>([
    ['frames of a stream', { stream: 'camera' }],
    ['who wants nothing kept', { use: 'bypass' }],
  ])('%s: nothing is looked up, shared or kept', async (_, how) => {
    const { ask, answer, runs, looks, kept } = setup();
    await ask(how);
    await ask(how);
    await answer(0);
    await answer(1);
    expect([runs.length, looks, kept()]).toEqual([2, [], 0]);
  });

  test('0 entries switch all of it off', async () => {
    const { ask, answer, runs, looks } = setup({ entries: 0 });
    await ask();
    await ask();
    await answer(0);
    await ask();
    expect([runs.length, looks]).toEqual([3, []]);
  });

  test('who wants a fresh answer gets one, and it takes the place of the older one', async () => {
    const { ask, answer, outcomes, runs, kept } = setup();
    await ask();
    await answer(0);
    await ask({ use: 'refresh' });
    await ask({ use: 'refresh' });
    expect(runs).toHaveLength(3);
    await answer(2, { batchSize: 7 });
    await ask();
    expect(outcomes[3]).toMatchObject({ cached: true, batchSize: 7 });
    expect(kept()).toBe(1);
  });
});

describe('identical requests in flight', () => {
  test('run once, each with the time that it waited itself', async () => {
    const { ask, answer, outcomes, runs, looks, codes, clock } = setup();
    await ask();
    await clock.advance(30);
    await ask({ client: 'b' });
    await clock.advance(12);
    await answer();
    expect(runs).toHaveLength(1);
    expect(outcomes[0]).toMatchObject({ cached: false, timings: { infer: 3, total: 42 } });
    expect(outcomes[1]).toMatchObject({ cached: true, timings: { queue: 12, infer: 0, total: 12 } });
    expect([looks, codes]).toEqual([
      ['miss', 'coalesced'],
      ['OK', 'OK'],
    ]);
  });

  test('the run goes on when the first one is cancelled, and ends with the last', async () => {
    const { ask, outcomes, runs, codes, results } = setup();
    const [first, second] = [new AbortController(), new AbortController()];
    await ask({ signal: first.signal });
    await ask({ signal: second.signal });
    first.abort();
    await settle();
    expect([outcomes[0], runs[0]?.open]).toEqual(['CANCELLED', true]);
    second.abort();
    await settle();
    expect([outcomes[1], runs[0]?.open, results.running]).toEqual(['CANCELLED', false, 0]);
    expect(codes).toEqual(['CANCELLED', 'CANCELLED']);
  });

  test('after the first was cancelled the others get the answer of its run', async () => {
    const { ask, answer, outcomes, runs, codes } = setup();
    const first = new AbortController();
    await ask({ signal: first.signal });
    await ask();
    first.abort();
    await answer();
    expect([outcomes[0], outcomes[1]]).toEqual(['CANCELLED', expect.objectContaining({ cached: true })]);
    expect(runs).toHaveLength(1);
    expect(codes.toSorted()).toEqual(['CANCELLED', 'OK']);
  });

  test('each has its own deadline, and the run that of the last', async () => {
    const { ask, answer, outcomes, runs, clock } = setup();
    await ask({ within: 100 });
    await ask({ within: 300 });
    await ask({ within: 50 });
    await clock.advance(100);
    expect(outcomes).toEqual(['DEADLINE_EXCEEDED', undefined, 'DEADLINE_EXCEEDED']);
    await clock.advance(199);
    expect(runs[0]?.open).toBe(true);
    await answer();
    expect(outcomes[1]).toMatchObject({ cached: true });
    expect([runs.length, clock.pending]).toEqual([1, 1]);
  });

  test('at the latest deadline the queue ends the run, and each is told so once', async () => {
    const { ask, outcomes, codes, clock } = setup();
    await ask({ within: 100 });
    await ask({ within: 100 });
    await clock.advance(100);
    expect(outcomes).toEqual(['DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED']);
    expect(codes).toEqual(['DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED']);
  });

  test('one that left its run to another is counted once, also if the run then fails for its sake alone', async () => {
    const { ask, answer, fail, clock, codes, outcomes } = setup();
    await ask({ within: 10 });
    await ask({ within: 100 });
    await clock.advance(10);
    await fail(0, 'QUEUE_FULL');
    await answer(1);
    expect(outcomes).toEqual(['DEADLINE_EXCEEDED', expect.objectContaining({ cached: false })]);
    expect(codes).toHaveLength(2);
  });

  test('a more important one lends the run its priority', async () => {
    const { ask, runs } = setup();
    await ask({ priority: 'low' });
    expect(runs[0]?.request.priority).toBe('low');
    const told: unknown[] = [];
    runs[0]?.request.onRise?.(() => told.push(runs[0]?.request.priority));
    await ask({ priority: 'high' });
    await ask({ priority: 'normal' });
    expect([runs[0]?.request.priority, told]).toEqual(['high', ['high']]);
  });

  test.each<ErrorCode>(['QUEUE_FULL', 'SUPERSEDED'])('%s of the first is not that of the others', async (code) => {
    const { ask, fail, answer, outcomes, runs, codes } = setup();
    await ask({ client: 'greedy' });
    await ask({ client: 'modest', within: 2000 });
    await ask();
    await fail(0, code);
    expect(outcomes).toEqual([code, undefined, undefined]);
    expect([runs.length, runs[1]?.request.client]).toEqual([2, 'modest']);
    await answer(1);
    expect(outcomes.slice(1)).toEqual([
      expect.objectContaining({ cached: false }),
      expect.objectContaining({ cached: true }),
    ]);
    expect(codes.toSorted()).toEqual(['OK', 'OK', code].toSorted());
  });

  test('a full queue refuses each of them once', async () => {
    const { ask, fail, outcomes } = setup();
    await ask();
    await ask();
    await fail(0, 'QUEUE_FULL');
    await fail(1, 'QUEUE_FULL');
    expect(outcomes).toEqual(['QUEUE_FULL', 'QUEUE_FULL']);
  });

  test.each<ErrorCode>(['ENGINE_FAILED', 'UNDECODABLE_IMAGE', 'INTERNAL', 'DRAINING'])(
    '%s is everybody’s: a picture that ends instances is not tried once for each',
    async (code) => {
      const { ask, fail, outcomes, runs, codes } = setup();
      await ask();
      await ask();
      await ask();
      await fail(0, code);
      expect(outcomes).toEqual([code, code, code]);
      expect([runs.length, codes]).toEqual([1, [code, code, code]]);
    },
  );
});
