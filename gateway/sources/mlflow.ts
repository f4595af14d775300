/**
 * The registry of an MLflow tracking server: the versions that the configuration names, by name, version or alias, and
 * their artifacts. A version keeps MLflow's number; a name that is not legal here is changed to one that is.
 */
import { createHash } from 'node:crypto';
import { mkdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { asTwinlensError, TwinlensError } from '../../core/errors.ts';
import type { ImportInput } from '../packages/index.ts';
import { tooLarge } from './attempt.ts';
import { downloadFile } from './download.ts';
import { shown } from './http.ts';
import { MlflowApi, type MlflowVersion, mlflowVersionsSchema } from './mlflow-api.ts';
import { isOfModel, toImportInput } from './mlflow-input.ts';
import { type MlflowSpec, nameHere } from './mlflow-names.ts';
import type { Workplace } from './package-cache.ts';
import { Progress } from './progress.ts';
import type { Listing, Remote, RemoteVersion } from './remote.ts';
import type { FetchOptions } from './source.ts';

export interface MlflowOptions {
  readonly url: string;
  readonly specs: readonly MlflowSpec[];
  readonly token: string | undefined;
  readonly maxBytes: number;
  readonly onNote: (note: string) => void;
}

const keptSchema = z.object({ location: z.string(), versions: mlflowVersionsSchema });
const OUR_TAG = /^twinlens\./;

const specText = (spec: MlflowSpec): string => {
  switch (spec.kind) {
    case 'all':
      return spec.name;
    case 'version':
      return `${spec.name}@${spec.version}`;
    case 'alias':
      return `${spec.name}:${spec.alias}`;
  }
};

const tagsOf = ({ tags }: MlflowVersion): ReadonlyMap<string, string> =>
  new Map(tags.filter(({ key }) => OUR_TAG.test(key)).map(({ key, value }) => [key, value]));

export class MlflowRemote implements Remote {
  readonly kind = 'mlflow';
  readonly toStop = 'take the model out of TWINLENS_MLFLOW_MODELS first';
  readonly location: string;
  readonly #options: MlflowOptions;
  readonly #api: MlflowApi;
  readonly #told = new Set<string>();

  constructor(options: MlflowOptions) {
    this.#options = options;
    this.#api = new MlflowApi(options.url, options.token);
    this.location = shown(options.url);
  }

  restore(kept: unknown): Listing | undefined {
    const parsed = keptSchema.safeParse(kept);
    if (!parsed.success || parsed.data.location !== this.location) return undefined;
    return this.#list(parsed.data.versions, []);
  }

  async ask(signal: AbortSignal): ReturnType<Remote['ask']> {
    const found: MlflowVersion[] = [];
    const refused: { what: string; reason: string }[] = [];
    for (const spec of this.#options.specs) {
      try {
        found.push(...(await this.#resolve(spec, signal)));
      } catch (error) {
        const known = asTwinlensError(error);
        // That MLflow knows no such model, version or alias is an answer; that it can't be asked is none.
        if (known.code !== 'NOT_FOUND' && known.code !== 'INVALID_ARGUMENT') throw known;
        refused.push({ what: specText(spec), reason: known.message });
      }
    }
    return { listing: this.#list(found, refused), keep: { location: this.location, versions: found } };
  }

  async #resolve(spec: MlflowSpec, signal: AbortSignal): Promise<readonly MlflowVersion[]> {
    switch (spec.kind) {
      case 'all': {
        const versions = await this.#api.versions(spec.name, signal);
        if (versions.length > 0) return versions;
        throw new TwinlensError('NOT_FOUND', `MLflow has no version of a model ${spec.name}.`);
      }
      case 'version':
        return [await this.#api.version(spec.name, spec.version, signal)];
      case 'alias':
        return [await this.#api.aliased(spec.name, spec.alias, signal)];
    }
  }

  #list(found: readonly MlflowVersion[], problems: Listing['refused']): Listing {
    const versions = new Map<string, RemoteVersion & { readonly registered: string }>();
    const refused = [...problems];
    for (const version of found) {
      const what = `${version.name}@${version.version}`;
      try {
        // One that is still being registered is looked at again with the next check.
        if (version.status === 'PENDING_REGISTRATION') continue;
        if (version.status !== 'READY') throw new TwinlensError('INVALID_ARGUMENT', `Its status is ${version.status}.`);
        const name = nameHere(tagsOf(version).get('twinlens.name') ?? version.name);
        const same = versions.get(`${name}@${version.version}`);
        if (same && same.registered !== version.name) {
          const reason = `${same.registered} is called ${name} here already; set its tag twinlens.name to another name.`;
          throw new TwinlensError('CONFLICT', reason);
        }
        this.#tell(version.name, name);
        versions.set(`${name}@${version.version}`, { ...this.#version(name, version), registered: version.name });
      } catch (error) {
        refused.push({ what, reason: asTwinlensError(error).message });
      }
    }
    return { versions: [...versions.values()], refused };
  }

  #tell(registered: string, name: string): void {
    if (registered === name || this.#told.has(registered)) return;
    this.#told.add(registered);
    this.#options.onNote(`MLflow's model ${registered} is called ${name} here.`);
  }

  #version(name: string, version: MlflowVersion): RemoteVersion {
    const { source, run_id, creation_timestamp } = version;
    const identity = [version.name, version.version, source, run_id, creation_timestamp, [...tagsOf(version)].sort()];
    return {
      name,
      version: version.version,
      fingerprint: createHash('sha256').update(JSON.stringify(identity)).digest('hex'),
      offer: undefined,
      gather: (workplace, options) => this.#gather(name, version, workplace, options),
    };
  }

  async #gather(
    name: string,
    version: MlflowVersion,
    { input, parts }: Workplace,
    { signal, onProgress }: FetchOptions,
  ): Promise<ImportInput> {
    const { maxBytes } = this.#options;
    const artifacts = (await this.#api.artifacts(version, signal)).filter(({ path }) => isOfModel(path));
    const total = artifacts.reduce((sum, { bytes = 0 }) => sum + bytes, 0);
    if (total > maxBytes) throw tooLarge(`${name}@${version.version}`, maxBytes);
    const progress = new Progress(total, onProgress);
    let left = maxBytes;
    for (const { path, bytes, url } of artifacts) {
      // By its address: MLflow tells no sums.
      const part = join(parts, createHash('sha256').update(url).digest('hex'));
      const transfer = { into: part, maxBytes: left, signal, headers: this.#api.headers, onProgress: progress.file };
      const done = await downloadFile(url, { ...transfer, expect: { bytes } });
      left -= done.bytes;
      progress.done(done.bytes);
      await mkdir(dirname(join(input, path)), { recursive: true });
      await rename(part, join(input, path));
    }
    const origin = `MLflow model ${version.name}, version ${version.version}, ${this.location}`.slice(0, 600);
    const paths = artifacts.map(({ path }) => path);
    return toImportInput(input, paths, { name, version: version.version }, tagsOf(version), origin);
  }
}
