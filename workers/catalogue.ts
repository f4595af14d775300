/**
 * From a model spec to a manifest: the gateway's answer, or what this device remembers of it when the
 * gateway can't be reached. Fetches descriptions only; files come by `package-files.ts`.
 */
import { asTwinlensError, TwinlensError } from '../core/errors.ts';
import { type Manifest, parseManifest } from '../core/manifest.ts';
import { type ModelSpec, parseModelSpec, versionOf } from '../core/model-spec.ts';
import { type ModelDetail, parseModelDetail } from '../core/protocol.ts';
import { checkResponse } from './download.ts';
import type { ModelStore } from './store.ts';
import type { StoredModel } from './store-index.ts';

/** Milliseconds for the gateway's answer; shorter when this device could do without it. */
const ANSWER_MS = 15_000;
const ANSWER_WITH_STORE_MS = 4_000;

export interface Found {
  readonly manifest: Manifest;
  /** Undefined when the gateway did not answer. */
  readonly labels: Readonly<Record<string, number>> | undefined;
}

function fromDetail(spec: ModelSpec, text: string, detail: ModelDetail): Manifest {
  const version = versionOf(spec, detail.versions, detail.labels);
  const found = detail.details.find((candidate) => candidate.version === version);
  if (!found) throw new TwinlensError('MODEL_NOT_FOUND', `The gateway has no ${text}; ask it for its list of models.`);
  if (found.state !== 'available') {
    const why = found.reason ? `${found.state}: ${found.reason}` : found.state;
    throw new TwinlensError('MODEL_NOT_READY', `${spec.name}@${found.version} is not available yet (${why}).`);
  }
  return parseManifest(found.manifest);
}

/** Offline a bare name means the version that was last in use: going back to an older one holds too. */
function fromStore(spec: ModelSpec, model: StoredModel): Manifest | undefined {
  if (spec.kind === 'default') return model.manifests[0];
  const version = versionOf(
    spec,
    model.manifests.map((manifest) => manifest.version),
    model.labels,
  );
  return model.manifests.find((manifest) => manifest.version === version);
}

export class Catalogue {
  readonly #gatewayUrl: string;
  readonly #store: ModelStore;

  constructor(gatewayUrl: string, store: ModelStore) {
    this.#gatewayUrl = gatewayUrl;
    this.#store = store;
  }

  fileUrl(manifest: Manifest, path: string): string {
    return `${this.#gatewayUrl}/v1/models/${manifest.name}/versions/${manifest.version}/files/${path}`;
  }

  /** Errors: INVALID_ARGUMENT, MODEL_NOT_FOUND, MODEL_NOT_READY, UNAVAILABLE, CANCELLED. */
  async find(text: string, signal?: AbortSignal): Promise<Found> {
    const spec = parseModelSpec(text);
    const model = (await this.#store.models()).find((candidate) => candidate.name === spec.name);
    const stored = model && fromStore(spec, model);
    try {
      const detail = await this.#ask(spec.name, stored ? ANSWER_WITH_STORE_MS : ANSWER_MS, signal);
      return { manifest: fromDetail(spec, text, detail), labels: detail.labels };
    } catch (error) {
      if (signal?.aborted) throw new TwinlensError('CANCELLED', 'Loading the model was cancelled.');
      const known = asTwinlensError(error, 'UNAVAILABLE');
      if (known.code !== 'UNAVAILABLE' || !stored) throw known;
      return { manifest: stored, labels: undefined };
    }
  }

  async #ask(name: string, limitMs: number, signal: AbortSignal | undefined): Promise<ModelDetail> {
    const abort = new AbortController();
    const onAbort = () => abort.abort();
    const timer = setTimeout(onAbort, limitMs);
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      const response = await fetch(`${this.#gatewayUrl}/v1/models/${name}`, {
        signal: abort.signal,
        cache: 'no-store',
        headers: { accept: 'application/json' },
      });
      checkResponse(response, `the model ${name}`);
      return parseModelDetail(await response.json());
    } catch (error) {
      if (error instanceof TwinlensError) throw error;
      throw new TwinlensError(
        'UNAVAILABLE',
        "The gateway can't be reached, and the model is not stored on this device; check the connection.",
        { cause: error },
      );
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    }
  }
}
