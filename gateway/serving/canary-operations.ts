/** Beginning, changing and ending a canary. `stable` is pinned while one runs, and stays so: a canary that failed is newer. */
import { DEFAULT_CANARY_LIMITS } from '../../core/admin.ts';
import { TwinlensError } from '../../core/errors.ts';
import { withoutCanary } from './canaries.ts';
import type { Changes } from './changes.ts';
import type { CanaryRequest } from './operations.ts';
import { type ModelState, pinned, type RunningCanary, withModel, without } from './state.ts';

/** Of the requests that reach a canary or, while it runs, `stable`, the share that the other one answers too. */
const DEFAULT_SHADOW = 0.1;

const percent = (share: number): string => `${Number((share * 100).toFixed(2))} %`;

export class CanaryOperations {
  readonly #changes: Changes;
  readonly #today: () => number;

  /** @param today milliseconds since 1970 */
  constructor(changes: Changes, today: () => number) {
    this.#changes = changes;
    this.#today = today;
  }

  set(name: string, request: CanaryRequest, actor: string): Promise<void> {
    const { placement, journal } = this.#changes;
    const { version } = request;
    return this.#changes.change(name, `making ${version} the canary`, async () => {
      const stable = this.#changes.stable(name);
      if (version === stable) {
        throw new TwinlensError('CONFLICT', `stable of ${name} is at version ${version}; a canary is another one.`);
      }
      const placed = (model: ModelState, canary: RunningCanary): ModelState => ({
        ...pinned(model, stable, model.stable),
        unloaded: without(without(model.unloaded, version), stable),
        canary,
      });
      const place = async () => {
        const before = placement.saved(name).canary;
        const same = before?.version === version ? before : undefined;
        const canary = this.#settings(request, same);
        const begun = same
          ? `The share of the canary, version ${version}, is now`
          : `Version ${version} is the canary for`;
        const detail = `${begun} ${percent(canary.share)} of the requests; ${percent(canary.shadow)} are compared.`;
        await journal.write({ actor, action: 'canary', model: name, version, detail }, (state) =>
          withModel(state, name, (model) => placed(model, canary)),
        );
      };
      const plan = (model: ModelState) => placed(model, this.#settings(request, model.canary));
      await this.#changes.withVersion(name, version, place, plan);
    });
  }

  end(name: string, actor: string): Promise<void> {
    const { placement, journal } = this.#changes;
    return this.#changes.change(name, 'ending the canary', async () => {
      const { canary } = placement.saved(name);
      if (!canary) throw new TwinlensError('CONFLICT', `${name} has no canary.`);
      const { version } = canary;
      const detail = `The canary, version ${version}, was ended.`;
      await journal.write({ actor, action: 'end-canary', model: name, version, detail }, (state) =>
        withModel(state, name, withoutCanary),
      );
    });
  }

  /** What the request leaves out stays as it is in a canary that runs. */
  #settings({ version, share, shadow, limits }: CanaryRequest, running: RunningCanary | undefined): RunningCanary {
    const given = Object.fromEntries(Object.entries(limits ?? {}).filter(([, value]) => value !== undefined));
    return {
      version,
      share,
      shadow: shadow ?? running?.shadow ?? DEFAULT_SHADOW,
      limits: { ...(running?.limits ?? DEFAULT_CANARY_LIMITS), ...given },
      startedAt: running?.startedAt ?? this.#today(),
    };
  }
}
