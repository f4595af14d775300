/**
 * One camera frame from the loop to the answer on screen: run where the router says, and steadied by those before
 * it. Guarantees: the frame is closed; it goes to the gateway only inside the router's gateway attempt; an answer
 * that came too late is not shown. Knows no camera.
 */
import type { Classification, ClassifyOptions, EncodedImage } from '../../core/engine.ts';
import { TwinlensError } from '../../core/errors.ts';
import type { DeviceEngine } from '../../workers/engine.ts';
import type { Answer } from './answer.ts';
import type { Clock } from './clock.ts';
import { copyFrame, type LiveFrame } from './frames.ts';
import { type DeviceModel, specOf } from './model.ts';
import type { Attempt, EngineRouter } from './router.ts';
import { type Smoothed, type Steadiness, smooth, steady } from './smoothing.ts';
import { type ReadableStore, Store } from './store.ts';

export interface LiveAnswer {
  /** The newest frame's own. */
  readonly answer: Answer;
  readonly smoothed: Smoothed;
  readonly steadiness: Steadiness;
}

export interface LiveAnswersOptions {
  readonly engine: Pick<DeviceEngine, 'classifyPicture' | 'encode'>;
  readonly gateway: (
    image: EncodedImage,
    options: ClassifyOptions & { readonly model?: string },
  ) => Promise<Classification>;
  readonly model: Pick<DeviceModel, 'describe' | 'view'>;
  readonly router: Pick<EngineRouter, 'classify'>;
  readonly clock: Clock;
}

/** Milliseconds in which one frame must be answered, fallback included. */
const DEADLINE_MS = 3_000;
/** Classes asked for: more than are shown, so that fading ones keep their score. Smaller models give all. */
const TOP = 12;
const HALF_LIFE_MS = 160;

export class LiveAnswers {
  readonly #options: LiveAnswersOptions;
  readonly #view = new Store<LiveAnswer | undefined>(undefined);

  constructor(options: LiveAnswersOptions) {
    this.#options = options;
  }

  /** What is on screen; undefined where nothing is. */
  get view(): ReadableStore<LiveAnswer | undefined> {
    return this.#view;
  }

  clear(): void {
    this.#view.set(undefined);
  }

  /** @param frame closed by the end */
  async answer(frame: LiveFrame, signal: AbortSignal): Promise<void> {
    try {
      const answer = await this.#options.router.classify(
        {
          device: (attempt) => this.#askDevice(frame, attempt),
          gateway: (attempt) => this.#askGateway(frame, attempt),
        },
        { deadlineMs: DEADLINE_MS, signal },
      );
      if (!signal.aborted) this.#show(answer);
    } finally {
      frame.close();
    }
  }

  async #askDevice(frame: LiveFrame, attempt: Attempt): Promise<Classification> {
    return this.#options.engine.classifyPicture(await copyFrame(frame), { ...attempt, top: TOP });
  }

  async #askGateway(frame: LiveFrame, attempt: Attempt): Promise<Classification> {
    const { engine, gateway, model } = this.#options;
    await model.describe();
    const image = await engine.encode(await copyFrame(frame), { signal: attempt.signal });
    if (attempt.signal.aborted) throw new TwinlensError('CANCELLED', 'The frame was cancelled.');
    const { manifest } = model.view.get();
    return gateway(image, {
      ...attempt,
      top: TOP,
      stream: 'live',
      priority: 'high',
      ...(manifest ? { model: manifest.name } : {}),
    });
  }

  #show(answer: Answer): void {
    const { clock, model } = this.#options;
    const now = clock.now();
    const before = this.#view.get();
    const smoothed = smooth(before?.smoothed, answer.result.predictions, now, {
      halfLifeMs: HALF_LIFE_MS,
      notSureBelow: model.view.get().manifest?.notSureBelow ?? 0,
      model: specOf({ name: answer.result.model, version: answer.result.version }),
    });
    const name = smoothed.notSure ? 'Not sure' : (smoothed.predictions[0]?.label ?? 'Not sure');
    this.#view.set({ answer, smoothed, steadiness: steady(before?.steadiness, name, now) });
  }
}
