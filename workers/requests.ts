/**
 * The page's table of calls to the worker: who waits, for how long, and what can be sent again to a
 * new worker. Knows no Worker; `proxy.ts` sends and hears.
 */
import type { CancelSignal } from '../core/engine.ts';
import { TwinlensError } from '../core/errors.ts';
import { type Method, type Params, parseResult, type Result } from './wire.ts';

/** Calls that may wait for the worker at once. */
const MAX_CALLS = 256;

export interface CallLimits {
  readonly signal?: CancelSignal | undefined;
  /** Milliseconds from now. */
  readonly deadlineMs?: number | undefined;
}

export interface Entry {
  readonly id: number;
  readonly method: Method;
  readonly params: unknown;
  readonly transfer: readonly Transferable[];
  /** Handed to the worker that lives now. */
  sent: boolean;
  /** Handed to a worker that died. */
  retried: boolean;
  resolve(value: unknown): void;
  reject(error: TwinlensError): void;
}

type StartTimer = (callback: () => void, ms: number) => () => void;

export class Requests {
  readonly #entries = new Map<number, Entry>();
  readonly #startTimer: StartTimer;
  readonly #abandoned: (id: number, sent: boolean) => void;
  #next = 0;

  /** @param abandoned called when a caller no longer waits, so that the worker can be told */
  constructor(startTimer: StartTimer, abandoned: (id: number, sent: boolean) => void) {
    this.#startTimer = startTimer;
    this.#abandoned = abandoned;
  }

  /** In the order of the calls. */
  all(): readonly Entry[] {
    return [...this.#entries.values()];
  }

  get(id: number): Entry | undefined {
    return this.#entries.get(id);
  }

  /** Opens a call; `send` is called once it is in the table. */
  open<M extends Method>(
    method: M,
    params: Params<M>,
    transfer: readonly Transferable[],
    limits: CallLimits,
    send: (entry: Entry) => void,
  ): Promise<Result<M>> {
    const { signal, deadlineMs } = limits;
    return new Promise<Result<M>>((resolve, reject) => {
      const refuse = (error: TwinlensError) => {
        closeAll(transfer);
        reject(error);
      };
      if (signal?.aborted) return refuse(cancelled());
      if (deadlineMs !== undefined && !(deadlineMs > 0)) return refuse(late());
      if (this.#entries.size >= MAX_CALLS) {
        return refuse(new TwinlensError('QUEUE_FULL', `${MAX_CALLS} calls are waiting already; wait for an answer.`));
      }
      const id = this.#next;
      this.#next += 1;
      const finish = () => {
        this.#entries.delete(id);
        signal?.removeEventListener('abort', onAbort);
        stopTimer?.();
      };
      const entry: Entry = {
        id,
        method,
        params,
        transfer,
        sent: false,
        retried: false,
        resolve: (value) => {
          finish();
          try {
            resolve(parseResult(method, value));
          } catch (error) {
            reject(error);
          }
        },
        reject: (error) => {
          finish();
          if (!entry.sent) closeAll(transfer);
          reject(error);
        },
      };
      const abandon = (error: TwinlensError) => {
        const { sent } = entry;
        entry.reject(error);
        this.#abandoned(id, sent);
      };
      const onAbort = () => abandon(cancelled());
      const stopTimer = deadlineMs === undefined ? undefined : this.#startTimer(() => abandon(late()), deadlineMs);
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#entries.set(id, entry);
      send(entry);
    });
  }
}

const cancelled = () => new TwinlensError('CANCELLED', 'The caller no longer wants the answer.');
const late = () => new TwinlensError('DEADLINE_EXCEEDED', 'The answer did not come within the deadline.');

/** Frames and bitmaps that nobody will use hold camera buffers until they are closed. */
function closeAll(things: readonly Transferable[]): void {
  for (const thing of things) if ('close' in thing && typeof thing.close === 'function') thing.close();
}
