/** An answer as tests need one; what a test is about it says itself. */
import type { Classification } from '../../core/engine.ts';

export const classification = (more: Partial<Classification> = {}): Classification => ({
  model: 'mini',
  version: 1,
  variant: 'w16',
  predictions: [{ label: 'tabby', index: 281, score: 0.9 }],
  notSure: false,
  provider: 'cpu',
  cached: false,
  timings: { queue: 0, decode: 1, prepare: 2, infer: 3, total: 6 },
  batchSize: 1,
  ...more,
});
