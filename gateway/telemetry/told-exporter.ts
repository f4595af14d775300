/**
 * An exporter that tells the log when spans can't be delivered: once, and once more when they can again. Its failures
 * stay its own: whoever exports hears of success always, so that nothing else reports or retries them.
 */
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import { asTwinlensError } from '../../core/errors.ts';
import type { Log } from './log.ts';

type Done = Parameters<SpanExporter['export']>[1];

/** What `@opentelemetry/core` calls ExportResultCode.SUCCESS. */
const SUCCESS = 0;

export class ToldExporter implements SpanExporter {
  readonly #inner: SpanExporter;
  readonly #log: Log;
  readonly #endpoint: string;
  #failing = false;

  constructor(inner: SpanExporter, endpoint: string, log: Log) {
    this.#inner = inner;
    this.#endpoint = endpoint;
    this.#log = log;
  }

  export(spans: ReadableSpan[], done: Done): void {
    this.#inner.export(spans, ({ code, error }) => {
      this.#tell(code === SUCCESS, error);
      done({ code: SUCCESS });
    });
  }

  shutdown(): Promise<void> {
    return this.#inner.shutdown();
  }

  #tell(delivered: boolean, error: unknown): void {
    if (delivered !== this.#failing) return;
    this.#failing = !delivered;
    const fields = { endpoint: this.#endpoint };
    if (delivered) {
      this.#log.info({ event_type: 'trace_export_recovered', ...fields }, 'traces are exported again');
    } else {
      const why = asTwinlensError(error).message;
      this.#log.warn({ event_type: 'trace_export_failed', ...fields }, `traces are lost until this is over: ${why}`);
    }
  }
}
