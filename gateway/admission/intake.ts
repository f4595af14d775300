/**
 * The intake: the way of one request from any transport to a servable and back. Owns the deadline, the log
 * line and the counting of what never reached a servable. Guarantees one answer or one TwinlensError that
 * may be shown to the caller.
 */
import { type Classification, DEFAULT_TOP, type ImageInput, type Priority } from '../../core/engine.ts';
import { type ErrorCode, TwinlensError } from '../../core/errors.ts';
import type { CacheUse, Results } from '../results/index.ts';
import type { Handle, Registry } from '../serving/index.ts';
import { isSampled, type Log, type Metrics, type RequestTrace, type Transport } from '../telemetry/index.ts';
import { Flood } from './flood.ts';
import type { Gate, Ticket } from './gate.ts';

export interface Asked {
  /** In the log, and for HTTP in the answer. */
  readonly requestId: string;
  readonly transport: Transport;
  /** Whose request it is, for fairness. */
  readonly client: string;
  /** Name of its token, for the log. */
  readonly clientName?: string | undefined;
  readonly image: ImageInput;
  readonly model?: string | undefined;
  readonly top?: number | undefined;
  readonly deadlineMs?: number | undefined;
  readonly priority?: Priority | undefined;
  readonly stream?: string | undefined;
  /** Requests with the same key get the same version while a canary runs. */
  readonly key?: string | undefined;
  readonly trace?: RequestTrace | undefined;
  /** Whether an answer that was given before will do; it does when left out. */
  readonly cache?: CacheUse | undefined;
}

/** What comes in floods when too much is asked. */
type Flooding = 'QUEUE_FULL' | 'RATE_LIMITED' | 'DEADLINE_EXCEEDED';

const isFlooding = (code: ErrorCode): code is Flooding =>
  code === 'QUEUE_FULL' || code === 'RATE_LIMITED' || code === 'DEADLINE_EXCEEDED';

/** What names a request, however far it came. */
export type Named = Pick<Asked, 'requestId' | 'transport' | 'clientName' | 'trace'>;

export interface IntakeOptions {
  readonly gate: Gate;
  readonly registry: Registry;
  readonly results: Pick<Results, 'classify'>;
  readonly clock: { now(): number };
  readonly log: Log;
  readonly metrics: Metrics;
  /** Milliseconds for requests that name no deadline. */
  readonly deadlineMs: number;
  /** Share, 0 to 1, of the answered requests that are logged; default all. */
  readonly logSuccesses?: number | undefined;
}

export class Intake {
  readonly #options: IntakeOptions;
  readonly #flood: Flood<Flooding>;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#flood = new Flood(() => options.clock.now());
  }

  get gate(): Gate {
    return this.#options.gate;
  }

  /** Lets one request in. Throws DRAINING. */
  enter(transport: Transport): Ticket {
    const { gate, metrics } = this.#options;
    const ticket = gate.enter();
    metrics.requestStarted(transport);
    let ended = false;
    return {
      signal: ticket.signal,
      get reason() {
        return ticket.reason;
      },
      hold: ticket.hold,
      cancel: ticket.cancel,
      end: () => {
        if (ended) return;
        ended = true;
        metrics.requestEnded(transport);
        ticket.end();
      },
    };
  }

  /**
   * Resolves with the answer or rejects with one TwinlensError. The bytes of the picture must have been
   * held by the ticket, and the caller ends it once the answer is on its way.
   */
  async classify(ticket: Ticket, asked: Asked): Promise<Classification> {
    const { registry, results, clock, metrics, deadlineMs } = this.#options;
    metrics.received(asked.transport, asked.image.data.byteLength);
    asked.trace?.received();
    const { stream } = asked;
    let handle: Handle;
    try {
      if (ticket.reason) throw ticket.reason;
      handle = registry.acquire(asked.model, { key: asked.key });
    } catch (error) {
      throw this.refuse(error, asked);
    }
    try {
      const request = {
        image: asked.image,
        top: asked.top ?? DEFAULT_TOP,
        deadline: clock.now() + (asked.deadlineMs ?? deadlineMs),
        priority: asked.priority ?? 'normal',
        client: asked.client,
        requestId: asked.requestId,
        signal: ticket.signal,
        ...(stream === undefined ? {} : { stream }),
      };
      const { degraded } = handle;
      const answer = await results.classify(handle, request, asked.cache);
      const classification = degraded ? { ...answer, degraded } : answer;
      this.#answered(asked, classification);
      return classification;
    } catch (error) {
      const known = this.#known(ticket.reason ?? error, asked.requestId);
      this.#failed(known, asked, handle);
      throw known;
    } finally {
      handle.release();
    }
  }

  /** Counts and logs a request that ended before it reached a servable; gives what its caller may see. */
  refuse(error: unknown, asked: Named): TwinlensError {
    const known = this.#known(error, asked.requestId);
    this.#options.metrics.refused(known.code, asked.requestId);
    this.#failed(known, asked, undefined);
    return known;
  }

  #known(error: unknown, requestId: string): TwinlensError {
    if (error instanceof TwinlensError) return error;
    // The message of a fault of ours may tell of the inside.
    return new TwinlensError('INTERNAL', `The gateway failed; its log says why under request id ${requestId}.`, {
      cause: error,
    });
  }

  #answered(asked: Asked, classification: Classification): void {
    const { log, logSuccesses = 1 } = this.#options;
    asked.trace?.settled({ code: 'OK', classification });
    if (!isSampled(asked.requestId, logSuccesses)) return;
    const { model, version, variant, provider, cached, timings, predictions, batchSize, degraded } = classification;
    log.info(
      {
        event_type: 'prediction',
        request_id: asked.requestId,
        trace_id: asked.trace?.traceId,
        transport: asked.transport,
        client: asked.clientName,
        code: 'OK',
        model,
        model_version: version,
        variant,
        queue_time: timings.queue / 1000,
        decode_time: timings.decode / 1000,
        prepare_time: timings.prepare / 1000,
        inference_time: timings.infer / 1000,
        total_time: timings.total / 1000,
        confidence_score: predictions[0]?.score,
        provider,
        cached,
        batch_size: batchSize,
        degraded_from: degraded?.from,
        degraded_reason: degraded?.reason,
      },
      'classified',
    );
  }

  #failed(error: TwinlensError, asked: Named, handle: Handle | undefined): void {
    asked.trace?.settled({ code: error.code });
    const untold = isFlooding(error.code) ? this.#flood.tell(error.code) : 0;
    if (untold === undefined) return;
    const line = {
      event_type: 'prediction',
      request_id: asked.requestId,
      trace_id: asked.trace?.traceId,
      transport: asked.transport,
      client: asked.clientName,
      code: error.code,
      model: handle?.name,
      model_version: handle?.version,
      untold: untold || undefined,
    };
    const { log } = this.#options;
    switch (error.code) {
      case 'INTERNAL':
        log.error({ ...line, err: error.cause ?? error }, error.message);
        return;
      case 'ENGINE_FAILED':
        log.error(line, error.message);
        return;
      case 'QUEUE_FULL':
      case 'DEADLINE_EXCEEDED':
      case 'MODEL_NOT_READY':
        log.warn(line, error.message);
        return;
      default:
        // The client's own doing.
        log.info(line, error.message);
    }
  }
}
