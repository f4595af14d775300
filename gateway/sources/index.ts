/** The face of `sources/`: where model versions come from. */
import { join } from 'node:path';
import type { Configuration } from '../configuration.ts';
import type { Importer } from '../packages/index.ts';
import type { Clock } from '../scheduling/index.ts';
import { FolderSource } from './folder.ts';
import type { Source } from './source.ts';

export type { Expected } from './attempt.ts';
export { type Downloaded, type DownloadOptions, downloadFile } from './download.ts';
export { type Conflict, type Merged, mergeAspired } from './merge.ts';
export type { Aspired, FetchOptions, FetchProgress, PackageOnDisk, Source, SourceSnapshot } from './source.ts';

/** The slice of the log that sources write to. */
export interface SourcesLog {
  info(fields: object, message?: string): void;
  warn(fields: object, message?: string): void;
}

export interface SourcesOptions {
  readonly configuration: Pick<
    Configuration,
    'models' | 'data' | 'pollMs' | 'checkMs' | 'catalogues' | 'catalogueMirror' | 'follow' | 'mlflow' | 'maxUploadBytes'
  >;
  /** What `configuration.mlflow.token` says, read. */
  readonly mlflowToken: string | undefined;
  readonly importer: Importer;
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** 0 up to 1. */
  readonly random: () => number;
  readonly log: SourcesLog;
}

/** Every source that the configuration names, in the order of their rank: see `mergeAspired`. None has begun yet. */
export function createSources(options: SourcesOptions): readonly Source[] {
  const { configuration, clock, now, log } = options;
  const { models, data, pollMs } = configuration;
  const folder = (name: string, path: string, own: boolean) =>
    new FolderSource({
      name,
      folder: path,
      removable: own,
      mayBeMissing: own,
      pollMs,
      clock,
      now,
      onNote: (note) => log.warn({ event_type: 'source_note', source: name }, note),
    });
  const sources: Source[] = [folder('models', models, false)];
  if (data !== undefined) sources.push(folder('published', join(data, 'models'), true));
  return sources;
}
