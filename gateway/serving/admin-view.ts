/** What operators see of one model: its versions as they are, its labels, its canary. Changes nothing. */
import type { AdminModel, AdminVersion, CanaryView } from '../../core/admin.ts';
import { TwinlensError } from '../../core/errors.ts';
import type { Canaries } from './canaries.ts';
import { STABLE } from './labels.ts';
import type { Lifecycle, VersionStatus } from './lifecycle.ts';
import type { Placement } from './placement.ts';
import { shownState } from './shown-state.ts';
import { labelled } from './state.ts';
import type { TrafficBook } from './traffic-book.ts';

export interface AdminViewOptions {
  readonly lifecycle: Lifecycle;
  readonly placement: Placement;
  readonly canaries: Canaries;
  readonly traffic: TrafficBook;
  readonly defaultModel: () => string | undefined;
  readonly rollbackTo: (name: string) => number | undefined;
  /** From the manager's clock to milliseconds since 1970. */
  readonly dated: (ms: number) => number;
}

export class AdminView {
  readonly #options: AdminViewOptions;

  constructor(options: AdminViewOptions) {
    this.#options = options;
  }

  models(): readonly AdminModel[] {
    return this.#options.lifecycle.names.map((name) => this.model(name));
  }

  /** Throws MODEL_NOT_FOUND. */
  model(name: string): AdminModel {
    const { lifecycle, placement, defaultModel, rollbackTo } = this.#options;
    const statuses = lifecycle.statuses(name);
    if (statuses.length === 0) {
      throw new TwinlensError('MODEL_NOT_FOUND', `There is no model ${name}; GET /v1/models lists them.`);
    }
    const labels = placement.labels(name);
    const back = rollbackTo(name);
    const canary = this.#canary(name);
    return {
      name,
      title: statuses.findLast(({ manifest }) => manifest)?.manifest?.title ?? name,
      default: name === defaultModel(),
      policy: placement.policy(name),
      labels: { ...labels },
      stable: labelled(placement.saved(name), STABLE) === undefined ? 'newest' : 'pinned',
      ...(back === undefined ? {} : { rollbackTo: back }),
      ...(canary === undefined ? {} : { canary }),
      versions: statuses.map((status) => this.#version(status, labels)).reverse(),
    };
  }

  #version(status: VersionStatus, labels: Readonly<Record<string, number>>): AdminVersion {
    const { name, version, aspired, manifest, retryAt } = status;
    return {
      version,
      state: shownState(status),
      stage: status.stage,
      progress: status.progress,
      reason: status.error?.message,
      retryAt: retryAt === undefined ? undefined : this.#options.dated(retryAt),
      source: aspired.source,
      removable: aspired.irremovable === undefined,
      labels: Object.entries(labels).flatMap(([label, at]) => (at === version ? [label] : [])),
      title: manifest?.title,
      licence: manifest?.licence,
      variant: manifest?.defaultVariant,
      provider: status.provider,
      instances: status.instances,
      memoryBytes: status.memoryBytes.reduce((sum, bytes) => sum + bytes, 0),
      loadMs: status.loadMs,
      traffic: this.#options.traffic.read(name, version),
    };
  }

  #canary(name: string): CanaryView | undefined {
    const { canaries } = this.#options;
    const canary = canaries.of(name);
    const seen = canaries.seen(name);
    return canary && seen && { ...canary, seen };
  }
}
