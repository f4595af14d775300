/** Stub: replaced below in the same branch. */

import type { Provider } from '../../core/engine.ts';
import { TwinlensError } from '../../core/errors.ts';
import type { Importer } from './import.ts';

export interface ImporterOptions {
  /** On which the goldens must pass and the batches run: the one that will serve. */
  readonly provider: 'auto' | 'cpu' | 'cuda';
  /** ONNX Runtime threads of the instances that try models. */
  readonly threads: number;
  /** Pixels of one golden. */
  readonly maxPixels: number;
  /** Bytes of one model, packed and unpacked alike. */
  readonly maxBytes: number;
  /** Batches tried, given the provider that really runs; never above the manifest's. Default: as the pool serves. */
  readonly batchMax?: (provider: Provider) => number;
  /** A JSON file with the names that `imagenet-1k` means: the built-in package's. */
  readonly imagenetNames: string;
}

export function createImporter(_options: ImporterOptions): Importer {
  return () => Promise.reject(new TwinlensError('INTERNAL', 'not written yet'));
}
