import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Classification, EncodedImage, EngineStatus } from '../../core/engine.ts';
import { TwinlensError } from '../../core/errors.ts';
import { parseManifest } from '../../core/manifest.ts';
import { FakeClock } from '../../test/doubles/fake-clock.ts';
import { MemoryKeyValue } from '../../test/doubles/memory-key-value.ts';
import { classification } from '../../test/support/classification.ts';
import type { Prepared } from '../../workers/engine.ts';
import { PhotoAnswers, type PhotoAnswersOptions } from './photo-answers.ts';
import { type CachedAnswer, ResultCache } from './result-cache.ts';
import { EngineRouter } from './router.ts';

const manifest = parseManifest(
  JSON.parse(readFileSync(new URL('../../models/efficientnet-lite0/model.json', import.meta.url), 'utf8')),
);
const result = (provider: 'wasm' | 'cpu', version = manifest.version): Classification =>
  classification({ model: manifest.name, version, provider });
const loaded = (version: number): EngineStatus => ({
  state: 'ready',
  model: {
    name: manifest.name,
    version,
    variant: manifest.defaultVariant,
    title: '',
    provider: 'wasm',
    classes: 1000,
    notSureBelow: 0,
  },
});
const jpeg = new Blob([new Uint8Array([0xff, 0xd8, 0xff, 0xe0, 1, 2, 3])]);
const gif = new Blob(['GIF89a...']);

function setUp(change: { mode?: 'only-device' | 'only-gateway' | 'prefer-device'; unreadable?: boolean } = {}) {
  const clock = new FakeClock(0);
  const router = new EngineRouter({ mode: change.mode ?? 'prefer-device', clock });
  router.setDevice({ state: 'ready' });
  router.setGateway({ state: 'ready' });
  const values = new MemoryKeyValue<CachedAnswer>();
  let time = 0;
  const today = () => {
    time += 1;
    return time;
  };
  const sent: EncodedImage[] = [];
  const ran: Prepared[] = [];
  const pictures: unknown[] = [];
  const serving = { version: manifest.version, afterPreparing: (): void => undefined };
  const engine: PhotoAnswersOptions['engine'] = {
    get status() {
      return loaded(serving.version);
    },
    prepare: async () => {
      if (change.unreadable) throw new TwinlensError('UNDECODABLE_IMAGE', 'This browser can not read it.');
      const { version } = serving;
      serving.afterPreparing();
      return {
        model: { name: manifest.name, version },
        digest: 'd1',
        pixels: new Uint8Array(3),
        width: 1,
        height: 1,
        sourceWidth: 1,
        sourceHeight: 1,
        timings: { decode: 1, prepare: 1 },
      };
    },
    classifyPrepared: async (prepared) => {
      ran.push(prepared);
      return result('wasm', prepared.model.version);
    },
    classifyPicture: async (picture) => {
      pictures.push(picture);
      return result('wasm', serving.version);
    },
    encode: async () => ({ encoding: 'jpeg', data: new Uint8Array([9]) }),
  };
  const answers = new PhotoAnswers({
    engine,
    gateway: async (image) => {
      sent.push(image);
      return result('cpu');
    },
    describe: async () => manifest,
    router,
    cache: new ResultCache({ values, today }),
    clock,
  });
  const answer = (file: Blob) => answers.answer(file, new AbortController().signal);
  return { answer, sent, ran, values, pictures, serving };
}

test('on the device the prepared pixels are run and nothing is sent', async () => {
  const { answer, sent, ran } = setUp();
  expect((await answer(jpeg)).answer).toMatchObject({ engine: 'device', source: 'run' });
  expect([sent.length, ran.length]).toEqual([0, 1]);
});

test('the same photo again is answered from the cache, whoever computed it and whoever is asked', async () => {
  const first = setUp({ mode: 'only-gateway' });
  await first.answer(jpeg);
  await Promise.resolve();
  const again = await first.answer(jpeg);
  expect(again.answer).toMatchObject({ engine: 'gateway', source: 'store' });
  expect(first.sent).toHaveLength(1);
});

test('a kept answer gives as its reason that it was kept, not why an engine was asked then or would be now', async () => {
  const { answer, values } = setUp();
  expect((await answer(jpeg)).answer.reason).toBe('This device runs the model.');
  expect((await answer(jpeg)).answer.reason).toBe('This browser kept what this device answered before.');
  expect([...values.values.values()].flatMap(Object.keys), 'the reason is not kept').not.toContain('reason');
});

test('the gateway gets a JPEG as it is, and any other format as a JPEG made here', async () => {
  const { answer, sent } = setUp({ mode: 'only-gateway' });
  await answer(jpeg);
  expect(sent[0]).toEqual({ encoding: 'jpeg', data: new Uint8Array(await jpeg.arrayBuffer()) });
  const other = setUp({ mode: 'only-gateway' });
  await other.answer(gif);
  expect(other.sent[0]?.data).toEqual(new Uint8Array([9]));
});

test('a photo that this browser can not read is answered by the gateway', async () => {
  const { answer, sent, values } = setUp({ unreadable: true });
  const { answer: got, prepared } = await answer(jpeg);
  expect(got.engine).toBe('gateway');
  expect(prepared).toBeUndefined();
  expect(sent).toHaveLength(1);
  expect(values.values.size).toBe(0);
});

test('in only-device mode such a photo fails with its code and is not sent', async () => {
  const { answer, sent } = setUp({ unreadable: true, mode: 'only-device' });
  await expect(answer(jpeg)).rejects.toMatchObject({ code: 'UNDECODABLE_IMAGE' });
  expect(sent).toHaveLength(0);
});

test('kept answers of an older version are not shown once another one serves', async () => {
  const { answer, ran, serving } = setUp();
  await answer(jpeg);
  serving.version = 2;
  expect((await answer(jpeg)).answer).toMatchObject({ source: 'run', result: { version: 2 } });
  expect(ran.map(({ model }) => model.version)).toEqual([1, 2]);
  serving.version = 1;
  expect((await answer(jpeg)).answer).toMatchObject({ source: 'store', result: { version: 1 } });
});

test('a photo prepared for a model that was replaced meanwhile is prepared again, and kept for neither', async () => {
  const { answer, ran, serving, pictures, values } = setUp();
  serving.afterPreparing = () => {
    serving.version = 2;
  };
  expect((await answer(jpeg)).answer).toMatchObject({ source: 'run', result: { version: 2 } });
  expect([ran, pictures]).toEqual([[], [jpeg]]);
  expect(values.values.size).toBe(0);
});
