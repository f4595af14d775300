/**
 * Shadowed requests: after its caller has an answer, the other version classifies the same picture, and the two best
 * classes are compared. Never delays or fails a caller: few run at once, at low priority, and what can't run is
 * skipped. Each holds its own handle.
 */
import type { Classification } from '../../core/engine.ts';
import { asTwinlensError } from '../../core/errors.ts';
import type { Handle, ServableRequest } from './servable.ts';

/** At once, over all models: each holds a picture that no gate counts any more. */
const MAX_SHADOWS = 4;
/** Milliseconds that one may wait and run. */
const SHADOW_DEADLINE_MS = 10_000;
/** Names the requests in the queue, where all of them together are one client. */
const CLIENT = 'shadow';

export interface ShadowOptions {
  /** Undefined: that version can't answer now. */
  readonly acquire: (model: string, version: number) => Handle | undefined;
  readonly now: () => number;
}

/** `undefined`: it came to nothing that says something of either version. */
export type Comparison = boolean | undefined;

const bestOf = ({ predictions }: Classification): string | undefined => predictions[0]?.label;

export class Shadows {
  readonly #options: ShadowOptions;
  readonly #stop = new AbortController();
  #running = 0;

  constructor(options: ShadowOptions) {
    this.#options = options;
  }

  get running(): number {
    return this.#running;
  }

  /** Runs `request` on `version` too and tells whether it agreed with `answer`. Never rejects. */
  async compare(version: number, request: ServableRequest, answer: Classification): Promise<Comparison> {
    if (this.#stop.signal.aborted || this.#running >= MAX_SHADOWS) return undefined;
    const handle = this.#options.acquire(answer.model, version);
    if (!handle) return undefined;
    this.#running += 1;
    try {
      const other = await handle.classify({
        image: request.image,
        top: 1,
        deadline: this.#options.now() + SHADOW_DEADLINE_MS,
        priority: 'low',
        client: CLIENT,
        signal: this.#stop.signal,
        shadow: true,
      });
      return bestOf(other) === bestOf(answer);
    } catch (error) {
      const { code } = asTwinlensError(error);
      // A version that fails where the other one answers does not agree; a full queue or a late one says nothing.
      return code === 'ENGINE_FAILED' || code === 'INTERNAL' ? false : undefined;
    } finally {
      this.#running -= 1;
      handle.release();
    }
  }

  /** Ends those that run and begins no other. */
  stop(): void {
    this.#stop.abort();
  }
}
