import { expect, test } from 'vitest';
import { TwinlensError } from '../../core/errors.ts';
import { settle } from '../../test/doubles/fake-clock.ts';
import type { Answer } from './answer.ts';
import { Photos } from './photos.ts';

const answer: Answer = {
  engine: 'device',
  source: 'run',
  waitedMs: 1,
  reason: 'This device runs the model.',
  result: {
    model: 'm',
    version: 1,
    variant: 'w16',
    predictions: [],
    notSure: true,
    provider: 'wasm',
    cached: false,
    timings: { queue: 0, decode: 0, prepare: 0, infer: 0, total: 0 },
    batchSize: 1,
  },
};

interface Call {
  readonly name: string;
  readonly signal: AbortSignal;
  readonly done: () => void;
  readonly fail: (error: Error) => void;
}

function setUp(limits: { limit?: number; parallel?: number } = {}) {
  const calls: Call[] = [];
  const urls = new Set<string>();
  let count = 0;
  const photos = new Photos({
    ...limits,
    newId: () => {
      count += 1;
      return `p${count}`;
    },
    urls: {
      create: () => {
        const url = `blob:${count}`;
        urls.add(url);
        return url;
      },
      revoke: (url) => urls.delete(url),
    },
    answer: (_, name, signal) =>
      new Promise((resolve, reject) => calls.push({ name, signal, done: () => resolve(answer), fail: reject })),
  });
  const add = (...names: string[]) => photos.add(names.map((name) => ({ name, file: new Blob([name]) })));
  const states = () => photos.view.get().photos.map((photo) => `${photo.name}:${photo.work.state}`);
  const finish = async (index: number) => {
    calls[index]?.done();
    await settle();
  };
  const fail = async (index: number, error: Error) => {
    calls[index]?.fail(error);
    await settle();
  };
  return { photos, calls, urls, add, states, finish, fail };
}

test('two run at once, the others wait their turn in order', async () => {
  const { add, calls, states, finish } = setUp();
  add('a', 'b', 'c');
  expect(states()).toEqual(['a:running', 'b:running', 'c:pending']);
  await finish(0);
  expect(states()).toEqual(['a:answered', 'b:running', 'c:running']);
  expect(calls.map((call) => call.name)).toEqual(['a', 'b', 'c']);
});

test('the first of the files just added is selected', () => {
  const { photos, add } = setUp();
  add('a', 'b');
  add('c');
  expect(photos.view.get().selectedId).toBe('p3');
});

test('a photo that failed can be retried and answered', async () => {
  const { photos, add, states, finish, fail } = setUp();
  add('a');
  await fail(0, new TwinlensError('ENGINE_FAILED', 'It broke.'));
  expect(photos.view.get().photos[0]?.work).toMatchObject({ error: { code: 'ENGINE_FAILED', message: 'It broke.' } });
  photos.retry('p1');
  await finish(1);
  expect(states()).toEqual(['a:answered']);
});

test('a cancelled photo is aborted, and its late answer does not come back', async () => {
  const { photos, add, calls, states, finish } = setUp();
  add('a');
  photos.cancel('p1');
  expect(calls[0]?.signal.aborted).toBe(true);
  await finish(0);
  expect(states()).toEqual(['a:failed']);
});

test('cancelled and retried at once, the photo runs again when the old run has ended', async () => {
  const { photos, add, calls, states, finish } = setUp();
  add('a');
  photos.cancel('p1');
  photos.retry('p1');
  expect(calls).toHaveLength(1);
  await finish(0);
  expect(calls).toHaveLength(2);
  await finish(1);
  expect(states()).toEqual(['a:answered']);
});

test('a cancelled photo that waits never runs', async () => {
  const { photos, add, calls, finish } = setUp({ parallel: 1 });
  add('a', 'b');
  photos.cancel('p2');
  await finish(0);
  expect(calls.map((call) => call.name)).toEqual(['a']);
});

test('finished photos make room for new ones and their URLs are freed', async () => {
  const { add, urls, states, finish } = setUp({ limit: 2 });
  add('a', 'b');
  await finish(0);
  add('c');
  expect(states()).toEqual(['b:running', 'c:running']);
  expect(urls.size).toBe(2);
});

test('when nothing is finished, files beyond the limit are refused and counted', () => {
  const { photos, add } = setUp({ limit: 2 });
  add('a', 'b', 'c');
  expect(photos.view.get()).toMatchObject({ refused: 1 });
  expect(photos.view.get().photos).toHaveLength(2);
});

test('removing the selected photo selects its neighbour and frees its URL', () => {
  const { photos, add, urls } = setUp();
  add('a', 'b', 'c');
  photos.select('p2');
  photos.remove('p2');
  expect(photos.view.get().selectedId).toBe('p3');
  expect(urls.size).toBe(2);
  photos.clear();
  expect([photos.view.get().photos.length, photos.view.get().selectedId, urls.size]).toEqual([0, undefined, 0]);
});

test('when an engine comes up, photos that failed for want of one are asked again, the others are not', async () => {
  const { photos, add, states, fail } = setUp();
  add('a', 'b');
  await fail(0, new TwinlensError('UNAVAILABLE', 'Nobody.'));
  await fail(1, new TwinlensError('UNDECODABLE_IMAGE', 'No picture.'));
  photos.retryUnavailable();
  expect(states()).toEqual(['a:running', 'b:failed']);
});
