/** Clients that ask over HTTP one request after the other until they are told to stop, and count how each ended. */
import { z } from 'zod';

const problem = z.object({ code: z.string() });
const REQUEST_MS = 30_000;
const GONE = ['DRAINING', 'REFUSED', 'BROKEN'];

export interface Hammer {
  /** Answers by code; REFUSED: nobody listens any more; BROKEN: the connection ended without one. */
  readonly outcomes: ReadonlyMap<string, number>;
  /** Resolves when `count` requests were answered. */
  answered(count: number): Promise<void>;
  /** Lets requests in flight end. */
  stop(): Promise<void>;
}

/** A client ends when it gets no answer or is told that the gateway drains, as one does that turns to another gateway. */
export function hammer(url: string, body: Uint8Array<ArrayBuffer>, clients: number): Hammer {
  const outcomes = new Map<string, number>();
  const waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  let total = 0;
  let stopped = false;
  const count = (code: string) => {
    outcomes.set(code, (outcomes.get(code) ?? 0) + 1);
    total += 1;
    for (const { count: wanted, resolve } of waiting) if (total >= wanted) resolve();
  };
  const client = async () => {
    let code = '';
    while (!stopped && !GONE.includes(code)) {
      code = await ask(url, body);
      count(code);
    }
  };
  const all = Promise.all(Array.from({ length: clients }, client));
  return {
    outcomes,
    answered: (wanted) =>
      new Promise((resolve) => {
        if (total >= wanted) resolve();
        else waiting.push({ count: wanted, resolve });
      }),
    stop: async () => {
      stopped = true;
      await all;
    },
  };
}

async function ask(url: string, body: Uint8Array<ArrayBuffer>): Promise<string> {
  try {
    const response = await fetch(url, { method: 'POST', body, signal: AbortSignal.timeout(REQUEST_MS) });
    const answer: unknown = await response.json();
    return response.ok ? 'OK' : problem.parse(answer).code;
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    return code === 'ECONNREFUSED' ? 'REFUSED' : 'BROKEN';
  }
}
