/** What the client tells its listeners, and the list that holds them. */
import type { ErrorBody } from '../core/errors.ts';
import type { Limits, ModelEvent, ModelSummary } from '../core/protocol.ts';

/** What the gateway said of itself when the connection opened. */
export interface Welcome {
  /** Name and version of the gateway, for people. */
  readonly server: string;
  readonly limits: Limits;
  readonly models: readonly ModelSummary[];
  /** The gateway's operator asks pages to report how fast their devices answer. */
  readonly deviceReports: boolean;
}

export type ConnectionState =
  | { readonly state: 'idle' }
  /** `attempt` counts from 1 and starts again once a connection was steady. */
  | { readonly state: 'connecting'; readonly attempt: number }
  | { readonly state: 'open'; readonly welcome: Welcome }
  | { readonly state: 'waiting'; readonly attempt: number; readonly retryInMs: number; readonly reason: string }
  /** `error` is set when the gateway refused this client for good (credentials); unset after `close()`. */
  | { readonly state: 'closed'; readonly error?: ErrorBody };

export type ClientEvent =
  | { readonly type: 'state'; readonly state: ConnectionState }
  | ModelEvent
  | { readonly type: 'goodbye'; readonly retryAfterMs: number };

export class Listeners<Event> {
  readonly #listeners = new Set<(event: Event) => void>();

  add(listener: (event: Event) => void): () => void {
    // A listener of its own per call, so that the same function may be added twice.
    const own = (event: Event) => listener(event);
    this.#listeners.add(own);
    return () => {
      this.#listeners.delete(own);
    };
  }

  emit(event: Event): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(event);
      } catch (error) {
        // A listener's mistake is the application's to see, and must not stop the client.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
