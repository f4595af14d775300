/** Updates and questions that fail: what is kept, what is said, and when they are tried again. */
import { expect, test } from 'vitest';
import { TwinlensError } from '../../core/errors.ts';
import type { ModelSummary } from '../../core/protocol.ts';
import { settle } from '../../test/doubles/fake-clock.ts';
import { offer, setUpUpdates } from '../../test/support/model-updates.ts';

test('a failure keeps the old version, says why once, and is tried again after longer and longer waits', async () => {
  const { check, clock, model, offers, view, updates } = setUpUpdates();
  offers(offer([1, 2]));
  await check();
  model.updates[0]?.fail(new TwinlensError('INVALID_ARGUMENT', 'It came damaged.'));
  await settle();
  expect(view()).toMatchObject({
    update: { state: 'none' },
    failure: { target: { version: 2 }, kept: { version: 1 }, error: { message: 'It came damaged.' } },
  });
  updates.dismiss();
  await clock.advance(5_000);
  expect(model.updates).toHaveLength(2);
  model.updates[1]?.fail(new TwinlensError('INVALID_ARGUMENT', 'It came damaged.'));
  await clock.advance(5_000);
  expect(model.updates).toHaveLength(2);
  await clock.advance(5_000);
  expect(model.updates).toHaveLength(3);
  expect(view().failure).toBeUndefined();
  model.updates[2]?.done();
  await settle();
  expect(view().update.state).toBe('done');
  await clock.advance(1_000_000);
  expect(model.updates).toHaveLength(3);
});

test('the next event tries again at once what failed', async () => {
  const { check, model, offers } = setUpUpdates();
  offers(offer([1, 2]));
  await check();
  model.updates[0]?.fail(new TwinlensError('UNAVAILABLE', 'No network.'));
  await settle();
  await check();
  expect(model.updates).toHaveLength(2);
});

test('the failure is forgotten when the gateway no longer means that version', async () => {
  const { check, clock, model, offers, view } = setUpUpdates();
  offers(offer([1, 2]));
  await check();
  model.updates[0]?.fail(new TwinlensError('ENGINE_FAILED', 'Wrong answers here.'));
  await settle();
  offers(offer([1]));
  await check();
  expect(view().failure).toBeUndefined();
  await clock.advance(1_000_000);
  expect(model.updates).toHaveLength(1);
});

test('only-device: the list is asked for at intervals while the page is seen, without pestering what failed', async () => {
  const { clock, model, gateway, offers, updates } = setUpUpdates('only-device');
  await clock.advance(15_000);
  expect(gateway.asked).toBe(1);
  gateway.visible = false;
  await clock.advance(60_000);
  expect(gateway.asked).toBe(1);
  gateway.visible = true;
  offers(offer([1, 2]));
  await clock.advance(15_000);
  expect(model.updates).toHaveLength(1);
  for (const update of model.updates) update.fail(new TwinlensError('ENGINE_FAILED', 'Wrong answers here.'));
  await clock.advance(5_000);
  expect(model.updates, 'tried again after its own wait').toHaveLength(2);
  model.updates[1]?.fail(new TwinlensError('ENGINE_FAILED', 'Wrong answers here.'));
  await clock.advance(10_000);
  expect(model.updates).toHaveLength(3);
  model.updates[2]?.fail(new TwinlensError('ENGINE_FAILED', 'Wrong answers here.'));
  const before = gateway.asked;
  await clock.advance(19_000);
  expect(gateway.asked).toBe(before + 1);
  expect(model.updates, 'a question at its interval is no reason to try again').toHaveLength(3);
  updates.setMode('prefer-device');
  await settle();
  const { asked } = gateway;
  await clock.advance(60_000);
  expect(gateway.asked - asked, 'with a connection nothing is asked without a reason').toBeLessThanOrEqual(1);
});

test('a gateway that does not answer changes nothing, and a question asked meanwhile is not lost', async () => {
  const { model, gateway, updates, offers, view, check } = setUpUpdates();
  let answer: (list: readonly ModelSummary[]) => void = () => undefined;
  gateway.list = () => new Promise((resolve) => (answer = resolve));
  await check();
  updates.check();
  offers(offer([1, 2]));
  answer([offer([1])]);
  await settle();
  expect(model.updates).toHaveLength(1);
  gateway.list = () => Promise.reject(new TypeError('fetch failed'));
  await check();
  expect(view().update).toMatchObject({ state: 'updating' });
});

test('a question that got no answer is asked again by itself', async () => {
  const { clock, model, gateway, offers, check } = setUpUpdates();
  gateway.list = () => Promise.reject(new TypeError('fetch failed'));
  await check();
  offers(offer([1, 2]));
  await clock.advance(10_000);
  expect(model.updates).toHaveLength(1);
});
