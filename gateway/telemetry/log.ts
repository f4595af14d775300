/**
 * The log: one JSON object a line. Every line has `timestamp`, `level` and `event_type`; lines of a request also
 * `request_id`, `model`, `model_version`, `inference_time` (seconds), `confidence_score` (0..1) and `code`.
 * docs/logs.md lists them. Credentials never reach it.
 */
import { type Logger, pino, stdSerializers } from 'pino';
import { LogSink, type Output } from './log-sink.ts';
import { redaction, withoutCredentials, withoutSecrets } from './redaction.ts';

export type Log = Logger;

/** Bytes that may wait for a reader of the log that does not read; further lines are lost rather than memory. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;

/** Milliseconds that a line may wait for others: each write is a call to the system that wakes whoever reads. */
const LATEST_MS = 50;

/** @param level a pino level, or `silent` */
export function createLog(level: string, destination: { write(line: string): void } = stdoutSink()): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"timestamp":"${new Date().toISOString()}"`,
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => withoutSecrets(fields),
      },
      redact: redaction,
      serializers: { err: (error: Error) => withoutSecrets(stdSerializers.err(error)) },
    },
    { write: (line) => destination.write(withoutCredentials(line)) },
  );
}

let onStdout: LogSink | undefined;

/** The process has one stdout, and one sink in front of it. */
export function stdoutSink(): LogSink {
  onStdout ??= createSink(process.stdout);
  return onStdout;
}

function createSink(output: Output): LogSink {
  return new LogSink({
    output,
    maxWaitingBytes: MAX_WAITING_BYTES,
    later: (flush) => setTimeout(flush, LATEST_MS),
    lostLine: (lines) => {
      const line = { level: 'warn', timestamp: new Date().toISOString(), event_type: 'log_lines_lost', lines };
      return `${JSON.stringify({ ...line, msg: 'nobody read the log fast enough' })}\n`;
    },
  });
}
