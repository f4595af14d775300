/**
 * One order of pictures through the model: each is decoded, resized and normalised straight into its place in the
 * batch's tensor, then all run at once. Guarantees one result a picture, in order, and that a picture that can't be
 * decoded costs no other its answer. Runs follow one another, on threads of their own; pictures of the
 * next order are decoded meanwhile. Knows no messages.
 *
 * Tensors are kept and used again: for each picture 600 kB would be made, filled with zeros and collected otherwise.
 */
import { performance } from 'node:perf_hooks';
import { toErrorBody } from '../../core/errors.ts';
import type { Manifest } from '../../core/manifest.ts';
import { normalizeInto, tensorLength } from '../../core/normalize.ts';
import { prepareRgb } from '../../core/resize.ts';
import { toPredictions } from '../../core/scores.ts';
import { type DecodeOptions, openImage } from './decode.ts';
import { PixelBudget } from './pixel-budget.ts';
import type { ModelSession } from './session.ts';
import type { ItemResult, Ran, RunItem } from './wire.ts';

export interface BatchRunnerOptions {
  readonly manifest: Manifest;
  readonly classNames: readonly string[];
  readonly session: Pick<ModelSession, 'run'>;
  /** `maxPixels`: of one picture. */
  readonly decoding: DecodeOptions;
}

type Prepared =
  | { readonly ok: true; readonly top: number; readonly decode: number; readonly prepare: number }
  | Extract<ItemResult, { ok: false }>;

/** One for what runs and one for what is prepared meanwhile. */
const KEPT_TENSORS = 2;
/** Bytes of the largest picture for whose pixels room is kept: 1.4 megapixels. */
const KEPT_PICTURE = 2 ** 22;

export class BatchRunner {
  readonly #options: BatchRunnerOptions;
  /** Together no more than the largest single picture: batches of large ones are decoded in turn. */
  readonly #budget: PixelBudget;
  /** Elements of one picture. */
  readonly #length: number;
  /** The picture at the model's size, between two steps that nothing comes between. */
  readonly #pixels: Uint8Array<ArrayBuffer>;
  readonly #decoding: DecodeOptions;
  readonly #kept: Float32Array[] = [];
  /** Pixels of the picture that is decoded at once, between two steps as well. */
  #picture = new Uint8Array(0);
  #lastRun: Promise<unknown> = Promise.resolve();

  constructor(options: BatchRunnerOptions) {
    this.#options = options;
    this.#budget = new PixelBudget(options.decoding.maxPixels);
    this.#length = tensorLength(options.manifest.input);
    this.#pixels = new Uint8Array(this.#length);
    this.#decoding = { ...options.decoding, input: options.manifest.input, room: (bytes) => this.#roomFor(bytes) };
  }

  /** Rejects when the run itself failed, for all its pictures. */
  async run(order: readonly RunItem[]): Promise<Pick<Ran, 'items' | 'infer' | 'batchSize'>> {
    const tensor = this.#take(order.length * this.#length);
    try {
      const prepared = await Promise.all(order.map((item, place) => this.#prepare(item, tensor, place)));
      const turn = this.#lastRun.then(() => this.#runPrepared(prepared, tensor));
      this.#lastRun = turn.catch(() => undefined); // Its own caller hears of it.
      return await turn;
    } finally {
      if (this.#kept.length < KEPT_TENSORS) this.#kept.push(tensor);
    }
  }

  #take(length: number): Float32Array {
    const kept = this.#kept.pop();
    return kept && kept.length >= length ? kept : new Float32Array(length);
  }

  #roomFor(bytes: number): Uint8Array<ArrayBuffer> {
    if (bytes > KEPT_PICTURE) return new Uint8Array(bytes);
    if (bytes > this.#picture.length) this.#picture = new Uint8Array(bytes);
    return this.#picture.subarray(0, bytes);
  }

  async #prepare({ image, top }: RunItem, tensor: Float32Array, place: number): Promise<Prepared> {
    const { manifest } = this.#options;
    const begun = performance.now();
    try {
      const opened = await openImage(image, this.#decoding);
      return await this.#budget.spend(opened.newPixels, async () => {
        const decoding = opened.decode();
        const picture = decoding instanceof Promise ? await decoding : decoding;
        const decoded = performance.now();
        const pixels = prepareRgb(picture, manifest.input, this.#pixels);
        normalizeInto(pixels, manifest.input, tensor, place * this.#length);
        return { ok: true, top, decode: decoded - begun, prepare: performance.now() - decoded };
      });
    } catch (error) {
      return { ok: false, error: toErrorBody(error) };
    }
  }

  async #runPrepared(
    prepared: readonly Prepared[],
    tensor: Float32Array,
  ): Promise<Awaited<ReturnType<BatchRunner['run']>>> {
    const { manifest, classNames, session } = this.#options;
    const { classes } = manifest.output;
    const batchSize = this.#closeGaps(prepared, tensor);
    if (batchSize === 0) return { items: prepared.filter((item) => !item.ok), infer: 0, batchSize };
    const begun = performance.now();
    const scores = await session.run(tensor.subarray(0, batchSize * this.#length), batchSize);
    const infer = performance.now() - begun;
    let row = 0;
    const items = prepared.map((item): ItemResult => {
      if (!item.ok) return item;
      const own = scores.subarray(row * classes, (row + 1) * classes);
      row += 1;
      try {
        const predictions = toPredictions(own, manifest.output, classNames, item.top);
        return { ok: true, predictions, decode: item.decode, prepare: item.prepare };
      } catch (error) {
        return { ok: false, error: toErrorBody(error) };
      }
    });
    return { items, infer, batchSize };
  }

  /** Moves pictures up to where one could not be decoded; gives how many there are. */
  #closeGaps(prepared: readonly Prepared[], tensor: Float32Array): number {
    let rows = 0;
    for (const [place, item] of prepared.entries()) {
      if (!item.ok) continue;
      if (rows < place) tensor.copyWithin(rows * this.#length, place * this.#length, (place + 1) * this.#length);
      rows += 1;
    }
    return rows;
  }
}
