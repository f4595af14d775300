/**
 * The intake: the way of one request from any transport to a servable and back. Owns the deadline, the log
 * line and the counting of what never reached a servable. Guarantees one answer or one TwinlensError that
 * may be shown to the caller.
 */
import { type Classification, DEFAULT_TOP, type ImageInput, type Priority } from '../../core/engine.ts';
import { TwinlensError } from '../../core/errors.ts';
import type { CacheUse, Results } from '../results/index.ts';
import type { Handle, Registry } from '../serving/index.ts';
import type { Log, Metrics, Transport } from '../telemetry/index.ts';
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
  /** Whether an answer that was given before will do; it does when left out. */
  readonly cache?: CacheUse | undefined;
}

export interface IntakeOptions {
  readonly gate: Gate;
  readonly registry: Registry;
  readonly results: Pick<Results, 'classify'>;
  readonly clock: { now(): number };
  readonly log: Log;
  readonly metrics: Metrics;
  /** Milliseconds for requests that name no deadline. */
  readonly deadlineMs: number;
}

export class Intake {
  readonly #options: IntakeOptions;

  constructor(options: IntakeOptions) {
    this.#options = options;
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
  refuse(error: unknown, asked: Pick<Asked, 'requestId' | 'transport' | 'clientName'>): TwinlensError {
    const known = this.#known(error, asked.requestId);
    this.#options.metrics.refused(known.code);
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
    const { model, version, provider, cached, timings, predictions, batchSize, degraded } = classification;
    this.#options.log.info(
      {
        event_type: 'prediction',
        request_id: asked.requestId,
        transport: asked.transport,
        client: asked.clientName,
        code: 'OK',
        model,
        model_version: version,
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

  #failed(
    error: TwinlensError,
    asked: Pick<Asked, 'requestId' | 'transport' | 'clientName'>,
    handle: Handle | undefined,
  ): void {
    const line = {
      event_type: 'prediction',
      request_id: asked.requestId,
      transport: asked.transport,
      client: asked.clientName,
      code: error.code,
      model: handle?.name,
      model_version: handle?.version,
    };
    if (error.code === 'INTERNAL') this.#options.log.error({ ...line, err: error.cause ?? error }, error.message);
    else this.#options.log.info(line, error.message);
  }
}
