/**
 * Keeps the model on this device the one that the gateway means: asks what it offers, decides whether
 * that is another one, and has it put in place. Guarantees: what serves goes on until the next one is
 * ready, also when that fails; in mode `only-gateway` no weights are fetched; the page is never reloaded.
 */
import { backoffMs } from '../../client/backoff.ts';
import type { LoadProgress } from '../../core/engine.ts';
import { asTwinlensError, type ErrorBody, toErrorBody } from '../../core/errors.ts';
import { versionOf } from '../../core/model-spec.ts';
import type { ModelEvent, ModelSummary } from '../../core/protocol.ts';
import type { RoutingMode } from '../../core/routing.ts';
import type { Clock } from './clock.ts';
import type { DeviceModel, ModelId } from './model.ts';
import { type ReadableStore, Store } from './store.ts';

export type UpdateState =
  | { readonly state: 'none' }
  | { readonly state: 'updating'; readonly target: ModelId; readonly progress: LoadProgress | undefined }
  /** For a few seconds after the swap. */
  | { readonly state: 'done'; readonly target: ModelId };

export interface UpdateFailure {
  readonly target: ModelId;
  /** What goes on instead. */
  readonly kept: ModelId;
  readonly error: ErrorBody;
}

export interface UpdatesView {
  readonly update: UpdateState;
  /** Why the model that the gateway means is not on this device; until it is, or the visitor has read it. */
  readonly failure: UpdateFailure | undefined;
  /** What the gateway means by its default model, as far as it is known. */
  readonly wanted: ModelId | undefined;
}

export interface ModelUpdatesOptions {
  readonly model: Pick<DeviceModel, 'serving' | 'view' | 'update' | 'follow' | 'retry'>;
  /** The gateway's list of models. */
  readonly offers: () => Promise<readonly ModelSummary[]>;
  readonly clock: Clock;
  readonly random: () => number;
  /** Whether somebody can see the page. */
  readonly visible: () => boolean;
}

/** Milliseconds between questions where no connection brings events, because the mode forbids one. */
const POLL_MS = 15_000;
/** Events come in bursts and reach every open page at once: the question waits up to this long, milliseconds. */
const SPREAD_MS = 400;
/** Milliseconds that the word of a finished update stays. */
const DONE_MS = 6_000;
/** Waits before a failed update or question is tried again by itself, milliseconds. */
const BACKOFF = { baseMs: 10_000, capMs: 300_000 };

const sameId = (a: ModelId | undefined, b: ModelId | undefined): boolean =>
  a !== undefined && b !== undefined && a.name === b.name && a.version === b.version;

/** The version that answers when a request names no model; undefined when none can. */
export function wantedOf(offers: readonly ModelSummary[]): ModelId | undefined {
  const model = offers.find((offer) => offer.default) ?? offers[0];
  if (!model) return undefined;
  const version = versionOf({ kind: 'default', name: model.name }, model.versions, model.labels);
  return version === undefined ? undefined : { name: model.name, version };
}

export class ModelUpdates {
  readonly #options: ModelUpdatesOptions;
  readonly #view = new Store<UpdatesView>({ update: { state: 'none' }, failure: undefined, wanted: undefined });
  #mode: RoutingMode | undefined;
  #asking = false;
  /** Questions in a row that the gateway did not answer. */
  #unanswered = 0;
  /** A question that came while one was open. */
  #askAgain: 'urgent' | 'calm' | undefined;
  #run: { readonly target: ModelId; readonly abort: AbortController } | undefined;
  /** What was tried last in vain; it is tried again after a wait, or at the next reason to. */
  #tried: { readonly target: ModelId; readonly failures: number } | undefined;
  #spread: (() => void) | undefined;
  #poll: (() => void) | undefined;
  #retry: (() => void) | undefined;
  #forget: (() => void) | undefined;

  constructor(options: ModelUpdatesOptions) {
    this.#options = options;
  }

  get view(): ReadableStore<UpdatesView> {
    return this.#view;
  }

  setMode(mode: RoutingMode): void {
    const before = this.#mode;
    this.#mode = mode;
    if (mode === 'only-gateway') this.#stop();
    this.#poll?.();
    this.#poll = undefined;
    if (mode === 'only-device') this.#pollLater();
    if (before !== undefined && before !== mode) this.check();
  }

  /** An event of the gateway. Labels other than `stable` change nothing that a bare name means. */
  heard(event: ModelEvent): void {
    if (event.event === 'label' && event.label !== 'stable') return;
    this.#spread ??= this.#options.clock.after(this.#options.random() * SPREAD_MS, () => {
      this.#spread = undefined;
      this.check();
    });
  }

  /** There is reason to think that the gateway means another version now: asks, and tries also what failed. */
  check(): void {
    void this.#ask('urgent');
  }

  dismiss(): void {
    this.#view.update((view) => ({ ...view, failure: undefined }));
  }

  async #ask(how: 'urgent' | 'calm'): Promise<void> {
    if (this.#asking) {
      if (this.#askAgain !== 'urgent') this.#askAgain = how;
      return;
    }
    this.#asking = true;
    try {
      const offers = await this.#options.offers();
      this.#unanswered = 0;
      this.#decide(wantedOf(offers), how);
    } catch {
      // The gateway does not answer, which the page shows elsewhere. The reason to ask is not lost.
      this.#unanswered += 1;
      if (how === 'urgent' && !this.#run) this.#checkLater(this.#unanswered);
    } finally {
      this.#asking = false;
    }
    const again = this.#askAgain;
    this.#askAgain = undefined;
    if (again) void this.#ask(again);
  }

  #decide(wanted: ModelId | undefined, how: 'urgent' | 'calm'): void {
    if (!wanted) return;
    this.#view.update((view) => ({ ...view, wanted }));
    const { model } = this.#options;
    if (this.#mode === 'only-gateway') {
      // Kept answers are looked up by the version that would answer: it must be the gateway's.
      const known = model.view.get().manifest;
      if (known && !sameId(known, wanted)) void this.#follow(wanted);
      return;
    }
    // A load under way asks for itself; one that failed may succeed with what is offered now.
    const { serving } = model;
    if (!serving) {
      if (model.view.get().model.state === 'failed' && how === 'urgent') model.retry();
      return;
    }
    if (this.#run && sameId(this.#run.target, wanted)) return;
    if (sameId(serving, wanted)) this.#settle();
    else if (how === 'urgent' || !sameId(this.#tried?.target, wanted)) void this.#update(wanted, serving);
  }

  async #follow(target: ModelId): Promise<void> {
    try {
      await this.#options.model.follow(target);
    } catch {
      // Pictures are prepared as before; the gateway prepares what it is sent by itself.
    }
  }

  async #update(target: ModelId, kept: ModelId): Promise<void> {
    this.#stop();
    const run = { target, abort: new AbortController() };
    this.#run = run;
    const show = (progress: LoadProgress | undefined) => {
      if (this.#run === run) this.#show({ state: 'updating', target, progress });
    };
    show(undefined);
    try {
      await this.#options.model.update(target, { signal: run.abort.signal, onProgress: show });
      if (this.#run !== run) return;
      this.#run = undefined;
      this.#settle();
      this.#show({ state: 'done', target });
      this.#forget = this.#options.clock.after(DONE_MS, () => this.#show({ state: 'none' }));
    } catch (failure) {
      if (this.#run !== run) return;
      this.#run = undefined;
      this.#failed({ target, kept, error: toErrorBody(asTwinlensError(failure, 'ENGINE_FAILED')) });
    }
  }

  #failed(failure: UpdateFailure): void {
    const { target, error } = failure;
    const before = this.#tried && sameId(this.#tried.target, target) ? this.#tried.failures : 0;
    const failures = before + 1;
    this.#tried = { target, failures };
    this.#show({ state: 'none' });
    // Told once, not with each further attempt; what the visitor ended is no failure.
    if (error.code !== 'CANCELLED' && before === 0) this.#view.update((view) => ({ ...view, failure }));
    this.#checkLater(failures);
  }

  #checkLater(failures: number): void {
    const { clock, random } = this.#options;
    this.#retry?.();
    this.#retry = clock.after(backoffMs(failures, random, BACKOFF), () => this.check());
  }

  /** What serves is what is wanted. */
  #settle(): void {
    this.#stop();
    this.#tried = undefined;
    this.dismiss();
  }

  /** Ends an update under way and everything that waits. */
  #stop(): void {
    this.#run?.abort.abort();
    this.#run = undefined;
    this.#retry?.();
    this.#forget?.();
    if (this.#view.get().update.state === 'updating') this.#show({ state: 'none' });
  }

  #pollLater(): void {
    this.#poll = this.#options.clock.after(POLL_MS, () => {
      if (this.#options.visible()) void this.#ask('calm');
      this.#pollLater();
    });
  }

  #show(update: UpdateState): void {
    this.#view.update((view) => ({ ...view, update }));
  }
}
