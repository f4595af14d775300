/**
 * Ends requests whose body arrives too slowly: all in all (pictures), or because it stands still (uploads of models,
 * which may take long). Node's own limit is one for all requests. Knows nothing of what arrives.
 */
import type { IncomingMessage } from 'node:http';
import { TwinlensError } from '../../core/errors.ts';
import { rawProblem } from '../problem.ts';

type After = (ms: number, run: () => void) => () => void;

const late = () => new TwinlensError('DEADLINE_EXCEEDED', 'The request did not arrive in time; send it faster.');

/** To be called when the head is there: `ms` for the body, 0 for no limit. Who reads the body sees its stream fail. */
export function limitArrival(raw: IncomingMessage, ms: number, requestId: string, after: After): void {
  const { 'content-length': length, 'transfer-encoding': coding } = raw.headers;
  if (ms === 0 || (coding === undefined && !(Number(length) > 0))) return;
  const { socket } = raw;
  const written = socket.bytesWritten;
  const stop = after(ms, () => {
    if (raw.complete || socket.destroyed) return;
    // An answer that has begun can't be replaced by another.
    if (socket.bytesWritten === written) socket.end(rawProblem(late(), requestId), () => raw.destroy());
    else raw.destroy();
  });
  raw.once('close', stop);
}

/** The chunks of `stream`; throws DEADLINE_EXCEEDED when none comes for `ms`. Lets go of the stream at its end. */
export async function* untilStall(stream: AsyncIterable<unknown>, ms: number, after: After): AsyncGenerator<unknown> {
  const chunks = stream[Symbol.asyncIterator]();
  let waiting = false;
  try {
    for (;;) {
      let stop = (): void => undefined;
      const stalled = new Promise<never>((_resolve, reject) => {
        stop = after(ms, () => reject(late()));
      });
      waiting = true;
      const next = await Promise.race([chunks.next(), stalled]).finally(stop);
      waiting = false;
      if (next.done) return;
      yield next.value;
    }
  } finally {
    // Whoever still listens keeps the rest from being thrown away. One that waits for a chunk can't be told to stop.
    if (!waiting) await chunks.return?.();
  }
}
