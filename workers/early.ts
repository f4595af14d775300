/**
 * The inference worker, started before the code that talks to it is there: a worker takes a tenth of a second to come
 * up, and meanwhile the page's other half loads. What it says until somebody listens is kept and said again.
 */

/** Nothing but its greeting can come before it is spoken to. */
const MOST_KEPT = 8;

export const spawnWorker = (): Worker =>
  new Worker(new URL('./inference-worker.ts', import.meta.url), { type: 'module', name: 'inference' });

let waiting: (() => Worker) | undefined;

/** For the page to call as early as it can. Without effect where no worker can be started: the engine tells of that. */
export function startEarly(): void {
  let worker: Worker;
  try {
    worker = spawnWorker();
  } catch {
    return;
  }
  const kept: Event[] = [];
  const listening = new AbortController();
  const keep = (event: Event) => {
    if (kept.length < MOST_KEPT) kept.push(event);
  };
  for (const type of ['message', 'messageerror', 'error']) {
    worker.addEventListener(type, keep, { signal: listening.signal });
  }
  waiting = () => {
    listening.abort();
    // After the caller has had its turn to listen.
    queueMicrotask(() => {
      for (const event of kept) worker.dispatchEvent(again(event));
    });
    return worker;
  };
}

/** The one that was started early, once; later a new one. */
export function takeWorker(): Worker {
  const take = waiting ?? spawnWorker;
  waiting = undefined;
  return take();
}

/** An event can't be dispatched twice. */
function again(event: Event): Event {
  if (event instanceof MessageEvent) return new MessageEvent(event.type, { data: event.data });
  if (event instanceof ErrorEvent) return new ErrorEvent(event.type, { message: event.message, cancelable: true });
  return new Event(event.type, { cancelable: true });
}
