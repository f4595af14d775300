import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { LoadProgress } from '../../core/engine.ts';
import { TwinlensError } from '../../core/errors.ts';
import { parseManifest } from '../../core/manifest.ts';
import type { ModelEvent, ModelSummary } from '../../core/protocol.ts';
import type { UpdateOptions } from '../../workers/engine.ts';
import { ManualClock, settle } from './manual-clock.ts';
import type { ModelId, ModelState, ModelView } from './model.ts';
import { ModelUpdates, type ModelUpdatesOptions, wantedOf } from './model-updates.ts';
import { Store } from './store.ts';

const manifest = parseManifest(
  JSON.parse(readFileSync(new URL('../../models/efficientnet-lite0/model.json', import.meta.url), 'utf8')),
);
const M = 'm';
const offer = (versions: readonly number[], labels: Readonly<Record<string, number>> = {}, name = M): ModelSummary => ({
  name,
  title: name,
  default: true,
  versions: [...versions],
  labels: { ...labels },
});
const stable = (version: number): ModelEvent => ({ type: 'model', event: 'label', model: M, version, label: 'stable' });

/** The device's model, with each update in the test's hands. */
class FakeModel {
  serving: ModelId | undefined = { name: M, version: 1 };
  readonly view = new Store<ModelView>({
    model: { state: 'loading', progress: undefined },
    manifest: { ...manifest, name: M, version: 1 },
    capabilities: undefined,
  });
  retries = 0;
  readonly followed: ModelId[] = [];
  readonly updates: {
    readonly target: ModelId;
    readonly options: UpdateOptions;
    readonly done: () => void;
    readonly fail: (error: TwinlensError) => void;
  }[] = [];

  update(target: ModelId, options: UpdateOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = () => {
        this.serving = target;
        resolve();
      };
      options.signal?.addEventListener('abort', () => reject(new TwinlensError('CANCELLED', 'Cancelled.')));
      this.updates.push({ target, options, done, fail: reject });
    });
  }
  async follow(target: ModelId): Promise<void> {
    this.followed.push(target);
  }
  retry(): void {
    this.retries += 1;
  }
  show(model: ModelState): void {
    this.view.update((view) => ({ ...view, model }));
  }
}

function setUp(mode: 'prefer-device' | 'only-device' | 'only-gateway' = 'prefer-device') {
  const clock = new ManualClock();
  const model = new FakeModel();
  const gateway = {
    asked: 0,
    visible: true,
    list: async (): Promise<readonly ModelSummary[]> => [offer([1])],
  };
  const options: ModelUpdatesOptions = {
    model,
    offers: () => {
      gateway.asked += 1;
      return gateway.list();
    },
    clock,
    random: () => 0.5,
    visible: () => gateway.visible,
  };
  const updates = new ModelUpdates(options);
  updates.setMode(mode);
  const offers = (...list: readonly ModelSummary[]) => {
    gateway.list = async () => list;
  };
  return {
    clock,
    model,
    gateway,
    updates,
    offers,
    view: () => updates.view.get(),
    targets: () => model.updates.map(({ target }) => `${target.name}@${target.version}`),
    check: async () => {
      updates.check();
      await settle();
    },
  };
}

test('a bare name means the stable version if it can answer, else the newest that can', () => {
  expect(wantedOf([offer([1, 2, 3], { stable: 2 })])).toEqual({ name: M, version: 2 });
  expect(wantedOf([offer([1, 3], { stable: 2 })])).toEqual({ name: M, version: 3 });
  expect(wantedOf([{ ...offer([7], {}, 'other'), default: false }, offer([1])])).toEqual({ name: M, version: 1 });
  expect(wantedOf([offer([])])).toBeUndefined();
  expect(wantedOf([])).toBeUndefined();
});

test('a new stable version is put in place, with its progress, and that is said for a while', async () => {
  const { clock, model, updates, offers, view, targets } = setUp();
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
  const { clock, gateway, updates } = setUp();
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
  const { check, model, offers } = setUp();
  offers(offer([1, 2], { stable: 1, canary: 2 }));
  await check();
  expect(model.updates).toHaveLength(0);
});

test('going back to an older version, and to another default model, travel the same way', async () => {
  const { check, model, offers, targets } = setUp();
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
  const { check, model, offers, targets, view } = setUp();
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
  const { check, model, offers, view } = setUp();
  offers(offer([1, 2]));
  await check();
  offers(offer([1]));
  await check();
  expect(model.updates[0]?.options.signal?.aborted).toBe(true);
  expect(view().update).toEqual({ state: 'none' });
});

test('a failure keeps the old version, says why once, and is tried again after longer and longer waits', async () => {
  const { check, clock, model, offers, view, updates } = setUp();
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
  const { check, model, offers } = setUp();
  offers(offer([1, 2]));
  await check();
  model.updates[0]?.fail(new TwinlensError('UNAVAILABLE', 'No network.'));
  await settle();
  await check();
  expect(model.updates).toHaveLength(2);
});

test('the failure is forgotten when the gateway no longer means that version', async () => {
  const { check, clock, model, offers, view } = setUp();
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
  const { clock, model, gateway, offers, updates } = setUp('only-device');
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

test('only-gateway: no weights are fetched; pictures are prepared for the version that the gateway means', async () => {
  const { check, model, offers } = setUp('only-gateway');
  offers(offer([1, 2]));
  await check();
  expect(model.updates).toHaveLength(0);
  expect(model.followed).toEqual([{ name: M, version: 2 }]);
});

test('changing to only-gateway ends an update under way, and changing back takes it up', async () => {
  const { check, model, offers, updates, view } = setUp();
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
  const { check, model, offers } = setUp();
  model.serving = undefined;
  offers(offer([1, 2]));
  await check();
  expect(model.retries).toBe(0);
  model.show({ state: 'failed', error: { code: 'MODEL_NOT_FOUND', message: 'Gone.', retryable: false } });
  await check();
  expect([model.retries, model.updates.length]).toEqual([1, 0]);
});

test('a gateway that does not answer changes nothing, and a question asked meanwhile is not lost', async () => {
  const { model, gateway, updates, offers, view, check } = setUp();
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
  const { clock, model, gateway, offers, check } = setUp();
  gateway.list = () => Promise.reject(new TypeError('fetch failed'));
  await check();
  offers(offer([1, 2]));
  await clock.advance(10_000);
  expect(model.updates).toHaveLength(1);
});
