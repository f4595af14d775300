/** Makes the sources that the configuration names. Begins none. */
import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';
import type { Configuration } from '../configuration/index.ts';
import type { Importer } from '../packages/index.ts';
import type { Clock } from '../scheduling/index.ts';
import { CatalogueRemote } from './catalogue.ts';
import { FolderSource } from './folder.ts';
import { KeptListing } from './kept-listing.ts';
import { MlflowRemote } from './mlflow.ts';
import { parseMlflowSpec } from './mlflow-names.ts';
import { PackageCache } from './package-cache.ts';
import { type Remote, RemoteSource } from './remote.ts';
import type { Source } from './source.ts';

/** The slice of the log that sources write to. */
export interface SourcesLog {
  info(fields: object, message?: string): void;
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

/** Digits of a location's sum in the name of its cache. */
const DIGITS = 8;

/**
 * Every source, in the order of their rank: see `mergeAspired`. Throws INVALID_ARGUMENT when MLflow's models are
 * written wrongly.
 */
export function createSources(options: SourcesOptions): readonly Source[] {
  const { configuration, importer, clock, now, random, log } = options;
  const { models, data, pollMs, checkMs, catalogues, catalogueMirror, follow, mlflow, maxUploadBytes } = configuration;
  const names = new Set<string>();
  const note = (source: string) => (text: string) => log.info({ event_type: 'source_note', source }, text);

  function folder(name: string, path: string, own: boolean): Source {
    names.add(name);
    const onNote = note(name);
    return new FolderSource({ name, folder: path, removable: own, mayBeMissing: own, pollMs, clock, now, onNote });
  }

  function remote(name: string, what: Remote, location: string, followed: readonly string[]): Source {
    // By its location too: another catalogue of the same name has other packages.
    const sum = createHash('sha256').update(location).digest('hex').slice(0, DIGITS);
    const path = data === undefined ? undefined : join(data, 'cache', `${name}-${sum}`);
    const disk = path && {
      cache: new PackageCache(path, importer, now),
      kept: new KeptListing(join(path, '.listing.json')),
    };
    const timing = { checkMs, clock, now, random, onNote: note(name) };
    return new RemoteSource({ name, remote: what, disk: disk || undefined, follow: followed, ...timing });
  }

  const sources = [folder('models', models, false)];
  if (data !== undefined) sources.push(folder('published', join(data, 'models'), true));
  for (const location of catalogues) {
    const name = freeName(plainName(location), names);
    const what = new CatalogueRemote({ location, mirror: catalogueMirror, maxBytes: maxUploadBytes });
    sources.push(remote(name, what, location, follow));
  }
  if (mlflow) {
    const specs = mlflow.models.map(parseMlflowSpec);
    const name = freeName('mlflow', names);
    const { url } = mlflow;
    const access = { url, specs, token: options.mlflowToken, maxBytes: maxUploadBytes };
    sources.push(remote(name, new MlflowRemote({ ...access, onNote: note(name) }), url, []));
  }
  return sources;
}

/** The host of an address, or the stem of a file's name. */
function plainName(location: string): string {
  const text = URL.canParse(location) ? new URL(location).hostname : basename(location).replace(/\.json$/i, '');
  return text.toLowerCase().replace(/[^a-z0-9.-]+/g, '-') || 'catalogue';
}

/** `wanted`, or with a number when it is taken; takes it. */
function freeName(wanted: string, taken: Set<string>): string {
  let name = wanted;
  for (let i = 2; taken.has(name); i += 1) name = `${wanted}-${i}`;
  taken.add(name);
  return name;
}
