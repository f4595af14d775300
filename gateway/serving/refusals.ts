/** Why a request gets no version, in words for its caller: what there is not, what is not ready, what failed. */
import { TwinlensError } from '../../core/errors.ts';
import type { ModelSpec } from '../../core/model-spec.ts';
import type { Breakers } from './breakers.ts';
import { CANARY, STABLE } from './labels.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { Placement } from './placement.ts';
import { shownState } from './shown-state.ts';

/** Where models are listed. */
export const LISTED = 'GET /v1/models';
/** Milliseconds that a probe may take: what comes meanwhile is to come again after it. */
const PROBE_MS = 500;
const NOT_YET_MS = 1000;

export function unknownModel(name: string): TwinlensError {
  return new TwinlensError('MODEL_NOT_FOUND', `There is no model ${name}; ${LISTED} lists them.`);
}

export interface RefusalsOptions {
  readonly lifecycle: Lifecycle;
  readonly placement: Placement;
  readonly breakers: Breakers;
}

export class Refusals {
  readonly #options: RefusalsOptions;

  constructor(options: RefusalsOptions) {
    this.#options = options;
  }

  /** @param asked the spec as its caller wrote it */
  why(spec: ModelSpec, asked: string): TwinlensError {
    const { name } = spec;
    const known = this.#options.lifecycle.statuses(name);
    if (known.length === 0) return unknownModel(name);
    const status = spec.kind === 'version' ? known.find(({ version }) => version === spec.version) : undefined;
    if ((spec.kind === 'label' && !this.#hasLabel(name, spec.label)) || (spec.kind === 'version' && !status)) {
      const what = spec.kind === 'label' ? `label ${spec.label}` : `version ${spec.version}`;
      return new TwinlensError('MODEL_NOT_FOUND', `${name} has no ${what}; ${LISTED}/${name} lists them.`);
    }
    const waitMs = this.#waitMs(spec);
    if (waitMs !== undefined) {
      return new TwinlensError('MODEL_NOT_READY', `${asked} failed several times in a row; it is tried again soon.`, {
        retryAfterMs: Math.max(waitMs, PROBE_MS),
      });
    }
    if (status && shownState(status) === 'idle') {
      return new TwinlensError(
        'MODEL_NOT_READY',
        `${asked} is not loaded; ${LISTED}/${name} lists the versions that are.`,
      );
    }
    const failed = (status ? [status] : known).find(({ state }) => state === 'failed');
    const why = failed?.error ? ` (${failed.error.message})` : '';
    return new TwinlensError('MODEL_NOT_READY', `${asked} can't answer yet${why}; try again in a moment.`, {
      retryAfterMs: NOT_YET_MS,
    });
  }

  /** Until the version that the spec means is tried again; undefined when it is not turned away from. */
  #waitMs(spec: ModelSpec): number | undefined {
    const { breakers, placement } = this.#options;
    const labels = placement.labels(spec.name);
    const label = spec.kind === 'label' ? spec.label : STABLE;
    const version = spec.kind === 'version' ? spec.version : Object.hasOwn(labels, label) ? labels[label] : undefined;
    return version === undefined ? undefined : breakers.waitMs(spec.name, version);
  }

  /** The label exists, whether or not its version can answer now. */
  #hasLabel(name: string, label: string): boolean {
    const saved = this.#options.placement.saved(name);
    if (label === STABLE) return true;
    return label === CANARY ? saved.canary !== undefined : Object.hasOwn(saved.labels, label);
  }
}
