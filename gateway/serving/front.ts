/**
 * Versions as the front of the gateway sees them: which one a request gets, what the models look like, where their
 * files are. A request that names neither version nor label gets `stable`, or the canary by its share. Where that can't
 * answer, `stable` of the model's fallback does; never for one that names a version.
 */
import { join } from 'node:path';
import { TwinlensError } from '../../core/errors.ts';
import { type ModelSpec, parseModelSpec } from '../../core/model-spec.ts';
import type { ModelDetail, ModelSummary } from '../../core/protocol.ts';
import type { Breakers } from './breakers.ts';
import type { Canaries } from './canaries.ts';
import type { Fallbacks } from './fallbacks.ts';
import { CANARY, STABLE } from './labels.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { Placement } from './placement.ts';
import { LISTED, Refusals, unknownModel } from './refusals.ts';
import type { AcquireOptions, Handle, ModelFile } from './servable.ts';
import type { Shadows } from './shadows.ts';
import { shownState } from './shown-state.ts';

export interface FrontOptions {
  readonly lifecycle: Lifecycle;
  readonly placement: Placement;
  readonly canaries: Canaries;
  readonly shadows: Shadows;
  readonly breakers: Breakers;
  readonly fallbacks: Fallbacks;
  readonly defaultModel: string | undefined;
}

export class Front {
  readonly #options: FrontOptions;
  readonly #refusals: Refusals;
  /** Models that could answer at some time. */
  readonly #served = new Set<string>();
  #begun = false;

  constructor(options: FrontOptions) {
    this.#options = options;
    this.#refusals = new Refusals(options);
    const { lifecycle } = options;
    lifecycle.subscribe(({ kind, name }) => {
      if (kind === 'available') this.#served.add(name);
      if (lifecycle.statuses(name).length === 0) this.#served.delete(name);
    });
  }

  /** The model for requests that name none. */
  get defaultModel(): string | undefined {
    return this.#options.defaultModel ?? this.#options.lifecycle.names[0];
  }

  /**
   * There is a model, and each that is to be served can answer. A model that came later counts once it could: one
   * that never loads must not take a gateway out of service that serves the others. Once it began, a model's fallback
   * will do.
   */
  get ready(): boolean {
    const { lifecycle, placement, fallbacks } = this.#options;
    const wanted = lifecycle.names.filter((name) => lifecycle.statuses(name).some((status) => status.wanted));
    const counted = this.#begun ? wanted.filter((name) => this.#served.has(name)) : wanted;
    const answers = (name: string) => {
      const stable = placement.stable(name);
      return lifecycle.statuses(name).some(({ version, alive }) => version === stable && alive);
    };
    const ready =
      counted.length > 0 &&
      counted.every((name) => answers(name) || (this.#begun && fallbacks.chain(name).some(answers)));
    this.#begun ||= ready;
    return ready;
  }

  acquire(text: string | undefined, { key }: AcquireOptions = {}): Handle {
    const named = text === undefined ? undefined : parseModelSpec(text);
    const name = named?.name ?? this.defaultModel;
    if (name === undefined)
      throw new TwinlensError('MODEL_NOT_READY', 'The gateway has no model yet; try again in a moment.');
    const spec = named ?? { kind: 'default', name };
    const handle = this.#own(spec, key);
    if (handle) return handle;
    const refusal = this.#refusals.why(spec, text ?? name);
    // Who names a version, or a label of their own, wants that one.
    const falls = spec.kind === 'default' || (spec.kind === 'label' && spec.label === STABLE);
    const other = falls ? this.#fallback(name) : undefined;
    if (other) return other;
    throw refusal;
  }

  list(): readonly ModelSummary[] {
    return this.#options.lifecycle.names.map((name) => this.#summary(name));
  }

  /** Throws MODEL_NOT_FOUND. */
  detail(name: string): ModelDetail {
    const known = this.#options.lifecycle.statuses(name);
    if (known.length === 0) throw unknownModel(name);
    return {
      ...this.#summary(name),
      details: known.map((status) => ({
        version: status.version,
        state: shownState(status),
        reason: status.error?.message,
        provider: status.provider,
        manifest: status.manifest,
      })),
    };
  }

  /** Throws MODEL_NOT_FOUND, MODEL_NOT_READY, NOT_FOUND. */
  file(name: string, version: number, file: string): ModelFile {
    const status = this.#options.lifecycle.statuses(name).find((one) => one.version === version);
    if (!status) {
      throw new TwinlensError(
        'MODEL_NOT_FOUND',
        `There is no ${name}@${version}; ${LISTED}/${name} lists the versions.`,
      );
    }
    const { folder, manifest } = status;
    if (folder === undefined || !manifest) {
      throw new TwinlensError('MODEL_NOT_READY', `${name}@${version} is not on the gateway's disk; load it first.`);
    }
    const entry = Object.hasOwn(manifest.files, file) ? manifest.files[file] : undefined;
    if (!entry && file !== 'model.json') {
      throw new TwinlensError('NOT_FOUND', `${name}@${version} has no file ${file}; its manifest lists them.`);
    }
    return { path: join(folder, file), entry };
  }

  #own(spec: ModelSpec, key: string | undefined): Handle | undefined {
    const { placement, canaries } = this.#options;
    const { name } = spec;
    const labels = placement.labels(name);
    switch (spec.kind) {
      case 'default': {
        const handle = this.#canaryHandle(name, key) ?? this.#acquire(name, labels[STABLE]);
        return handle && canaries.of(name) ? this.#shadowing(handle) : handle;
      }
      case 'label':
        return this.#acquire(name, Object.hasOwn(labels, spec.label) ? labels[spec.label] : undefined);
      case 'version':
        return this.#acquire(name, spec.version);
      default:
        return spec satisfies never;
    }
  }

  #acquire(name: string, version: number | undefined): Handle | undefined {
    const { lifecycle, breakers } = this.#options;
    const handle = version === undefined ? undefined : lifecycle.acquire(name, version);
    return handle && breakers.guard(handle);
  }

  /** The next in the model's chain that can answer. */
  #fallback(name: string): Handle | undefined {
    const { placement, fallbacks } = this.#options;
    const reason = fallbacks.reasonOf(name);
    for (const other of fallbacks.chain(name)) {
      const handle = this.#acquire(other, placement.stable(other));
      if (handle) return { ...handle, degraded: { from: name, reason: reason ?? 'unavailable' } };
    }
    return undefined;
  }

  /** Undefined also when the canary can't answer: `stable` does then. No breaker: canaries have their own judge. */
  #canaryHandle(name: string, key: string | undefined): Handle | undefined {
    const { lifecycle, canaries, placement } = this.#options;
    const version = canaries.takes(name, key) ? placement.labels(name)[CANARY] : undefined;
    return version === undefined ? undefined : lifecycle.acquire(name, version);
  }

  /** The handle, with some of its requests run on the other one of canary and `stable` after they were answered. */
  #shadowing(handle: Handle): Handle {
    const { canaries, placement, shadows } = this.#options;
    const { name, version } = handle;
    return {
      ...handle,
      classify: async (request) => {
        const answer = await handle.classify(request);
        const canary = canaries.of(name)?.version;
        const stable = placement.stable(name);
        const other = version === canary ? stable : canary;
        const both = canary !== undefined && (version === canary || version === stable);
        if (both && other !== undefined && canaries.shadows(name)) {
          void shadows.compare(other, request, answer).then((agreed) => {
            if (agreed !== undefined) canaries.compared(name, canary, agreed);
          });
        }
        return answer;
      },
    };
  }

  #summary(name: string): ModelSummary {
    const { lifecycle, placement } = this.#options;
    return {
      name,
      title: lifecycle.statuses(name).findLast(({ manifest }) => manifest)?.manifest?.title ?? name,
      default: name === this.defaultModel,
      versions: [...lifecycle.available(name)],
      labels: { ...placement.labels(name) },
    };
  }
}
