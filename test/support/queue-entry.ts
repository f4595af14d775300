/** Requests that wait, as tests of the queue make them. */
import type { Entry } from '../../gateway/scheduling/queue.ts';

/** One of the client `a` with time enough. */
export const entry = (request: string, over: Partial<Entry<string>> = {}): Entry<string> => ({
  client: 'a',
  priority: 'normal',
  enqueuedAt: 0,
  deadline: 1_000_000,
  alone: false,
  request,
  ...over,
});
