/** A registry whose requests wait until the test answers them. Each request stays in `requests`. */
import type { Classification } from '../../core/engine.ts';
import { TwinlensError } from '../../core/errors.ts';
import type { Manifest } from '../../core/manifest.ts';
import type { ModelDetail, ModelEvent, ModelSummary } from '../../core/protocol.ts';
import type { IntakeOptions } from '../../gateway/admission/intake.ts';
import type {
  AcquireOptions,
  Degradation,
  Handle,
  ModelFile,
  Registry,
  ServableRequest,
} from '../../gateway/serving/index.ts';
import { classification } from '../support/classification.ts';

/** As with the cache switched off: every request is the servable's own. */
export const noResults: IntakeOptions['results'] = { classify: (handle, request) => handle.classify(request) };

export interface FakeRequest {
  readonly request: ServableRequest;
  answer(classification?: Classification): void;
  fail(error: unknown): void;
}

export class FakeRegistry implements Registry {
  readonly requests: FakeRequest[] = [];
  /** The keys that requests came with, in order. */
  readonly keys: (string | undefined)[] = [];
  /** Handles that were acquired and not released. */
  open = 0;
  ready = true;
  degraded: readonly Degradation[] = [];
  /** Of its version, where a test needs one. */
  manifest: Manifest | undefined;
  readonly #listeners = new Set<(event: ModelEvent) => void>();

  acquire(spec: string | undefined, { key }: AcquireOptions = {}): Handle {
    this.keys.push(key);
    if (spec !== undefined && spec !== 'mini' && spec !== 'mini@1')
      throw new TwinlensError('MODEL_NOT_FOUND', `There is no model ${spec}.`);
    this.open += 1;
    let released = false;
    return {
      name: 'mini',
      version: 1,
      variant: 'w16',
      classify: (request) =>
        new Promise((resolve, reject) => {
          this.requests.push({ request, answer: (given = classification()) => resolve(given), fail: reject });
          request.signal?.addEventListener('abort', () => reject(new TwinlensError('CANCELLED', 'Cancelled.')));
        }),
      release: () => {
        if (!released) this.open -= 1;
        released = true;
      },
    };
  }

  list(): ModelSummary[] {
    return [{ name: 'mini', title: 'Mini', default: true, versions: [1], labels: { stable: 1 } }];
  }

  detail(name: string): ModelDetail {
    const found = this.list().find((model) => model.name === name);
    if (!found) throw new TwinlensError('MODEL_NOT_FOUND', `There is no model ${name}.`);
    const { manifest } = this;
    return { ...found, details: manifest ? [{ version: 1, state: 'available', provider: 'cpu', manifest }] : [] };
  }

  file(name: string): ModelFile {
    throw new TwinlensError('NOT_FOUND', `${name} has no files here.`);
  }

  subscribe(listener: (event: ModelEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  emit(event: ModelEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
