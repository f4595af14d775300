import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { ClassifyOptions, EncodedImage } from '../../core/engine.ts';
import { TwinlensError } from '../../core/errors.ts';
import { parseManifest } from '../../core/manifest.ts';
import { FakeClock } from '../../test/doubles/fake-clock.ts';
import { classification } from '../../test/support/classification.ts';
import type { Answer } from './answer.ts';
import type { LiveFrame } from './frames.ts';
import { LiveAnswers, type LiveAnswersOptions } from './live-answers.ts';
import type { ModelView } from './model.ts';
import { EngineRouter } from './router.ts';
import { Store } from './store.ts';

const manifest = parseManifest(
  JSON.parse(readFileSync(new URL('../../models/efficientnet-lite0/model.json', import.meta.url), 'utf8')),
);

/** The platform's frame: what is copied of it, and whether it was given back. */
class FakeFrame {
  closed = false;
  readonly copies: FakeFrame[] = [];

  clone(): FakeFrame {
    const copy = new FakeFrame();
    this.copies.push(copy);
    return copy;
  }
  close(): void {
    this.closed = true;
  }
}

function setUp(mode: 'prefer-device' | 'only-device' = 'prefer-device', instead?: LiveAnswersOptions['router']) {
  const clock = new FakeClock();
  const router = new EngineRouter({ mode, clock });
  router.setDevice({ state: 'ready' });
  router.setGateway({ state: 'ready' });
  const asked: { device: ClassifyOptions[]; gateway: ClassifyOptions[] } = { device: [], gateway: [] };
  const device = { label: 'cat', failure: undefined as TwinlensError | undefined };
  const engine: LiveAnswersOptions['engine'] = {
    classifyPicture: async (_, options = {}) => {
      asked.device.push(options);
      if (device.failure) throw device.failure;
      return classification({ predictions: [{ label: device.label, index: 1, score: 0.9 }] });
    },
    encode: async (): Promise<EncodedImage> => ({ encoding: 'jpeg', data: new Uint8Array(3) }),
  };
  const view = new Store<ModelView>({ model: { state: 'unwanted' }, manifest, capabilities: undefined });
  const answers = new LiveAnswers({
    engine,
    gateway: async (_, options) => {
      asked.gateway.push(options);
      return classification();
    },
    model: { describe: async () => manifest, view },
    router: instead ?? router,
    clock,
    onAnswer: () => undefined,
  });
  const answer = async (signal = new AbortController().signal) => {
    const frame = new FakeFrame();
    // What a frame is to this module: something to copy and to close.
    const outcome = await answers.answer(frame as unknown as LiveFrame, signal).then(
      () => 'answered',
      (error: TwinlensError) => error.code,
    );
    return { frame, outcome };
  };
  return { answers, answer, asked, device, shown: () => answers.view.get()?.answer };
}

test('the device gets a copy, asks for more classes than are shown, and the frame is closed', async () => {
  const { answer, asked, shown } = setUp();
  const { frame } = await answer();
  expect(asked.device[0]?.top).toBe(12);
  expect([frame.closed, frame.copies.length]).toEqual([true, 1]);
  expect(shown()).toMatchObject({ engine: 'device', result: { predictions: [{ label: 'cat' }] } });
});

test('what the device fails at goes to the gateway as the newest frame of its stream', async () => {
  const { answer, asked, device, shown } = setUp();
  device.failure = new TwinlensError('ENGINE_FAILED', 'The worker is gone.');
  const { frame } = await answer();
  expect(asked.gateway).toMatchObject([{ stream: 'live', priority: 'high', top: 12, model: manifest.name }]);
  expect(shown()).toMatchObject({ engine: 'gateway', fellOver: { from: 'device' } });
  expect(frame.closed).toBe(true);
});

test('in mode only-device a failed frame is not given to the gateway, and is closed all the same', async () => {
  const { answer, asked, device, shown } = setUp('only-device');
  device.failure = new TwinlensError('ENGINE_FAILED', 'The worker is gone.');
  const { frame, outcome } = await answer();
  expect([outcome, asked.gateway.length, frame.closed]).toEqual(['ENGINE_FAILED', 0, true]);
  expect(shown()).toBeUndefined();
});

test('an answer that comes after the camera was stopped is not shown', async () => {
  const abort = new AbortController();
  const late: Answer = { result: classification(), engine: 'device', source: 'run', waitedMs: 1, reason: '' };
  const { answer, shown } = setUp('prefer-device', {
    classify: async () => {
      abort.abort();
      return late;
    },
  });
  const { frame } = await answer(abort.signal);
  expect([shown(), frame.closed]).toEqual([undefined, true]);
});

test('what was shown is forgotten when it is cleared', async () => {
  const { answer, answers, shown } = setUp();
  await answer();
  answers.clear();
  expect(shown()).toBeUndefined();
});
