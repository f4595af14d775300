/** The face of `results/`: answers that are given again, and identical requests that share one run. */
export { type CacheUse, Results, type ResultsObserver, type ResultsOptions } from './results.ts';
