/** The traffic of every version that serves: a window each, forgotten with the version. */
import type { Traffic } from '../../core/admin.ts';
import type { ErrorCode } from '../../core/errors.ts';
import { endingOf, TRAFFIC_WINDOW_MS, TrafficWindow } from './traffic.ts';

const keyOf = (model: string, version: number): string => `${model}@${version}`;

export class TrafficBook {
  readonly #windows = new Map<string, TrafficWindow>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** @param ms how long an answered request took */
  ended(model: string, version: number, code: 'OK' | ErrorCode, ms: number | undefined): void {
    const ending = endingOf(code);
    if (ending === 'neither') return;
    const key = keyOf(model, version);
    let window = this.#windows.get(key);
    if (!window) {
      window = new TrafficWindow(TRAFFIC_WINDOW_MS);
      this.#windows.set(key, window);
    }
    window.add(this.#now(), ms, ending === 'fault');
  }

  read(model: string, version: number): Traffic {
    const window = this.#windows.get(keyOf(model, version));
    return window?.read(this.#now()) ?? { windowMs: TRAFFIC_WINDOW_MS, requests: 0, errors: 0 };
  }

  forget(model: string, version: number): void {
    this.#windows.delete(keyOf(model, version));
  }
}
