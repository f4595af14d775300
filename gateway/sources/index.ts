/** The face of `sources/`: where model versions come from. */
export type { Aspired, FetchOptions, FetchProgress, PackageOnDisk, Source, SourceSnapshot } from './source.ts';
