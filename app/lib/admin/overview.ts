/**
 * The gateway's models, sources and imports as last seen, asked for again and again while the page is looked at.
 * Guarantees: one question at a time; quicker ones while something loads; after a failure the last picture
 * stays, with the time since when. Knows no actions.
 */
import type { AdminModel, AdminOverview, ImportReport, SourceStatus } from '../../../core/admin.ts';
import { asTwinlensError, type ErrorBody, toErrorBody } from '../../../core/errors.ts';
import type { Clock } from '../clock.ts';
import { type ReadableStore, Store } from '../store.ts';

export interface OverviewView {
  /** Undefined until the first answer. */
  readonly overview: AdminOverview | undefined;
  /** Why the last question has no answer, and since when (milliseconds since 1970) the picture stands still. */
  readonly lost: { readonly error: ErrorBody; readonly since: number } | undefined;
}

export interface OverviewOptions {
  readonly ask: () => Promise<AdminOverview>;
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  readonly today: () => number;
  readonly onAnswer: () => void;
  /** Whether the failure ends the asking until `resume`: somebody has to sign in. */
  readonly onFailure: (error: ErrorBody) => boolean;
}

const CALM_MS = 2_000;
const BUSY_MS = 500;
/** After failures the wait doubles from CALM_MS up to this. */
const LONGEST_MS = 15_000;

export class Overview {
  readonly #options: OverviewOptions;
  readonly #view = new Store<OverviewView>({ overview: undefined, lost: undefined });
  readonly #pauses = new Set<'hidden' | 'signed-out'>();
  #asking = false;
  /** Asked for while a question was under way: its answer may be older than what happened. */
  #again = false;
  /** Changes put in by hand; an answer to a question from before them is out of date. */
  #puts = 0;
  #failures = 0;
  #stopWaiting: (() => void) | undefined;

  constructor(options: OverviewOptions) {
    this.#options = options;
  }

  get view(): ReadableStore<OverviewView> {
    return this.#view;
  }

  pause(reason: 'hidden' | 'signed-out', on: boolean): void {
    if (on === this.#pauses.has(reason)) return;
    if (!on) this.#pauses.delete(reason);
    else this.#pauses.add(reason);
    if (this.#pauses.size > 0) this.#halt();
    else this.refresh();
  }

  /** Asks now, or once more when the question under way has its answer. */
  refresh(): void {
    if (this.#pauses.size > 0) return;
    if (this.#asking) this.#again = true;
    else void this.#ask();
  }

  model(name: string): AdminModel | undefined {
    return this.#view.get().overview?.models.find((model) => model.name === name);
  }

  /** What a change answered; shown at once. */
  put(part: { readonly model?: AdminModel; readonly source?: SourceStatus; readonly report?: ImportReport }): void {
    const { overview } = this.#view.get();
    if (!overview) return;
    this.#puts += 1;
    const { model, source, report } = part;
    this.#view.update((view) => ({
      ...view,
      overview: {
        ...overview,
        ...(model && { models: replace(overview.models, model, (entry) => entry.name) }),
        ...(source && { sources: replace(overview.sources, source, (entry) => entry.name) }),
        ...(report && { imports: replace(overview.imports, report, (entry) => entry.id) }),
      },
    }));
  }

  /** Shows nothing any more: whoever signs in next starts anew. */
  clear(): void {
    this.#view.set({ overview: undefined, lost: undefined });
  }

  async #ask(): Promise<void> {
    this.#halt();
    this.#asking = true;
    this.#again = false;
    const { ask, today, onAnswer, onFailure } = this.#options;
    const puts = this.#puts;
    try {
      const overview = await ask();
      this.#failures = 0;
      if (this.#pauses.has('signed-out')) return;
      onAnswer();
      if (puts === this.#puts) this.#view.set({ overview, lost: undefined });
      else this.#again = true;
    } catch (failure) {
      const error = toErrorBody(asTwinlensError(failure));
      this.#failures += 1;
      if (this.#pauses.has('signed-out') || onFailure(error)) return;
      this.#view.update(({ overview, lost }) => ({ overview, lost: { error, since: lost?.since ?? today() } }));
    } finally {
      this.#asking = false;
      this.#wait();
    }
  }

  #wait(): void {
    if (this.#pauses.size > 0 || this.#stopWaiting) return;
    const { overview } = this.#view.get();
    const calm = this.#failures > 0 ? Math.min(LONGEST_MS, CALM_MS * 2 ** (this.#failures - 1)) : CALM_MS;
    const ms = this.#again ? 0 : overview && this.#failures === 0 && isBusy(overview) ? BUSY_MS : calm;
    this.#stopWaiting = this.#options.clock.after(ms, () => void this.#ask());
  }

  #halt(): void {
    this.#stopWaiting?.();
    this.#stopWaiting = undefined;
  }
}

/** Something is under way whose progress is worth watching. */
function isBusy({ models, sources, imports }: AdminOverview): boolean {
  return (
    models.some((model) => model.versions.some((version) => version.state === 'loading')) ||
    sources.some((source) => source.checking) ||
    imports.some((report) => report.state === 'checking')
  );
}

/** The list with `value` in the place of its namesake; a new one comes first. */
function replace<T>(list: readonly T[], value: T, key: (entry: T) => string): T[] {
  const found = list.some((entry) => key(entry) === key(value));
  return found ? list.map((entry) => (key(entry) === key(value) ? value : entry)) : [value, ...list];
}
