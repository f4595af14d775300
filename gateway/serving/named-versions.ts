/** Which version a request means, and what the manager's versions look like from outside. `stable` is the newest. */
import { join } from 'node:path';
import { TwinlensError } from '../../core/errors.ts';
import { parseModelSpec, versionOf } from '../../core/model-spec.ts';
import type { ModelDetail, ModelEvent, ModelSummary } from '../../core/protocol.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { Handle, ModelFile } from './servable.ts';

const STABLE = 'stable';
const listed = 'GET /v1/models';

export class NamedVersions {
  readonly #lifecycle: Lifecycle;
  readonly #default: string | undefined;

  constructor(lifecycle: Lifecycle, defaultModel: string | undefined) {
    this.#lifecycle = lifecycle;
    this.#default = defaultModel;
  }

  /** Every model that should serve has a version that can answer now, and there is one. */
  get ready(): boolean {
    const { names } = this.#lifecycle;
    return names.length > 0 && names.every((name) => this.#lifecycle.statuses(name).some(({ alive }) => alive));
  }

  acquire(text: string | undefined): Handle {
    const spec = text === undefined ? undefined : parseModelSpec(text);
    const name = spec?.name ?? this.#defaultName;
    if (name === undefined)
      throw new TwinlensError('MODEL_NOT_READY', 'The gateway has no model yet; try again in a moment.');
    const known = this.#lifecycle.statuses(name);
    if (known.length === 0)
      throw new TwinlensError('MODEL_NOT_FOUND', `There is no model ${name}; ${listed} lists them.`);
    const available = this.#lifecycle.available(name);
    const version = versionOf(spec ?? { kind: 'default', name }, available, this.#labels(name));
    const handle = version === undefined ? undefined : this.#lifecycle.acquire(name, version);
    if (handle) return handle;
    const status = known.find((one) => one.version === version);
    if ((spec?.kind === 'label' && spec.label !== STABLE) || (spec?.kind === 'version' && !status)) {
      const what = spec.kind === 'label' ? `label ${spec.label}` : `version ${spec.version}`;
      throw new TwinlensError('MODEL_NOT_FOUND', `${name} has no ${what}; ${listed}/${name} lists them.`);
    }
    const failed = (status ? [status] : known).find(({ state }) => state === 'failed');
    const why = failed?.error ? ` (${failed.error.message})` : '';
    throw new TwinlensError('MODEL_NOT_READY', `${text ?? name} can't answer yet${why}; try again in a moment.`, {
      retryAfterMs: 1000,
    });
  }

  summary(name: string): ModelSummary {
    return {
      name,
      title: this.#lifecycle.statuses(name).at(-1)?.manifest?.title ?? name,
      default: name === this.#defaultName,
      versions: [...this.#lifecycle.available(name)],
      labels: this.#labels(name),
    };
  }

  /** Throws MODEL_NOT_FOUND. */
  detail(name: string): ModelDetail {
    const known = this.#lifecycle.statuses(name);
    if (known.length === 0)
      throw new TwinlensError('MODEL_NOT_FOUND', `There is no model ${name}; ${listed} lists them.`);
    const details = known.flatMap(({ version, state, error, provider, manifest }) =>
      manifest
        ? [
            {
              version,
              state: state === 'idle' ? ('loading' as const) : state,
              reason: error?.message,
              provider,
              manifest,
            },
          ]
        : [],
    );
    return { ...this.summary(name), details };
  }

  /** Throws MODEL_NOT_FOUND, NOT_FOUND. */
  file(name: string, version: number, file: string): ModelFile {
    const status = this.#lifecycle.statuses(name).find((one) => one.version === version);
    if (!status?.folder || !status.manifest) {
      throw new TwinlensError(
        'MODEL_NOT_FOUND',
        `There is no ${name}@${version}; ${listed}/${name} lists the versions.`,
      );
    }
    const { files } = status.manifest;
    const entry = Object.hasOwn(files, file) ? files[file] : undefined;
    if (!entry && file !== 'model.json') {
      throw new TwinlensError('NOT_FOUND', `${name}@${version} has no file ${file}; its manifest lists them.`);
    }
    return { path: join(status.folder, file), entry };
  }

  subscribe(listener: (event: ModelEvent) => void): () => void {
    const stable = new Map<string, number>();
    return this.#lifecycle.subscribe((event) => {
      if (event.kind !== 'available' && event.kind !== 'retired') return;
      const { kind, name, version } = event;
      listener({ type: 'model', event: kind, model: name, version });
      const newest = this.#labels(name)[STABLE];
      if (newest === undefined || newest === stable.get(name)) return;
      stable.set(name, newest);
      listener({ type: 'model', event: 'label', model: name, version: newest, label: STABLE });
    });
  }

  get #defaultName(): string | undefined {
    return this.#default ?? this.#lifecycle.names[0];
  }

  #labels(name: string): Record<string, number> {
    const newest = this.#lifecycle.available(name).at(-1);
    return newest === undefined ? {} : { [STABLE]: newest };
  }
}
