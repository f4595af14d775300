/** The page of the worker's own tests: makes engines and hands them to the test by `window.harness`. */
import type { EngineEvent } from '../../../core/engine.ts';
import { type ErrorBody, toErrorBody } from '../../../core/errors.ts';
import { createDeviceEngine, type DeviceEngine, type DeviceEngineOptions } from '../../../workers/index.ts';

export interface Harness {
  engine: DeviceEngine;
  /** Every event since the engine was made. */
  readonly events: EngineEvent[];
  /** Ends the engine and makes another. */
  make(options?: Partial<DeviceEngineOptions>): void;
  /** What `call` gives, or the error that it rejects with, as data. */
  outcome<T>(call: Promise<T>): Promise<{ readonly value: T } | { readonly error: ErrorBody }>;
  /** Bytes of a file of this server. */
  bytes(path: string): Promise<Uint8Array<ArrayBuffer>>;
}

declare global {
  interface Window {
    harness: Harness;
  }
}

const events: EngineEvent[] = [];
const make = (options: Partial<DeviceEngineOptions> = {}): DeviceEngine => {
  const engine = createDeviceEngine({ gatewayUrl: '', ...options });
  engine.subscribe((event) => events.push(event));
  return engine;
};

window.harness = {
  engine: make(),
  events,
  make(options) {
    window.harness.engine.close();
    events.length = 0;
    window.harness.engine = make(options);
  },
  async outcome(call) {
    try {
      return { value: await call };
    } catch (error) {
      return { error: toErrorBody(error) };
    }
  },
  async bytes(path) {
    return new Uint8Array(await (await fetch(path)).arrayBuffer());
  },
};
