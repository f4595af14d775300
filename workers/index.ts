/** The door of workers/: the page makes its device engine here and knows nothing else of the worker. */
import { takeWorker } from './early.ts';
import type { DeviceEngine, DeviceEngineOptions } from './engine.ts';
import { SwappingEngine } from './swapping-engine.ts';

export type {
  BackendPreference,
  DeviceCapabilities,
  DeviceEngine,
  DeviceEngineOptions,
  Picture,
  PictureOptions,
  Prepared,
  Updated,
  UpdateOptions,
} from './engine.ts';

/** Starts nothing by itself: the worker is spawned by the first call, unless `startEarly` did. */
export function createDeviceEngine(options: DeviceEngineOptions): DeviceEngine {
  return new SwappingEngine(options, {
    spawn: takeWorker,
    setInterval: (callback, ms) => {
      const timer = setInterval(callback, ms);
      return () => clearInterval(timer);
    },
    setTimeout: (callback, ms) => {
      const timer = setTimeout(callback, ms);
      return () => clearTimeout(timer);
    },
    origin: () => location.origin,
  });
}
