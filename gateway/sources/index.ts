/** The face of `sources/`: where model versions come from. */
export type { Expected } from './attempt.ts';
export { createSources, type SourceObserver, type SourcesLog, type SourcesOptions } from './create.ts';
export { type Downloaded, type DownloadOptions, type DownloadTiming, downloadFile } from './download.ts';
export { type Conflict, type Merged, mergeAspired } from './merge.ts';
export type { Aspired, FetchOptions, FetchProgress, PackageOnDisk, Source, SourceSnapshot } from './source.ts';
