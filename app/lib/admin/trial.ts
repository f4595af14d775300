/**
 * One photo answered by two versions of a model, to compare before promoting. Guarantees that answers shown belong
 * to the photo and the version shown: what was asked before a change is thrown away. Nothing is kept.
 */
import type { Classification } from '../../../core/engine.ts';
import { asTwinlensError, type ErrorBody, toErrorBody } from '../../../core/errors.ts';
import { type ReadableStore, Store } from '../store.ts';

export type TrialAnswer =
  | { readonly state: 'waiting' }
  | { readonly state: 'answered'; readonly result: Classification }
  | { readonly state: 'failed'; readonly error: ErrorBody };

export interface TrialSide {
  readonly version: number;
  readonly answer: TrialAnswer;
}

export interface TrialPhoto {
  readonly name: string;
  readonly file: Blob;
  /** Object URL for showing it. */
  readonly url: string;
}

export interface TrialView {
  readonly model: string;
  readonly version: number;
  readonly photo: TrialPhoto | undefined;
  /** The version that is tried, then the stable one if that is another. */
  readonly sides: readonly TrialSide[];
}

export interface TrialOptions {
  /** @param model `name@version` */
  readonly classify: (file: Blob, model: string, signal: AbortSignal) => Promise<Classification>;
  readonly stableOf: (model: string) => number | undefined;
  readonly urls: { readonly create: (file: Blob) => string; readonly revoke: (url: string) => void };
}

export class Trial {
  readonly #options: TrialOptions;
  readonly #view = new Store<TrialView | undefined>(undefined);
  #abort: AbortController | undefined;

  constructor(options: TrialOptions) {
    this.#options = options;
  }

  get view(): ReadableStore<TrialView | undefined> {
    return this.#view;
  }

  open(model: string, version: number): void {
    this.close();
    this.#view.set({ model, version, photo: undefined, sides: [] });
  }

  close(): void {
    this.#abort?.abort();
    const photo = this.#view.get()?.photo;
    if (photo) this.#options.urls.revoke(photo.url);
    this.#view.set(undefined);
  }

  async tryOn(name: string, file: Blob): Promise<void> {
    const now = this.#view.get();
    if (!now) return;
    this.#abort?.abort();
    if (now.photo) this.#options.urls.revoke(now.photo.url);
    const abort = new AbortController();
    this.#abort = abort;
    const stable = this.#options.stableOf(now.model);
    const versions = stable === undefined || stable === now.version ? [now.version] : [now.version, stable];
    const photo = { name, file, url: this.#options.urls.create(file) };
    this.#view.set({ ...now, photo, sides: versions.map((version) => ({ version, answer: { state: 'waiting' } })) });
    await Promise.all(versions.map((version) => this.#ask(now.model, version, file, abort.signal)));
  }

  async #ask(model: string, version: number, file: Blob, signal: AbortSignal): Promise<void> {
    let answer: TrialAnswer;
    try {
      answer = { state: 'answered', result: await this.#options.classify(file, `${model}@${version}`, signal) };
    } catch (failure) {
      answer = { state: 'failed', error: toErrorBody(asTwinlensError(failure)) };
    }
    if (signal.aborted) return;
    this.#view.update(
      (view) =>
        view && { ...view, sides: view.sides.map((side) => (side.version === version ? { ...side, answer } : side)) },
    );
  }
}

/** Whether the two agree on what the photo shows; undefined until both have answered. */
export function agreement(sides: readonly TrialSide[]): boolean | undefined {
  const [a, b] = sides.map(({ answer }) => (answer.state === 'answered' ? answer.result.predictions[0] : undefined));
  return a && b ? a.index === b.index : undefined;
}
