/** Which version a device changes to, and when. */
import { expect, test } from 'vitest';
import type { LoadProgress } from '../../core/engine.ts';
import type { ModelEvent } from '../../core/protocol.ts';
import { settle } from '../../test/doubles/fake-clock.ts';
import { M, offer, setUpUpdates } from '../../test/support/model-updates.ts';
import { wantedOf } from './model-updates.ts';

const stable = (version: number): ModelEvent => ({ type: 'model', event: 'label', model: M, version, label: 'stable' });

test('a bare name means the stable version if it can answer, else the newest that can', () => {
  expect(wantedOf([offer([1, 2, 3], { stable: 2 })])).toEqual({ name: M, version: 2 });
  expect(wantedOf([offer([1, 3], { stable: 2 })])).toEqual({ name: M, version: 3 });
  expect(wantedOf([{ ...offer([7], {}, 'other'), default: false }, offer([1])])).toEqual({ name: M, version: 1 });
  expect(wantedOf([offer([])])).toBeUndefined();
  expect(wantedOf([])).toBeUndefined();
});

test('a new stable version is put in place, with its progress, and that is said for a while', async () => {
  const { clock, model, updates, offers, view, targets } = setUpUpdates();
  offers(offer([1, 2], { stable: 2 }));
  updates.heard(stable(2));
  await clock.advance(400);
  expect(targets()).toEqual(['m@2']);
  const progress: LoadProgress = { phase: 'download', loadedBytes: 4, totalBytes: 9, fromStore: false };
  model.updates[0]?.options.onProgress?.(progress);
  expect(view().update).toEqual({ state: 'updating', target: { name: M, version: 2 }, progress });
  model.updates[0]?.done();
  await settle();
  expect(view().update).toEqual({ state: 'done', target: { name: M, version: 2 } });
  await clock.advance(10_000);
  expect(view()).toEqual({ update: { state: 'none' }, failure: undefined, wanted: { name: M, version: 2 } });
});

test('a burst of events is one question, and a label that is not stable is none', async () => {
  const { clock, gateway, updates } = setUpUpdates();
  updates.heard({ type: 'model', event: 'label', model: M, version: 2, label: 'canary' });
  await clock.advance(1_000);
  expect(gateway.asked).toBe(0);
  updates.heard({ type: 'model', event: 'available', model: M, version: 2 });
  updates.heard(stable(2));
  updates.heard({ type: 'model', event: 'retired', model: M, version: 1 });
  await clock.advance(1_000);
  expect(gateway.asked).toBe(1);
});

test('what the gateway means already serves: nothing is done', async () => {
  const { check, model, offers } = setUpUpdates();
  offers(offer([1, 2], { stable: 1, canary: 2 }));
  await check();
  expect(model.updates).toHaveLength(0);
});

test('going back to an older version, and to another default model, travel the same way', async () => {
  const { check, model, offers, targets } = setUpUpdates();
  model.serving = { name: M, version: 3 };
  offers(offer([1]));
  await check();
  model.updates[0]?.done();
  await settle();
  offers({ ...offer([1]), default: false }, offer([5], {}, 'other'));
  await check();
  expect(targets()).toEqual(['m@1', 'other@5']);
});

test('a newer wish supersedes the update under way; the same wish does not start it anew', async () => {
  const { check, model, offers, targets, view } = setUpUpdates();
  offers(offer([1, 2]));
  await check();
  await check();
  expect(targets()).toEqual(['m@2']);
  offers(offer([1, 2, 3]));
  await check();
  expect(model.updates[0]?.options.signal?.aborted).toBe(true);
  expect(targets()).toEqual(['m@2', 'm@3']);
  expect(view().update).toMatchObject({ state: 'updating', target: { version: 3 } });
  expect(view().failure).toBeUndefined();
});

test('a wish that is taken back ends the update under way', async () => {
  const { check, model, offers, view } = setUpUpdates();
  offers(offer([1, 2]));
  await check();
  offers(offer([1]));
  await check();
  expect(model.updates[0]?.options.signal?.aborted).toBe(true);
  expect(view().update).toEqual({ state: 'none' });
});

test('only-gateway: no weights are fetched; pictures are prepared for the version that the gateway means', async () => {
  const { check, model, offers } = setUpUpdates('only-gateway');
  offers(offer([1, 2]));
  await check();
  expect(model.updates).toHaveLength(0);
  expect(model.followed).toEqual([{ name: M, version: 2 }]);
});

test('changing to only-gateway ends an update under way, and changing back takes it up', async () => {
  const { check, model, offers, updates, view } = setUpUpdates();
  offers(offer([1, 2]));
  await check();
  updates.setMode('only-gateway');
  await settle();
  expect(model.updates[0]?.options.signal?.aborted).toBe(true);
  expect(view()).toMatchObject({ update: { state: 'none' }, failure: undefined });
  updates.setMode('prefer-device');
  await settle();
  expect(model.updates).toHaveLength(2);
});

test('nothing serves yet: a load under way is left alone, one that failed is tried again', async () => {
  const { check, model, offers } = setUpUpdates();
  model.serving = undefined;
  offers(offer([1, 2]));
  await check();
  expect(model.retries).toBe(0);
  model.show({ state: 'failed', error: { code: 'MODEL_NOT_FOUND', message: 'Gone.', retryable: false } });
  await check();
  expect([model.retries, model.updates.length]).toEqual([1, 0]);
});
