/**
 * The queue of photos: several files at once, each with its own state, retry and cancel. Guarantees:
 * every photo ends answered, failed or taken out by the visitor; never more than `limit` are held, and
 * never more than `parallel` run. Knows no files' insides and no engine.
 */
import { asTwinlensError, type ErrorBody, TwinlensError, toErrorBody } from '../../core/errors.ts';
import type { Answer } from './answer.ts';
import { type ReadableStore, Store } from './store.ts';

export type PhotoState =
  | { readonly state: 'pending' }
  | { readonly state: 'running' }
  | { readonly state: 'answered'; readonly answer: Answer }
  | { readonly state: 'failed'; readonly error: ErrorBody };

export interface Photo {
  readonly id: string;
  readonly name: string;
  readonly file: Blob;
  /** Object URL for showing it; freed when the photo leaves the queue. */
  readonly url: string;
  readonly work: PhotoState;
}

export interface PhotosView {
  readonly photos: readonly Photo[];
  readonly selectedId: string | undefined;
  /** Files that were turned away when the queue was full. */
  readonly refused: number;
}

export interface PhotosOptions {
  readonly answer: (file: Blob, name: string, signal: AbortSignal) => Promise<Answer>;
  readonly urls: { readonly create: (file: Blob) => string; readonly revoke: (url: string) => void };
  readonly newId: () => string;
  /** Photos held at once; default 60. */
  readonly limit?: number;
  /** Photos answered at once; default 2, so that one is decoded while another runs. */
  readonly parallel?: number;
}

export class Photos {
  readonly #options: Required<PhotosOptions>;
  readonly #view = new Store<PhotosView>({ photos: [], selectedId: undefined, refused: 0 });
  readonly #running = new Map<string, AbortController>();

  constructor(options: PhotosOptions) {
    this.#options = { limit: 60, parallel: 2, ...options };
  }

  get view(): ReadableStore<PhotosView> {
    return this.#view;
  }

  /** Adds files in their order and selects the first of them. Finished photos make room, the oldest first. */
  add(files: readonly { readonly name: string; readonly file: Blob }[]): void {
    if (files.length === 0) return;
    const { limit, newId, urls } = this.#options;
    const room = limit - this.#view.get().photos.filter((photo) => !isDone(photo)).length;
    const accepted = files.slice(0, Math.max(0, room)).map(({ name, file }): Photo => {
      return { id: newId(), name, file, url: urls.create(file), work: { state: 'pending' } };
    });
    this.#makeRoom(limit - accepted.length);
    this.#view.update((view) => ({
      photos: [...view.photos, ...accepted],
      selectedId: accepted[0]?.id ?? view.selectedId,
      refused: files.length - accepted.length,
    }));
    this.#pump();
  }

  select(id: string): void {
    this.#view.update((view) => ({ ...view, selectedId: id }));
  }

  /** Asks again for a photo that failed. */
  retry(id: string): void {
    if (this.#find(id)?.work.state !== 'failed') return;
    this.#setWork(id, { state: 'pending' });
    this.#pump();
  }

  /** Stops a photo that waits or runs; it can be retried. */
  cancel(id: string): void {
    const photo = this.#find(id);
    if (!photo || isDone(photo)) return;
    this.#running.get(id)?.abort();
    const error = new TwinlensError('CANCELLED', 'You cancelled this photo.');
    this.#setWork(id, { state: 'failed', error: { ...toErrorBody(error), retryable: true } });
  }

  remove(id: string): void {
    const photo = this.#find(id);
    if (!photo) return;
    this.#running.get(id)?.abort();
    this.#options.urls.revoke(photo.url);
    this.#view.update((view) => {
      const at = view.photos.findIndex((other) => other.id === id);
      const photos = view.photos.filter((other) => other.id !== id);
      const next = photos[Math.min(at, photos.length - 1)];
      return { photos, selectedId: view.selectedId === id ? next?.id : view.selectedId, refused: 0 };
    });
    this.#pump();
  }

  clear(): void {
    for (const photo of this.#view.get().photos) this.remove(photo.id);
  }

  /** Tries again what failed for want of an engine: one has come up. */
  retryUnavailable(): void {
    for (const { id, work } of this.#view.get().photos) {
      if (work.state === 'failed' && work.error.code === 'UNAVAILABLE') this.retry(id);
    }
  }

  #find(id: string): Photo | undefined {
    return this.#view.get().photos.find((photo) => photo.id === id);
  }

  #setWork(id: string, work: PhotoState): void {
    this.#view.update((view) => ({
      ...view,
      photos: view.photos.map((photo) => (photo.id === id ? { ...photo, work } : photo)),
    }));
  }

  #makeRoom(keep: number): void {
    const { photos } = this.#view.get();
    const excess = photos.length - keep;
    if (excess <= 0) return;
    for (const photo of photos.filter(isDone).slice(0, excess)) this.remove(photo.id);
  }

  #pump(): void {
    while (this.#running.size < this.#options.parallel) {
      // A cancelled photo may be pending again while its old run still winds down.
      const next = this.#view
        .get()
        .photos.find((photo) => photo.work.state === 'pending' && !this.#running.has(photo.id));
      if (!next) return;
      const abort = new AbortController();
      this.#running.set(next.id, abort);
      this.#setWork(next.id, { state: 'running' });
      void this.#run(next, abort.signal);
    }
  }

  async #run(photo: Photo, signal: AbortSignal): Promise<void> {
    let work: PhotoState;
    try {
      work = { state: 'answered', answer: await this.#options.answer(photo.file, photo.name, signal) };
    } catch (failure) {
      work = { state: 'failed', error: toErrorBody(asTwinlensError(failure)) };
    }
    this.#running.delete(photo.id);
    if (!signal.aborted) this.#setWork(photo.id, work);
    this.#pump();
  }
}

function isDone(photo: Photo): boolean {
  return photo.work.state === 'answered' || photo.work.state === 'failed';
}
