/**
 * The log: one JSON object a line on stdout. Every line has `timestamp`, `level`, `event_type` and `msg`;
 * lines of a request also `request_id`, `model`, `model_version`, `inference_time` (seconds),
 * `confidence_score` (0..1) and `code`. Credentials never reach it.
 */
import { type Logger, pino } from 'pino';

export type Log = Logger;

/** Bytes that may wait for a reader of stdout that does not read; further lines are lost rather than memory. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;

const SECRETS = ['authorization', 'cookie', '["set-cookie"]', '["x-api-key"]'];

/** @param level a pino level, or `silent` */
export function createLog(level: string, destination: { write(line: string): void } = stdout()): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"timestamp":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: SECRETS.flatMap((name) => {
          const dotted = name.startsWith('[') ? name : `.${name}`;
          return [name, `headers${dotted}`, `*${dotted}`, `*.headers${dotted}`];
        }),
        censor: '[hidden]',
      },
    },
    destination,
  );
}

// Asynchronous, so that a slow reader of the log does not stop the sockets.
function stdout() {
  return pino.destination({ dest: 1, sync: false, maxLength: MAX_WAITING_BYTES });
}
