/**
 * Watches one canary beside `stable`: counts how the requests of both ended and how often they disagreed, and judges
 * by the limits. Pure but for what it counted: callers hand in the time. Says what is wrong in words.
 */
import type { CanaryLimits, CanaryView } from '../../core/admin.ts';
import { TrafficWindow } from './traffic.ts';

export type Seen = CanaryView['seen'];

const percent = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(1)} %`;

/** Why the canary must go; undefined while there is no reason, or too little was seen. */
export function judge(seen: Seen, limits: CanaryLimits): string | undefined {
  const { minRequests, maxErrorRate, maxP99Ms, maxDisagreement } = limits;
  const { requests, errors, p99Ms } = seen.canary;
  if (requests >= minRequests) {
    if (maxErrorRate !== undefined && errors / requests > maxErrorRate) {
      return `${errors} of its ${requests} requests failed (${percent(errors, requests)}; ${percent(maxErrorRate, 1)} are allowed)`;
    }
    if (maxP99Ms !== undefined && p99Ms !== undefined && p99Ms > maxP99Ms) {
      return `its p99 is ${Math.round(p99Ms)} ms over ${requests} requests (${maxP99Ms} ms are allowed)`;
    }
  }
  const { shadowed, disagreed } = seen;
  if (shadowed >= minRequests && maxDisagreement !== undefined && disagreed / shadowed > maxDisagreement) {
    return (
      `it disagreed with stable on ${disagreed} of ${shadowed} pictures that both classified ` +
      `(${percent(disagreed, shadowed)}; ${percent(maxDisagreement, 1)} are allowed)`
    );
  }
  return undefined;
}

export class CanaryWatch {
  readonly #canary: TrafficWindow;
  readonly #stable: TrafficWindow;
  /** A disagreement is counted as an error. */
  readonly #shadowed: TrafficWindow;
  readonly #now: () => number;

  constructor(windowMs: number, now: () => number) {
    this.#canary = new TrafficWindow(windowMs);
    this.#stable = new TrafficWindow(windowMs);
    this.#shadowed = new TrafficWindow(windowMs);
    this.#now = now;
  }

  get windowMs(): number {
    return this.#canary.windowMs;
  }

  ended(which: 'canary' | 'stable', ms: number | undefined, fault: boolean): void {
    (which === 'canary' ? this.#canary : this.#stable).add(this.#now(), ms, fault);
  }

  compared(agreed: boolean): void {
    this.#shadowed.add(this.#now(), undefined, !agreed);
  }

  get seen(): Seen {
    const now = this.#now();
    const { requests: shadowed, errors: disagreed } = this.#shadowed.read(now);
    return { canary: this.#canary.read(now), stable: this.#stable.read(now), shadowed, disagreed };
  }
}
