/**
 * Counts how many pictures this device answered and how fast, and sends that now and then, where the gateway's operator
 * asks for it. Guarantees: nothing is counted or sent before the gateway asked in this visit, nor in mode
 * `only-device`; numbers only; at most one report a minute. A report that fails is lost.
 */
import {
  bucketOf,
  DEVICE_BOUNDS,
  DEVICE_PROVIDERS,
  type DeviceProvider,
  type DeviceReport,
  isDeviceProvider,
  MAX_REPORTED,
} from '../../core/device-report.ts';
import type { RoutingMode } from '../../core/routing.ts';
import type { Answer } from './answer.ts';
import type { Clock } from './clock.ts';
import { type ReadableStore, Store } from './store.ts';

export interface DeviceReportsOptions {
  readonly clock: Clock;
  /** Never rejects. */
  readonly send: (report: DeviceReport) => void;
}

interface Tally {
  readonly counts: number[];
  seconds: number;
}

/** Milliseconds that answers are gathered. */
const EVERY_MS = 300_000;
/** Milliseconds between two reports at least. */
const SHORTEST_PAUSE_MS = 60_000;

export class DeviceReports {
  readonly #options: DeviceReportsOptions;
  readonly #reporting = new Store(false);
  readonly #tallies = new Map<DeviceProvider, Tally>();
  #asked = false;
  #mode: RoutingMode;
  #counted = 0;
  #sentAt = Number.NEGATIVE_INFINITY;
  #stopTimer: (() => void) | undefined;

  constructor(mode: RoutingMode, options: DeviceReportsOptions) {
    this.#mode = mode;
    this.#options = options;
  }

  /** Whether answers are counted now; the page says so. */
  get reporting(): ReadableStore<boolean> {
    return this.#reporting;
  }

  /** What the gateway said when it was reached last. */
  asked(asked: boolean): void {
    this.#asked = asked;
    this.#decide();
  }

  setMode(mode: RoutingMode): void {
    this.#mode = mode;
    this.#decide();
  }

  answered({ engine, source, result }: Answer): void {
    if (!this.#reporting.get() || engine !== 'device' || source !== 'run' || this.#counted >= MAX_REPORTED) return;
    if (!isDeviceProvider(result.provider)) return;
    const seconds = result.timings.infer / 1000;
    const tally = this.#tallies.get(result.provider) ?? newTally();
    this.#tallies.set(result.provider, tally);
    const bucket = bucketOf(seconds);
    tally.counts[bucket] = (tally.counts[bucket] ?? 0) + 1;
    tally.seconds += seconds;
    this.#counted += 1;
    this.#stopTimer ??= this.#options.clock.after(EVERY_MS, () => this.#send());
  }

  /** The page may be closed at any moment from now on. */
  leaving(): void {
    if (this.#options.clock.now() - this.#sentAt >= SHORTEST_PAUSE_MS) this.#send();
  }

  #decide(): void {
    const reporting = this.#asked && this.#mode !== 'only-device';
    if (!reporting) this.#forget();
    this.#reporting.set(reporting);
  }

  #send(): void {
    const timings = DEVICE_PROVIDERS.flatMap((provider) => {
      const tally = this.#tallies.get(provider);
      return tally ? [{ provider, ...tally }] : [];
    });
    this.#forget();
    if (timings.length === 0) return;
    this.#sentAt = this.#options.clock.now();
    this.#options.send({ timings });
  }

  #forget(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
    this.#tallies.clear();
    this.#counted = 0;
  }
}

const newTally = (): Tally => ({ counts: new Array<number>(DEVICE_BOUNDS.length + 1).fill(0), seconds: 0 });
