/**
 * Carries changes out: asks first where it matters, shows what runs, and offers a way back for a while. Guarantees:
 * nothing that needs a confirmation is sent without one; the same change is never under way twice; a change ends
 * in one toast that says what became of it. Knows no HTTP.
 */
import type { AdminModel } from '../../../core/admin.ts';
import { asTwinlensError, type ErrorBody, toErrorBody } from '../../../core/errors.ts';
import type { Clock } from '../clock.ts';
import { type ReadableStore, Store } from '../store.ts';
import { changeWords } from './change-words.ts';
import { type Change, modelOf, needsConfirmation, undoOf } from './changes.ts';
import type { ChangeWords } from './saying.ts';

export interface Question {
  readonly change: Change;
  readonly words: ChangeWords;
}

export interface RunningChange {
  readonly id: number;
  readonly change: Change;
  readonly text: string;
}

export interface Toast {
  readonly id: number;
  readonly tone: 'done' | 'failed';
  readonly text: string;
  readonly error: ErrorBody | undefined;
  /** What its button does; none where there is nothing to take back. */
  readonly undo: readonly Change[];
}

export interface DeskView {
  readonly question: Question | undefined;
  readonly running: readonly RunningChange[];
  /** Oldest first. */
  readonly toasts: readonly Toast[];
}

export interface DeskOptions {
  /** Carries one out; shows what it answered. */
  readonly perform: (change: Change) => Promise<void>;
  readonly model: (name: string) => AdminModel | undefined;
  readonly clock: Clock;
}

/** Milliseconds for which a toast stays, unless somebody points at it. */
export const TOAST_MS = 10_000;
/** Toasts shown at once; the oldest makes room. */
const MAX_TOASTS = 4;

export class Desk {
  readonly #options: DeskOptions;
  readonly #view = new Store<DeskView>({ question: undefined, running: [], toasts: [] });
  readonly #timers = new Map<number, () => void>();
  #lastId = 0;
  #held = false;

  constructor(options: DeskOptions) {
    this.#options = options;
  }

  get view(): ReadableStore<DeskView> {
    return this.#view;
  }

  /** Asks for confirmation where it takes one, else begins at once. */
  request(change: Change): void {
    const words = changeWords(change, this.#before(change));
    if (needsConfirmation(change)) this.#view.update((view) => ({ ...view, question: { change, words } }));
    else void this.#run([change], true);
  }

  /** Begins at once: the dialog in which it was put together has said what will happen. */
  submit(change: Change): void {
    void this.#run([change], true);
  }

  confirm(): void {
    const { question } = this.#view.get();
    if (!question) return;
    this.#view.update((view) => ({ ...view, question: undefined }));
    void this.#run([question.change], true);
  }

  decline(): void {
    this.#view.update((view) => ({ ...view, question: undefined }));
  }

  undo(id: number): void {
    const toast = this.#view.get().toasts.find((entry) => entry.id === id);
    if (!toast || toast.undo.length === 0) return;
    this.dismiss(id);
    void this.#run(toast.undo, false);
  }

  dismiss(id: number): void {
    this.#timers.get(id)?.();
    this.#timers.delete(id);
    this.#view.update((view) => ({ ...view, toasts: view.toasts.filter((toast) => toast.id !== id) }));
  }

  /** While somebody points at toasts or has the focus in them, they stay. */
  hold(on: boolean): void {
    this.#held = on;
    for (const stop of this.#timers.values()) stop();
    this.#timers.clear();
    if (on) return;
    for (const { id, tone } of this.#view.get().toasts) if (tone === 'done') this.#expire(id);
  }

  /** Something else than a change has failed. */
  tell(failure: unknown, text: string): void {
    this.#toast({ tone: 'failed', text, error: toErrorBody(asTwinlensError(failure)), undo: [] });
  }

  isRunning(same: (change: Change) => boolean): boolean {
    return this.#view.get().running.some(({ change }) => same(change));
  }

  async #run(changes: readonly Change[], undoable: boolean): Promise<void> {
    for (const change of changes) {
      const before = this.#before(change);
      const words = changeWords(change, before);
      const key = JSON.stringify(change);
      if (this.isRunning((other) => JSON.stringify(other) === key)) return;
      this.#lastId += 1;
      const id = this.#lastId;
      this.#view.update((view) => ({ ...view, running: [...view.running, { id, change, text: words.doing }] }));
      try {
        await this.#options.perform(change);
      } catch (failure) {
        this.#end(id);
        const error = toErrorBody(asTwinlensError(failure));
        this.#toast({
          tone: 'failed',
          text: undoable ? `${words.doing} failed` : 'Taking it back failed',
          error,
          undo: [],
        });
        return;
      }
      this.#end(id);
      if (undoable) this.#toast({ tone: 'done', text: words.done, error: undefined, undo: undoOf(change, before) });
    }
    const last = changes.at(-1);
    if (undoable || !last) return;
    this.#toast({ tone: 'done', text: 'Taken back', error: undefined, undo: [] });
  }

  #before(change: Change): AdminModel | undefined {
    const name = modelOf(change);
    return name === undefined ? undefined : this.#options.model(name);
  }

  #end(id: number): void {
    this.#view.update((view) => ({ ...view, running: view.running.filter((entry) => entry.id !== id) }));
  }

  #toast(toast: Omit<Toast, 'id'>): void {
    this.#lastId += 1;
    const id = this.#lastId;
    this.#view.update((view) => ({ ...view, toasts: [...view.toasts, { ...toast, id }] }));
    const excess = this.#view.get().toasts.length - MAX_TOASTS;
    for (const { id: old } of this.#view.get().toasts.slice(0, Math.max(0, excess))) this.dismiss(old);
    // A failure stays until it is read.
    if (toast.tone === 'done') this.#expire(id);
  }

  #expire(id: number): void {
    if (this.#held) return;
    this.#timers.set(
      id,
      this.#options.clock.after(TOAST_MS, () => this.dismiss(id)),
    );
  }
}
