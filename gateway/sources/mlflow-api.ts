/**
 * The calls of MLflow's REST API (2.0) that a registry of models is read with. Every answer is parsed and bounded;
 * artifacts go through the tracking server, which alone has the rights to their store. Knows nothing of our models.
 */
import { z } from 'zod';
import { TwinlensError } from '../../core/errors.ts';
import { describeMistakes } from '../../core/mistakes.ts';
import { parseJsonText, readText, request, shown, statusError, within } from './http.ts';

const versionSchema = z.object({
  name: z.string().min(1).max(1000),
  version: z.coerce.number().int().min(1).max(2_147_483_647),
  status: z.string().default('READY'),
  source: z.string().max(4000).default(''),
  run_id: z.string().max(200).default(''),
  creation_timestamp: z.coerce.number().default(0),
  tags: z.array(z.object({ key: z.string(), value: z.string().default('') })).default([]),
});
export type MlflowVersion = z.infer<typeof versionSchema>;
export const mlflowVersionsSchema = z.array(versionSchema);

const oneVersionSchema = z.object({ model_version: versionSchema });
const searchSchema = z.object({
  model_versions: mlflowVersionsSchema.default([]),
  next_page_token: z.string().optional(),
});
const uriSchema = z.object({ artifact_uri: z.string() });
const filesSchema = z.object({
  root_uri: z.string().optional(),
  files: z
    .array(z.object({ path: z.string(), is_dir: z.boolean().default(false), file_size: z.coerce.number().optional() }))
    .default([]),
});

export interface Artifact {
  /** Relative to the version's own folder; never leaves it. */
  readonly path: string;
  readonly bytes: number | undefined;
  readonly url: string;
}

/** How one kind of store is listed, and where its files are fetched. Paths are relative to the version's folder. */
interface Store {
  list(folder: string): Promise<z.infer<typeof filesSchema>['files']>;
  urlOf(path: string): string;
}

/** Milliseconds for one answer. */
const ANSWER_MS = 30_000;
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
/** Versions that one name stands for: the newest. */
const MAX_VERSIONS = 20;
/** Pages of versions that are read to find them. */
const MAX_PAGES = 20;
const PAGE_SIZE = 100;
const MAX_ARTIFACTS = 200;
/** Folders in folders. */
const MAX_DEPTH = 4;

const inUrl = (path: string) => path.split('/').map(encodeURIComponent).join('/');
const below = (folder: string, path: string) => (folder === '' ? path : `${folder}/${path}`);

export class MlflowApi {
  readonly #base: string;
  /** What every request carries. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(url: string, token: string | undefined) {
    this.#base = url.replace(/\/+$/, '');
    this.headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  }

  async version(name: string, version: number, signal: AbortSignal): Promise<MlflowVersion> {
    const query = { name, version: String(version) };
    return (await this.#get('mlflow/model-versions/get', query, oneVersionSchema, signal)).model_version;
  }

  async aliased(name: string, alias: string, signal: AbortSignal): Promise<MlflowVersion> {
    return (await this.#get('mlflow/registered-models/alias', { name, alias }, oneVersionSchema, signal)).model_version;
  }

  /** The newest versions of a name, newest first, whatever their status. */
  async versions(name: string, signal: AbortSignal): Promise<readonly MlflowVersion[]> {
    const quote = name.includes("'") ? '"' : "'";
    const found: MlflowVersion[] = [];
    let token = '';
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const query = {
        filter: `name=${quote}${name}${quote}`,
        max_results: String(PAGE_SIZE),
        order_by: 'version_number DESC',
        ...(token === '' ? {} : { page_token: token }),
      };
      const answer = await this.#get('mlflow/model-versions/search', query, searchSchema, signal);
      found.push(...answer.model_versions);
      token = answer.next_page_token ?? '';
      if (token === '') break;
    }
    // Sorted here too: not every store obeys the order.
    return found.sort((a, b) => b.version - a.version).slice(0, MAX_VERSIONS);
  }

  /** Every file of a version. Rejects with INVALID_ARGUMENT when there are too many of them. */
  async artifacts(version: MlflowVersion, signal: AbortSignal): Promise<readonly Artifact[]> {
    const store = await this.#storeOf(version, signal);
    const found: Artifact[] = [];
    const read = async (folder: string, depth: number): Promise<void> => {
      for (const { path, is_dir, file_size } of await store.list(folder)) {
        const inside = checkPath(below(folder, path));
        if (is_dir && depth < MAX_DEPTH) await read(inside, depth + 1);
        if (!is_dir) found.push({ path: inside, bytes: file_size, url: store.urlOf(inside) });
        if (found.length > MAX_ARTIFACTS)
          throw new TwinlensError('INVALID_ARGUMENT', `It has more than ${MAX_ARTIFACTS} artifacts.`);
      }
    };
    await read('', 0);
    return found;
  }

  async #storeOf(version: MlflowVersion, signal: AbortSignal): Promise<Store> {
    const key = { name: version.name, version: String(version.version) };
    const { artifact_uri: uri } = await this.#get('mlflow/model-versions/get-download-uri', key, uriSchema, signal);
    const { protocol, pathname } = URL.canParse(uri) ? new URL(uri) : { protocol: '', pathname: '' };
    if (protocol === 'mlflow-artifacts:') {
      const root = decodeURIComponent(pathname).replace(/^\/+|\/+$/g, '');
      return {
        list: async (folder) =>
          (await this.#get('mlflow-artifacts/artifacts', { path: below(root, folder) }, filesSchema, signal)).files,
        urlOf: (path) => `${this.#base}/api/2.0/mlflow-artifacts/artifacts/${inUrl(below(root, path))}`,
      };
    }
    return this.#runStore(version, uri, signal);
  }

  /** The server doesn't proxy its store: it lists the run's artifacts, and hands out those of the version. */
  async #runStore({ name, version, run_id }: MlflowVersion, uri: string, signal: AbortSignal): Promise<Store> {
    const list = (path: string) =>
      this.#get('mlflow/artifacts/list', { run_id, ...(path === '' ? {} : { path }) }, filesSchema, signal);
    const { root_uri: root = '' } = run_id === '' ? {} : await list('');
    if (root === '' || !`${uri}/`.startsWith(`${root}/`))
      throw new TwinlensError(
        'INVALID_ARGUMENT',
        `${name} ${version} lies in ${shown(uri)}, which MLflow doesn't list.`,
      );
    const start = uri.slice(root.length).replace(/^\/+|\/+$/g, '');
    return {
      list: async (folder) => {
        const path = folder === '' ? start : below(start, folder);
        const { files } = await list(path);
        // Here paths count from the run's root.
        return files.map((file) => ({ ...file, path: path === '' ? file.path : file.path.slice(path.length + 1) }));
      },
      urlOf: (path) => {
        const query = new URLSearchParams({ path, name, version: String(version) });
        return `${this.#base}/model-versions/get-artifact?${query}`;
      },
    };
  }

  async #get<T>(call: string, query: Record<string, string>, schema: z.ZodType<T>, outer: AbortSignal): Promise<T> {
    const address = `${this.#base}/api/2.0/${call}?${new URLSearchParams(query)}`;
    const response = await request(address, { headers: this.headers, signal: within(ANSWER_MS, outer) });
    const failure = statusError(address, response);
    const text = await readText(address, response, MAX_ANSWER_BYTES);
    if (failure) throw new TwinlensError(failure.code, messageOf(text) ?? failure.message, { cause: failure });
    const parsed = schema.safeParse(parseJsonText(text, shown(address)));
    if (parsed.success) return parsed.data;
    const mistakes = describeMistakes(parsed.error, 'answer');
    throw new TwinlensError('UNAVAILABLE', `${shown(address)} does not answer as MLflow does: ${mistakes}`);
  }
}

/** What MLflow itself says of a failure. */
function messageOf(text: string): string | undefined {
  try {
    const { message } = z.object({ message: z.string().min(1) }).parse(JSON.parse(text));
    return message.slice(0, 500);
  } catch {
    return undefined; // A proxy in front of it answered.
  }
}

function checkPath(path: string): string {
  const safe = path.split('/').every((part) => part !== '' && part !== '.' && part !== '..' && !/[\\\0]/.test(part));
  if (safe) return path;
  throw new TwinlensError('INVALID_ARGUMENT', `The artifact ${path} leaves the folder of its version.`);
}
