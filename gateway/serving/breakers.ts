/**
 * The breakers of all versions that serve, and the handles that tell them how requests end. A version that is loaded
 * anew begins with a closed one. Knows no labels and no fallbacks.
 */
import { asTwinlensError, type ErrorCode } from '../../core/errors.ts';
import { Breaker, type BreakerOptions, type Ending } from './breaker.ts';
import type { ServingLog } from './log.ts';
import type { Handle, ServingObserver } from './servable.ts';

export interface BreakersOptions extends BreakerOptions {
  readonly log: ServingLog;
  readonly observer: Pick<ServingObserver, 'breakerChanged'>;
}

interface Watched {
  readonly name: string;
  readonly version: number;
  readonly breaker: Breaker;
  /** As it was told last. */
  shown: boolean;
}

/** Only what the engine itself did wrong: a picture that can't be decoded or a late answer is no reason to turn away. */
function endingOf(code: ErrorCode): Ending {
  return code === 'ENGINE_FAILED' || code === 'INTERNAL' ? 'fault' : 'neither';
}

export class Breakers {
  readonly #options: BreakersOptions;
  /** By name and version. */
  readonly #watched = new Map<string, Watched>();
  readonly #listeners = new Set<(name: string) => void>();

  constructor(options: BreakersOptions) {
    this.#options = options;
  }

  /** The version is turned away from: its breaker has not closed again. */
  isOpen(name: string, version: number): boolean {
    const watched = this.#watched.get(`${name}@${version}`);
    return watched !== undefined && watched.breaker.state !== 'closed';
  }

  /** Milliseconds until the version is tried again; undefined for one that is not turned away from. */
  waitMs(name: string, version: number): number | undefined {
    return this.isOpen(name, version) ? this.#watched.get(`${name}@${version}`)?.breaker.waitMs : undefined;
  }

  /** The handle, which tells how its requests end; undefined (and the handle released) when nothing is to be sent. */
  guard(handle: Handle): Handle | undefined {
    const watched = this.#of(handle.name, handle.version);
    const admission = watched.breaker.admit();
    if (!admission) {
      handle.release();
      return undefined;
    }
    const ended = (ending: Ending) => {
      admission.ended(ending);
      this.#tell(watched);
    };
    let asked = false;
    return {
      ...handle,
      classify: async (request) => {
        asked = true;
        try {
          const answer = await handle.classify(request);
          ended('answered');
          return answer;
        } catch (error) {
          ended(endingOf(asTwinlensError(error).code));
          throw error;
        }
      },
      release: () => {
        // As when the answer was kept. What was asked ends by itself, perhaps later: it may run for others still.
        if (!asked) ended('neither');
        handle.release();
      },
    };
  }

  /** Called with the name of a model after one of its breakers opened or closed. */
  subscribe(listener: (name: string) => void): void {
    this.#listeners.add(listener);
  }

  /** The version is unloaded. */
  forget(name: string, version: number): void {
    const watched = this.#watched.get(`${name}@${version}`);
    if (!watched) return;
    this.#watched.delete(`${name}@${version}`);
    if (watched.shown) this.#options.observer.breakerChanged({ model: name, version, open: undefined });
  }

  #of(name: string, version: number): Watched {
    const key = `${name}@${version}`;
    const known = this.#watched.get(key);
    if (known) return known;
    const made = { name, version, breaker: new Breaker(this.#options), shown: false };
    this.#watched.set(key, made);
    return made;
  }

  #tell(watched: Watched): void {
    const { name, version, breaker, shown } = watched;
    const open = breaker.state !== 'closed';
    if (open === shown || this.#watched.get(`${name}@${version}`) !== watched) return;
    watched.shown = open;
    const { log, observer, failures, openMs } = this.#options;
    observer.breakerChanged({ model: name, version, open });
    const fields = { model: name, model_version: version };
    if (open) {
      const message = `${failures} requests in a row failed in the engine; one is tried again in ${openMs / 1000} s`;
      log.warn({ event_type: 'breaker_opened', ...fields }, message);
    } else log.info({ event_type: 'breaker_closed', ...fields }, 'the engine answered again');
    for (const listener of this.#listeners) listener(name);
  }
}
