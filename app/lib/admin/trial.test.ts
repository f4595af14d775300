import { expect, test } from 'vitest';
import type { Classification } from '../../../core/engine.ts';
import { TwinlensError } from '../../../core/errors.ts';
import { settle } from '../../../test/doubles/fake-clock.ts';
import { agreement, Trial } from './trial.ts';

const answer = (version: number, index: number): Classification => ({
  model: 'net',
  version,
  variant: 'w16',
  predictions: [{ label: `class ${index}`, index, score: 0.9 }],
  notSure: false,
  provider: 'cpu',
  cached: false,
  timings: { queue: 0, decode: 0, prepare: 0, infer: 0, total: 0 },
  batchSize: 1,
});

function setUp(stable: number | undefined = 1) {
  const asked: {
    readonly model: string;
    readonly done: (result: Classification) => void;
    readonly fail: (error: Error) => void;
  }[] = [];
  const open = new Set<string>();
  const trial = new Trial({
    classify: (_file, model) => new Promise((done, fail) => asked.push({ model, done, fail })),
    stableOf: () => stable,
    urls: {
      create: () => {
        const url = `blob:${open.size}`;
        open.add(url);
        return url;
      },
      revoke: (url) => void open.delete(url),
    },
  });
  return { trial, asked, open, sides: () => trial.view.get()?.sides ?? [] };
}

const photo = new Blob(['jpeg']);

test('the version and the stable one answer the same photo', async () => {
  const { trial, asked, sides } = setUp();
  trial.open('net', 2);
  void trial.tryOn('a.jpg', photo);
  expect(asked.map(({ model }) => model)).toEqual(['net@2', 'net@1']);
  asked[0]?.done(answer(2, 7));
  await settle();
  expect(agreement(sides())).toBeUndefined();
  asked[1]?.done(answer(1, 8));
  await settle();
  expect(agreement(sides())).toBe(false);
});

test('the stable version is tried alone', () => {
  const { trial, asked } = setUp(2);
  trial.open('net', 2);
  void trial.tryOn('a.jpg', photo);
  expect(asked.map(({ model }) => model)).toEqual(['net@2']);
});

test('one side that fails leaves the other', async () => {
  const { trial, asked, sides } = setUp();
  trial.open('net', 2);
  void trial.tryOn('a.jpg', photo);
  asked[0]?.fail(new TwinlensError('MODEL_NOT_READY', 'Not loaded.'));
  asked[1]?.done(answer(1, 8));
  await settle();
  expect(sides().map((side) => side.answer.state)).toEqual(['failed', 'answered']);
});

test('an answer to the photo before is not shown for this one', async () => {
  const { trial, asked, sides } = setUp(undefined);
  trial.open('net', 2);
  void trial.tryOn('a.jpg', photo);
  void trial.tryOn('b.jpg', photo);
  asked[0]?.done(answer(2, 7));
  await settle();
  expect(sides()[0]?.answer.state).toBe('waiting');
});

test('no address of a photo is left behind', () => {
  const { trial, open } = setUp();
  trial.open('net', 2);
  void trial.tryOn('a.jpg', photo);
  void trial.tryOn('b.jpg', photo);
  trial.close();
  expect(open.size).toBe(0);
});
