/**
 * The device/gateway router: asks the engine that `core/routing` chooses, falls over to the other
 * within the picture's deadline, and gives the answer the reason of its choice. Guarantees: one answer
 * or one error for each picture; in mode `only-device` the gateway's part of a job is never started,
 * and one that already runs is aborted when that mode is chosen. Knows no pixels and no sockets.
 */
import type { Classification } from '../../core/engine.ts';
import { asTwinlensError, type ErrorCode, TwinlensError } from '../../core/errors.ts';
import { LatencyWindow } from '../../core/latency.ts';
import {
  type DeviceCondition,
  type GatewayCondition,
  type Route,
  type RoutingMode,
  route,
} from '../../core/routing.ts';
import type { Answer, EngineName } from './answer.ts';
import type { Clock } from './clock.ts';
import { type ReadableStore, Store } from './store.ts';

export interface Attempt {
  /** Aborts when the time is up, the caller cancels, or the mode forbids the engine. */
  readonly signal: AbortSignal;
  /** Milliseconds left for this attempt. */
  readonly deadlineMs: number;
}

/** One picture, in the two ways it can be answered. Each may be called once at most. */
export interface Job {
  readonly device: (attempt: Attempt) => Promise<Classification>;
  readonly gateway: (attempt: Attempt) => Promise<Classification>;
}

export interface JobOptions {
  /** Milliseconds for all attempts together. */
  readonly deadlineMs: number;
  /** Milliseconds to wait for an engine that is loading or connecting; default 0. */
  readonly waitMs?: number;
  readonly signal?: AbortSignal;
}

export interface RouterView {
  readonly mode: RoutingMode;
  readonly route: Route;
  readonly device: DeviceCondition;
  readonly gateway: GatewayCondition;
}

/** Of the deadline, what the first engine gets when another could still answer. */
const FIRST_SHARE = 0.5;
const LATENCY_WINDOW = 30;
/** How long a failed engine is passed over: doubles with each failure in a row. Milliseconds. */
const REST_MS = 2_000;
const LONGEST_REST_MS = 30_000;

/** Errors that are the answer: the other engine would say the same, or nobody waits any more. */
const FINAL: ReadonlySet<ErrorCode> = new Set(['SUPERSEDED', 'UNAUTHENTICATED', 'PERMISSION_DENIED']);
/** Errors of the picture, not of the engine: the other one may still do better, and this one is not passed over. */
const OF_THE_PICTURE: ReadonlySet<ErrorCode> = new Set([
  'INVALID_ARGUMENT',
  'UNDECODABLE_IMAGE',
  'UNSUPPORTED_MEDIA',
  'PAYLOAD_TOO_LARGE',
  'CANCELLED',
]);

interface Rest {
  readonly failures: number;
  readonly until: number;
  readonly reason: string;
}

export class EngineRouter {
  readonly #clock: Clock;
  readonly #view: Store<RouterView>;
  readonly #latency = { device: new LatencyWindow(LATENCY_WINDOW), gateway: new LatencyWindow(LATENCY_WINDOW) };
  readonly #rest: { device?: Rest; gateway?: Rest } = {};
  readonly #gatewayAttempts = new Set<AbortController>();
  #mode: RoutingMode;
  #device: DeviceCondition = { state: 'loading' };
  #gateway: GatewayCondition = { state: 'connecting' };

  constructor(options: { readonly mode: RoutingMode; readonly clock: Clock }) {
    this.#mode = options.mode;
    this.#clock = options.clock;
    this.#view = new Store<RouterView>({
      mode: this.#mode,
      route: route({ mode: this.#mode, device: this.#device, gateway: this.#gateway }),
      device: this.#device,
      gateway: this.#gateway,
    });
  }

  get view(): ReadableStore<RouterView> {
    return this.#view;
  }

  setMode(mode: RoutingMode): void {
    if (mode === this.#mode) return;
    this.#mode = mode;
    this.#rest.device = undefined;
    this.#rest.gateway = undefined;
    if (mode === 'only-device') {
      this.#abortGateway(new TwinlensError('CANCELLED', 'The mode was changed to this device only.'));
    }
    this.#decide();
  }

  setDevice(condition: DeviceCondition): void {
    if (condition.state === 'ready' && this.#device.state !== 'ready') this.#rest.device = undefined;
    this.#device = condition;
    this.#decide();
  }

  setGateway(condition: GatewayCondition): void {
    if (condition.state === 'ready' && this.#gateway.state !== 'ready') this.#rest.gateway = undefined;
    this.#gateway = condition;
    // What waits for a lost connection need not wait for its deadline where the device can answer.
    if (condition.state === 'unreachable' && this.#mode !== 'only-gateway' && this.#device.state === 'ready') {
      this.#abortGateway(new TwinlensError('UNAVAILABLE', condition.reason));
    }
    this.#decide();
  }

  /** Answers one picture. Errors: UNAVAILABLE when no engine may or can answer, else those of the engines. */
  async classify(job: Job, options: JobOptions): Promise<Answer> {
    const waitUntil = this.#clock.now() + (options.waitMs ?? 0);
    await this.#untilRoutable(waitUntil, options.signal);
    const started = this.#clock.now();
    const chosen = this.#decide();
    if (chosen.engine === 'none') throw new TwinlensError('UNAVAILABLE', chosen.reason);
    const share = chosen.fallback === 'none' ? 1 : FIRST_SHARE;
    try {
      const attempt = await this.#attempt(job, chosen.engine, started, options.deadlineMs * share, options.signal);
      return { ...attempt, reason: chosen.reason };
    } catch (failure) {
      const error = asTwinlensError(failure);
      if (options.signal?.aborted || FINAL.has(error.code)) throw error;
      if (!OF_THE_PICTURE.has(error.code)) this.#fail(chosen.engine, error.message);
      const left = options.deadlineMs - (this.#clock.now() - started);
      const other: EngineName = chosen.engine === 'device' ? 'gateway' : 'device';
      // The mode or an engine may have changed while the first one was tried.
      const now = this.#decide();
      if (left <= 0 || (now.engine !== other && now.fallback !== other)) throw error;
      const attempt = await this.#attempt(job, other, started, left, options.signal);
      return { ...attempt, reason: chosen.reason, fellOver: { from: chosen.engine, reason: error.message } };
    }
  }

  async #attempt(
    job: Job,
    engine: EngineName,
    started: number,
    limitMs: number,
    outer: AbortSignal | undefined,
  ): Promise<Omit<Answer, 'reason'>> {
    const abort = new AbortController();
    const onOuter = () => abort.abort();
    outer?.addEventListener('abort', onOuter, { once: true });
    if (outer?.aborted) abort.abort();
    if (engine === 'gateway') this.#gatewayAttempts.add(abort);
    const stopTimer = this.#clock.after(limitMs, () => {
      const text = `The ${engine} gave no answer within ${Math.round(limitMs)} ms.`;
      abort.abort(new TwinlensError('DEADLINE_EXCEEDED', text));
    });
    // An engine that hangs does not obey its signal either; the race ends the wait all the same.
    const ended = new Promise<never>((_, reject) => {
      const end = () => {
        const { reason } = abort.signal;
        reject(reason instanceof TwinlensError ? reason : new TwinlensError('CANCELLED', 'The request was cancelled.'));
      };
      if (abort.signal.aborted) end();
      else abort.signal.addEventListener('abort', end, { once: true });
    });
    const begun = this.#clock.now();
    try {
      if (abort.signal.aborted) return await ended;
      const attempt: Attempt = { signal: abort.signal, deadlineMs: Math.max(1, Math.round(limitMs)) };
      const result = await Promise.race([job[engine](attempt), ended]);
      this.#latency[engine].add(this.#clock.now() - begun);
      this.#rest[engine] = undefined;
      return { result, engine, source: 'run', waitedMs: this.#clock.now() - started };
    } finally {
      stopTimer();
      outer?.removeEventListener('abort', onOuter);
      this.#gatewayAttempts.delete(abort);
      // Frees the listener of the race; nobody listens to the outcome any more.
      ended.catch(() => undefined);
    }
  }

  #abortGateway(error: TwinlensError): void {
    for (const attempt of [...this.#gatewayAttempts]) attempt.abort(error);
  }

  /** Passes `engine` over for a while, where the mode has another one. */
  #fail(engine: EngineName, reason: string): void {
    const failures = (this.#rest[engine]?.failures ?? 0) + 1;
    const ms = Math.min(LONGEST_REST_MS, REST_MS * 2 ** (failures - 1));
    this.#rest[engine] = { failures, until: this.#clock.now() + ms, reason };
    this.#clock.after(ms, () => this.#decide());
    this.#decide();
  }

  #resting(engine: EngineName): Rest | undefined {
    const rest = this.#rest[engine];
    return rest && rest.until > this.#clock.now() ? rest : undefined;
  }

  /** The conditions with failures of late taken into account: one failed picture must not silence the only engine. */
  #conditions(): { device: DeviceCondition; gateway: GatewayCondition } {
    const deviceRest = this.#resting('device');
    const gatewayRest = this.#resting('gateway');
    const prefers = this.#mode === 'prefer-device' || this.#mode === 'prefer-gateway';
    const deviceUp = this.#device.state === 'ready' && !deviceRest;
    const gatewayUp = this.#gateway.state === 'ready' && !gatewayRest;
    const measured = <C extends { state: string }>(condition: C, engine: EngineName): C => {
      const medianMs = this.#latency[engine].count > 0 ? this.#latency[engine].median() : undefined;
      return condition.state === 'ready' && medianMs !== undefined ? { ...condition, medianMs } : condition;
    };
    return {
      device:
        prefers && deviceRest && this.#device.state === 'ready' && gatewayUp
          ? { state: 'failed', reason: deviceRest.reason }
          : measured(this.#device, 'device'),
      gateway:
        prefers && gatewayRest && this.#gateway.state === 'ready' && deviceUp
          ? { state: 'unreachable', reason: gatewayRest.reason }
          : measured(this.#gateway, 'gateway'),
    };
  }

  #decide(): Route {
    const before = this.#view.get();
    const { device, gateway } = this.#conditions();
    const current = before.route.engine;
    const next = route({ mode: this.#mode, device, gateway, ...(current === 'none' ? {} : { current }) });
    const same = sameRoute(before.route, next);
    if (same && before.mode === this.#mode && before.device === this.#device && before.gateway === this.#gateway) {
      return before.route;
    }
    this.#view.set({
      mode: this.#mode,
      route: same ? before.route : next,
      device: this.#device,
      gateway: this.#gateway,
    });
    return next;
  }

  /** Waits while no engine can answer yet but an allowed one is on its way. */
  async #untilRoutable(until: number, signal: AbortSignal | undefined): Promise<void> {
    const hopeful = () =>
      this.#decide().engine === 'none' &&
      ((this.#mode !== 'only-gateway' && this.#device.state === 'loading') ||
        (this.#mode !== 'only-device' && this.#gateway.state === 'connecting'));
    while (hopeful()) {
      const left = until - this.#clock.now();
      if (left <= 0) return;
      if (signal?.aborted) throw new TwinlensError('CANCELLED', 'The request was cancelled.');
      await new Promise<void>((resolve) => {
        const done = () => {
          stopTimer();
          stopView();
          signal?.removeEventListener('abort', done);
          resolve();
        };
        const stopTimer = this.#clock.after(left, done);
        const stopView = this.#view.subscribe(done);
        signal?.addEventListener('abort', done, { once: true });
      });
    }
    if (signal?.aborted) throw new TwinlensError('CANCELLED', 'The request was cancelled.');
  }
}

function sameRoute(a: Route, b: Route): boolean {
  return a.engine === b.engine && a.fallback === b.fallback && a.reason === b.reason && a.code === b.code;
}
