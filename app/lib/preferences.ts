/** What the page remembers of its visitor's choices, in localStorage; without one it forgets and works. */
import { parseRoutingMode, type RoutingMode } from '../../core/routing.ts';

export type TextStorage = Pick<Storage, 'getItem' | 'setItem'>;

const MODE = 'twinlens.mode';
const MODEL = 'twinlens.model';
const CAMERA = 'twinlens.camera';

export class Preferences {
  readonly #storage: TextStorage | undefined;

  constructor(storage: TextStorage | undefined) {
    this.#storage = storage;
  }

  get mode(): RoutingMode {
    return parseRoutingMode(this.#read(MODE)) ?? 'prefer-device';
  }
  set mode(mode: RoutingMode) {
    this.#write(MODE, mode);
  }

  /** The gateway's default model when it was last heard of: what to load when offline. */
  get model(): string | undefined {
    return this.#read(MODEL) || undefined;
  }
  set model(name: string) {
    this.#write(MODEL, name);
  }

  get camera(): string | undefined {
    return this.#read(CAMERA) || undefined;
  }
  set camera(deviceId: string) {
    this.#write(CAMERA, deviceId);
  }

  #read(key: string): string | undefined {
    try {
      return this.#storage?.getItem(key) ?? undefined;
    } catch {
      return undefined; // Storage may be forbidden by the browser's settings.
    }
  }

  #write(key: string, value: string): void {
    try {
      this.#storage?.setItem(key, value);
    } catch {
      // Full or forbidden: the choice holds until the page is closed.
    }
  }
}

/** The page's localStorage, or undefined where the browser's settings forbid even to look at it. */
export function pageStorage(): TextStorage | undefined {
  try {
    return globalThis.localStorage;
  } catch {
    return undefined;
  }
}
