/**
 * One inference worker at a time, as the page holds it: starts it, hands calls over, reads what it says,
 * and notices when it crashed or fell silent. What then happens is decided by `proxy.ts`.
 */
import { asTwinlensError, TwinlensError } from '../core/errors.ts';
import type { BackendPreference, DeviceEngineOptions } from './engine.ts';
import type { Entry } from './requests.ts';
import { Silence } from './silence.ts';
import { type FromWorker, type Method, parseFromWorker } from './wire.ts';

/** The slice of Worker that the page's side uses. */
export interface WorkerLike {
  postMessage(message: unknown, transfer: Transferable[]): void;
  terminate(): void;
  onmessage: ((event: MessageEvent) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
  onmessageerror: ((event: MessageEvent) => void) | null;
}

/** What of the platform the page's side needs; timers return the way to stop them. */
export interface Platform {
  spawn(): WorkerLike;
  setInterval(callback: () => void, ms: number): () => void;
  setTimeout(callback: () => void, ms: number): () => void;
  origin(): string;
}

const RUN_TIMEOUT_MS = 10_000;
const LOAD_TIMEOUT_MS = 120_000;

/** Calls that may take as long as a load. */
const SLOW: ReadonlySet<Method> = new Set(['load', 'describe']);

export interface WorkerHostEvents {
  onMessage(message: Exclude<FromWorker, { kind: 'hello' | 'replace' }>): void;
  /** The worker is of no use any more; it was not ended yet. */
  onLost(reason: string): void;
}

export class WorkerHost {
  readonly #options: DeviceEngineOptions;
  readonly #platform: Platform;
  readonly #events: WorkerHostEvents;
  readonly #silence: Silence;
  /** Ids that the worker has not answered, wanted or not, with their method. */
  readonly #unanswered = new Map<number, Method>();
  #worker: WorkerLike | undefined;
  #greeted = false;
  #hung = false;

  constructor(options: DeviceEngineOptions, platform: Platform, events: WorkerHostEvents) {
    this.#options = options;
    this.#platform = platform;
    this.#events = events;
    this.#silence = new Silence({
      tickMs: Math.min(1000, (options.runTimeoutMs ?? RUN_TIMEOUT_MS) / 4),
      setInterval: platform.setInterval,
      limit: () => this.#patience(),
      onSilent: (ms) => {
        this.#hung = true;
        events.onLost(`it said nothing for ${Math.round(ms / 1000)} s`);
      },
    });
  }

  /** The worker that lives now; another object after each replacement. */
  get current(): object | undefined {
    return this.#worker;
  }

  /** Errors: ENGINE_FAILED when this browser starts no worker. */
  start(): void {
    this.#greeted = false;
    let worker: WorkerLike;
    try {
      worker = this.#platform.spawn();
    } catch (cause) {
      const why = asTwinlensError(cause).message;
      throw new TwinlensError('ENGINE_FAILED', `This browser can't start the inference worker: ${why}`, { cause });
    }
    this.#worker = worker;
    const whileAlive =
      <E>(handle: (event: E) => void) =>
      (event: E) => {
        if (worker === this.#worker) handle(event);
      };
    worker.onmessage = whileAlive((event) => this.#hear(event.data));
    worker.onmessageerror = whileAlive(() => this.#events.onLost('a message could not be read'));
    worker.onerror = whileAlive((event) => {
      event.preventDefault();
      this.#events.onLost(event.message || 'its script could not be loaded');
    });
    const gatewayUrl = (this.#options.gatewayUrl || this.#platform.origin()).replace(/\/+$/, '');
    worker.postMessage({ kind: 'start', gatewayUrl, backend: this.#backend() }, []);
  }

  end(): void {
    this.#silence.stop();
    this.#unanswered.clear();
    this.#worker?.terminate();
    this.#worker = undefined;
  }

  /** Errors: INVALID_ARGUMENT for a picture that can't be handed over, such as a closed frame. */
  send(entry: Entry): void {
    if (!this.#worker) throw new TwinlensError('ENGINE_FAILED', 'There is no inference worker; load the model again.');
    const { id, method, params, transfer } = entry;
    try {
      this.#worker.postMessage({ kind: 'call', id, method, params }, [...transfer]);
    } catch (cause) {
      const why = asTwinlensError(cause).message;
      throw new TwinlensError('INVALID_ARGUMENT', `This can't be handed to the worker: ${why}`, { cause });
    }
    this.#unanswered.set(id, method);
    this.#silence.watch();
  }

  cancel(id: number): void {
    this.#worker?.postMessage({ kind: 'cancel', id }, []);
  }

  /** What hangs for good is WebGPU, if anything: after a hang nobody asked for it, so go without. */
  #backend(): BackendPreference {
    const asked = this.#options.backend ?? 'auto';
    return asked === 'auto' && this.#hung ? 'wasm' : asked;
  }

  #hear(data: unknown): void {
    this.#silence.heard();
    let message: FromWorker;
    try {
      message = parseFromWorker(data);
    } catch (error) {
      this.#events.onLost(asTwinlensError(error).message);
      return;
    }
    if (message.kind === 'hello') {
      this.#greeted = true;
    } else if (message.kind === 'replace') {
      this.#events.onLost(message.reason);
    } else {
      if (message.kind !== 'event') this.#answered(message.id);
      this.#events.onMessage(message);
    }
  }

  #answered(id: number): void {
    this.#unanswered.delete(id);
    if (this.#unanswered.size === 0) this.#silence.stop();
  }

  /** A worker that has not come up yet may be loading its script over a slow line. */
  #patience(): number {
    const { runTimeoutMs = RUN_TIMEOUT_MS, loadTimeoutMs = LOAD_TIMEOUT_MS } = this.#options;
    const slow = !this.#greeted || [...this.#unanswered.values()].some((method) => SLOW.has(method));
    return slow ? loadTimeoutMs : runTimeoutMs;
  }
}
