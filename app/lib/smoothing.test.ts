import { expect, test } from 'vitest';
import { type Smoothed, smooth, steady } from './smoothing.ts';

const options = { halfLifeMs: 200, notSureBelow: 0.3, model: 'm@1' };
const cat = (score: number) => ({ label: 'cat', index: 1, score });
const dog = (score: number) => ({ label: 'dog', index: 2, score });

test('the first frame is shown as it is', () => {
  expect(smooth(undefined, [cat(0.8), dog(0.1)], 0, options)).toEqual({
    predictions: [cat(0.8), dog(0.1)],
    notSure: false,
    at: 0,
    model: 'm@1',
  });
});

test('after one half-life the past and the present count the same', () => {
  const before = smooth(undefined, [cat(0.8)], 0, options);
  const after = smooth(before, [cat(0.4)], 200, options);
  expect(after.predictions[0]?.score).toBeCloseTo(0.6, 10);
});

test('a class that vanished fades instead of jumping to nothing', () => {
  const before = smooth(undefined, [cat(0.8)], 0, options);
  const after = smooth(before, [dog(0.9)], 200, options);
  expect(after.predictions.find((entry) => entry.label === 'cat')?.score).toBeCloseTo(0.4, 10);
});

test('scores of two versions are not blended: the first frame of another one is shown as it is', () => {
  const before = smooth(undefined, [cat(0.8)], 0, options);
  const after = smooth(before, [dog(0.6)], 33, { ...options, model: 'm@2' });
  expect(after).toEqual({ predictions: [dog(0.6)], notSure: false, at: 33, model: 'm@2' });
});

test('two classes that are as good as equal do not change places at every frame', () => {
  let state: Smoothed | undefined;
  const leaders = new Set<string | undefined>();
  for (let frame = 0; frame < 30; frame += 1) {
    const flip = frame % 2 === 0 ? 0.01 : -0.01;
    state = smooth(state, [cat(0.4 + flip), dog(0.4 - flip)], frame * 33, options);
    leaders.add(state.predictions[0]?.label);
  }
  expect([...leaders]).toEqual(['cat']);
});

test('a clearly better class takes the lead within half a second at 30 frames a second', () => {
  let state: Smoothed | undefined = smooth(undefined, [cat(0.9)], 0, options);
  for (let at = 33; at <= 500; at += 33) state = smooth(state, [dog(0.9)], at, options);
  expect(state?.predictions[0]?.label).toBe('dog');
});

test('a pause longer than two seconds forgets the past', () => {
  const before = smooth(undefined, [cat(0.9)], 0, options);
  expect(smooth(before, [dog(0.5)], 2_001, options).predictions).toEqual([dog(0.5)]);
});

test('"not sure" is entered below the threshold and left only with a margin', () => {
  const low = smooth(undefined, [cat(0.29)], 0, options);
  expect(low.notSure).toBe(true);
  expect(smooth(low, [cat(0.31)], 10_000, options).notSure).toBe(false); // long gap: no past
  expect(smooth(low, [cat(0.31)], 200, options).notSure).toBe(true);
  expect(smooth(low, [cat(0.6)], 400, options).notSure).toBe(false);
});

test('five classes stay to be shown however small their scores are', () => {
  const sure = [cat(1), ...Array.from({ length: 11 }, (_, i) => ({ label: `c${i}`, index: i + 10, score: 1e-9 }))];
  let state: Smoothed | undefined;
  for (let frame = 0; frame < 20; frame += 1) state = smooth(state, sure, frame * 100, options);
  expect(state?.predictions).toHaveLength(5);
});

test('no more than 24 classes are carried from frame to frame', () => {
  const many = Array.from({ length: 100 }, (_, index) => ({ label: `c${index}`, index, score: 0.01 }));
  expect(smooth(undefined, many, 0, options).predictions).toHaveLength(24);
});

test('a name is spoken once it was on top for 1.2 s, and not again while it stays', () => {
  let state = steady(undefined, 'cat', 0);
  state = steady(state, 'cat', 1_100);
  expect(state.spoken).toBe('');
  state = steady(state, 'cat', 1_200);
  expect(state).toMatchObject({ spoken: 'cat', spokenAt: 1_200 });
  expect(steady(state, 'cat', 60_000)).toBe(state);
});

test('a name that flickers is never spoken, and two announcements keep 3 s distance', () => {
  let state = steady(undefined, 'cat', 0);
  for (let at = 0; at < 10_000; at += 500) state = steady(state, at % 1000 === 0 ? 'cat' : 'dog', at);
  expect(state.spoken).toBe('');
  state = steady(steady(undefined, 'cat', 0), 'cat', 1_500);
  state = steady(steady(state, 'dog', 1_600), 'dog', 3_000);
  expect(state.spoken).toBe('cat');
  expect(steady(state, 'dog', 4_500).spoken).toBe('dog');
});
