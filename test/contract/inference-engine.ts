/**
 * The rules that every `InferenceEngine` keeps, whatever runs behind it. A test file calls
 * `describeInferenceEngine` with a way to make its engine; the built-in model must be what it serves.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Classification, EngineEvent, ImageInput, InferenceEngine } from '../../core/engine.ts';
import type { ErrorCode, TwinlensError } from '../../core/errors.ts';
import { parseManifest } from '../../core/manifest.ts';

const folder = new URL('../../models/efficientnet-lite0/', import.meta.url);
export const builtIn = parseManifest(JSON.parse(readFileSync(new URL('model.json', folder), 'utf8')));

export function goldenImage(at: number): ImageInput {
  const golden = builtIn.goldens[at % builtIn.goldens.length];
  if (!golden) throw new Error('the built-in model has no goldens');
  return { encoding: 'png', data: new Uint8Array(readFileSync(new URL(golden.image, folder))) };
}

export interface EngineUnderTest {
  readonly engine: InferenceEngine;
  close(): Promise<void>;
}

/** The code of the error that `promise` rejects with; the test fails when it resolves. */
async function codeOf(promise: Promise<unknown>): Promise<ErrorCode> {
  try {
    await promise;
  } catch (error) {
    return (error as TwinlensError).code;
  }
  throw new Error('resolved, but an error was expected');
}

function expectGolden(at: number, answer: Classification): void {
  const golden = builtIn.goldens[at % builtIn.goldens.length];
  for (const [i, expected] of (golden?.top.slice(0, answer.predictions.length) ?? []).entries()) {
    expect(answer.predictions[i]?.index).toBe(expected.index);
    expect(Math.abs((answer.predictions[i]?.score ?? 0) - expected.score)).toBeLessThanOrEqual(1e-3);
  }
}

export function describeInferenceEngine(name: string, make: () => Promise<EngineUnderTest>): void {
  describe(`InferenceEngine: ${name}`, () => {
    let made: EngineUnderTest;
    let engine: InferenceEngine;
    beforeAll(async () => {
      made = await make();
      engine = made.engine;
    }, 120_000);
    afterAll(() => made?.close());

    test('is empty, and refuses to classify, before a model is loaded', async () => {
      expect(engine.status).toEqual({ state: 'empty' });
      expect(await codeOf(engine.classify(goldenImage(0)))).toBe('MODEL_NOT_READY');
    });

    test('a model that does not exist is MODEL_NOT_FOUND and leaves the engine failed with that reason', async () => {
      expect(await codeOf(engine.load('no-such-model'))).toBe('MODEL_NOT_FOUND');
      expect(engine.status).toMatchObject({
        state: 'failed',
        spec: 'no-such-model',
        error: { code: 'MODEL_NOT_FOUND' },
      });
    });

    test('a spec that is none is INVALID_ARGUMENT', async () => {
      expect(await codeOf(engine.load('Not A Model!'))).toBe('INVALID_ARGUMENT');
    });

    test('loading tells its states in order and ends ready with what really runs', async () => {
      const events: EngineEvent[] = [];
      const stop = engine.subscribe((event) => events.push(event));
      const loaded = await engine.load(builtIn.name);
      stop();
      expect(loaded).toMatchObject({
        name: builtIn.name,
        version: builtIn.version,
        variant: builtIn.defaultVariant,
        classes: builtIn.output.classes,
        notSureBelow: builtIn.notSureBelow,
      });
      const states = events.flatMap((event) => (event.type === 'status' ? [event.status.state] : []));
      expect(states[0]).toBe('loading');
      expect(states.at(-1)).toBe('ready');
      expect(new Set(states)).toEqual(new Set(['loading', 'ready']));
      expect(engine.status).toEqual({ state: 'ready', model: loaded });
    });

    test('a failed load leaves the ready model ready', async () => {
      const before = engine.status;
      expect(await codeOf(engine.load('no-such-model'))).toBe('MODEL_NOT_FOUND');
      expect(engine.status).toEqual(before);
      expect((await engine.classify(goldenImage(0))).model).toBe(builtIn.name);
    });

    test.each(builtIn.goldens.map((golden, at) => ({ at, image: golden.image })))(
      'gives the golden scores within 1e-3: $image',
      async ({ at }) => {
        const answer = await engine.classify(goldenImage(at), { top: 10 });
        expect(answer.predictions).toHaveLength(10);
        expectGolden(at, answer);
      },
    );

    test('an answer names model, version, variant, provider and where the time went', async () => {
      const answer = await engine.classify(goldenImage(0));
      expect(answer).toMatchObject({
        model: builtIn.name,
        version: builtIn.version,
        variant: builtIn.defaultVariant,
        notSure: false,
        cached: false,
      });
      expect(answer.predictions).toHaveLength(5);
      expect(answer.timings.total).toBeGreaterThan(0);
      expect(answer.timings.infer).toBeGreaterThan(0);
      expect(answer.batchSize).toBeGreaterThanOrEqual(1);
    });

    test('raw pixels are taken, and rgba8 over white is what rgb8 of the same picture is', async () => {
      const side = 300;
      const rgb = new Uint8Array(side * side * 3);
      const rgba = new Uint8Array(side * side * 4);
      for (let i = 0; i < side * side; i += 1) {
        const inside = (i % side) % 60 < 30 === Math.floor(i / side) % 60 < 30;
        rgb.fill(inside ? 20 : 255, i * 3, i * 3 + 3);
        rgba.set(inside ? [20, 20, 20, 255] : [90, 0, 200, 0], i * 4);
      }
      const opaque = await engine.classify({ encoding: 'rgb8', width: side, height: side, data: rgb });
      const transparent = await engine.classify({ encoding: 'rgba8', width: side, height: side, data: rgba });
      expect(transparent.predictions).toEqual(opaque.predictions);
    });

    test('what is wrong with an image is told by its code', async () => {
      const junk = new TextEncoder().encode('<html>not a picture</html>'.repeat(20));
      const png = goldenImage(0).data;
      expect(
        await codeOf(engine.classify({ encoding: 'rgb8', width: 10, height: 10, data: new Uint8Array(299) })),
      ).toBe('INVALID_ARGUMENT');
      expect(await codeOf(engine.classify({ encoding: 'jpeg', data: new Uint8Array(0) }))).toBe('INVALID_ARGUMENT');
      expect(await codeOf(engine.classify({ encoding: 'jpeg', data: junk }))).toBe('UNSUPPORTED_MEDIA');
      expect(await codeOf(engine.classify({ encoding: 'png', data: png.subarray(0, 200) }))).toBe('UNDECODABLE_IMAGE');
    });

    test.each([0, -1, 1.5, Number.NaN, 1_000_000])('top %s is INVALID_ARGUMENT', async (top) => {
      expect(await codeOf(engine.classify(goldenImage(0), { top }))).toBe('INVALID_ARGUMENT');
    });

    test('more predictions than the model has classes gives all, best first', async () => {
      const { predictions } = await engine.classify(goldenImage(0), { top: 100_000 });
      expect(predictions).toHaveLength(builtIn.output.classes);
      expect(predictions[0]?.index).toBe(builtIn.goldens[0]?.top[0]?.index);
    });

    test('many at once are all answered, each with its own answer', async () => {
      const answers = await Promise.all(
        Array.from({ length: 24 }, (_, at) => engine.classify(goldenImage(at), { top: 3 })),
      );
      for (const [at, answer] of answers.entries()) expectGolden(at, answer);
    });

    test('an aborted request is CANCELLED, before and while it is on its way', async () => {
      const before = AbortSignal.abort();
      expect(await codeOf(engine.classify(goldenImage(0), { signal: before }))).toBe('CANCELLED');
      const controller = new AbortController();
      const answer = engine.classify(goldenImage(0), { signal: controller.signal });
      controller.abort();
      expect(await codeOf(answer)).toBe('CANCELLED');
      expectGolden(1, await engine.classify(goldenImage(1)));
    });

    test('a deadline that can not be met is DEADLINE_EXCEEDED', async () => {
      const busy = Array.from({ length: 16 }, (_, at) => engine.classify(goldenImage(at)));
      expect(await codeOf(engine.classify(goldenImage(0), { deadlineMs: 1 }))).toBe('DEADLINE_EXCEEDED');
      await Promise.all(busy);
    });

    test('of one stream only the newest waiting image is answered', async () => {
      const busy = Array.from({ length: 16 }, (_, at) => engine.classify(goldenImage(at)));
      const frames = Array.from({ length: 6 }, (_, at) =>
        engine.classify(goldenImage(at), { stream: 'camera', priority: 'low' }),
      );
      const last = frames.pop();
      const endings = await Promise.allSettled(frames);
      for (const ending of endings) {
        if (ending.status === 'rejected') expect((ending.reason as TwinlensError).code).toBe('SUPERSEDED');
      }
      expect(endings.some(({ status }) => status === 'rejected')).toBe(true);
      expectGolden(5, (await last) as Classification);
      await Promise.all(busy);
    });

    test('unloading answers what is in flight and leaves the engine empty', async () => {
      const inFlight = engine.classify(goldenImage(2));
      await engine.unload();
      const [ending] = await Promise.allSettled([inFlight]);
      if (ending?.status === 'rejected')
        expect((ending.reason as TwinlensError).code).toMatch(/^(?:CANCELLED|MODEL_NOT_READY)$/);
      expect(engine.status).toEqual({ state: 'empty' });
      expect(await codeOf(engine.classify(goldenImage(0)))).toBe('MODEL_NOT_READY');
    });

    test('a model can be loaded again after it was unloaded', async () => {
      await engine.load(`${builtIn.name}@${builtIn.version}`);
      expectGolden(3, await engine.classify(goldenImage(3)));
    });
  });
}
