/** The face of `engines/`. */
export { createLocalEngine, type LocalEngineOptions } from './local.ts';
