/** What operators do with labels and the version policy. A label moves only to a version that is available. */
import type { VersionPolicy } from '../../core/admin.ts';
import { labelNameSchema } from '../../core/admin.ts';
import { TwinlensError } from '../../core/errors.ts';
import { withoutCanary } from './canaries.ts';
import type { Changes } from './changes.ts';
import { CANARY, STABLE } from './labels.ts';
import { labelled, type ModelState, pinned, withModel, without } from './state.ts';

/** Own labels of one model. */
const MAX_LABELS = 32;

function inWords(policy: VersionPolicy): string {
  switch (policy.kind) {
    case 'latest':
      return policy.count === 1 ? 'the latest version' : `the latest ${policy.count} versions`;
    case 'specific':
      return policy.versions.length === 0 ? 'no version' : `versions ${policy.versions.join(', ')}`;
    case 'all':
      return 'all versions';
    default: {
      const impossible: never = policy;
      return impossible;
    }
  }
}

export class LabelOperations {
  readonly #changes: Changes;

  constructor(changes: Changes) {
    this.#changes = changes;
  }

  promote(name: string, version: number | undefined, actor: string): Promise<void> {
    const { placement, journal } = this.#changes;
    return this.#changes.change(
      name,
      version === undefined ? 'promoting the canary' : `promoting ${version}`,
      async () => {
        const { canary, labels } = placement.saved(name);
        const target = version ?? canary?.version;
        if (target === undefined) {
          throw new TwinlensError('CONFLICT', `${name} has no canary; name the version that stable is to move to.`);
        }
        const stood = placement.stable(name);
        const move = async () => {
          if (labels.stable === target && !canary) return;
          const before = this.#left(name, stood);
          const from = before === undefined || before === target ? '' : ` from version ${before}`;
          const note = {
            actor,
            action: 'promote',
            model: name,
            version: target,
            detail: `stable was moved${from} to version ${target}${canary ? '; the canary ended' : ''}.`,
          };
          await journal.write(note, (state) =>
            withModel(state, name, (model) => withoutCanary(pinned(model, target, before))),
          );
        };
        await this.#changes.withVersion(name, target, move, (model) => withoutCanary(pinned(model, target, stood)));
      },
    );
  }

  /** Where `rollback` would lead: the last version before `stable` that is still known. */
  rollbackTo(name: string): number | undefined {
    const { lifecycle, placement } = this.#changes;
    const stable = placement.stable(name);
    const known = lifecycle.statuses(name).map(({ version }) => version);
    return placement.saved(name).previous.findLast((version) => version !== stable && known.includes(version));
  }

  rollback(name: string, actor: string): Promise<void> {
    const { placement, journal } = this.#changes;
    return this.#changes.change(name, 'rolling back', async () => {
      const target = this.rollbackTo(name);
      if (target === undefined) {
        throw new TwinlensError('CONFLICT', `stable of ${name} was at no other version that is still known.`);
      }
      const stood = placement.stable(name);
      const back = (model: ModelState): ModelState => ({
        ...withoutCanary(pinned(model, target, undefined)),
        previous: model.previous.slice(0, model.previous.lastIndexOf(target)),
      });
      const move = async () => {
        const before = this.#left(name, stood);
        const from = before === undefined ? '' : ` from version ${before}`;
        const ends = placement.saved(name).canary ? '; the canary ended' : '';
        const detail = `stable was moved back${from} to version ${target}${ends}.`;
        await journal.write({ actor, action: 'rollback', model: name, version: target, detail }, (state) =>
          withModel(state, name, back),
        );
      };
      await this.#changes.withVersion(name, target, move, back);
    });
  }

  followNewest(name: string, actor: string): Promise<void> {
    const { placement, journal } = this.#changes;
    return this.#changes.change(name, 'letting stable follow the newest version', async () => {
      const { canary, labels } = placement.saved(name);
      if (canary) {
        throw new TwinlensError('CONFLICT', `${name} has a canary; promote or end it before stable moves by itself.`);
      }
      if (!Object.hasOwn(labels, STABLE)) return;
      const detail = 'stable follows the newest version again.';
      await journal.write({ actor, action: 'follow-newest', model: name, detail }, (state) =>
        this.#unlabelled(state, name, STABLE),
      );
    });
  }

  hold(name: string, actor: string): Promise<void> {
    const { placement, journal } = this.#changes;
    return this.#changes.change(name, 'keeping stable where it is', async () => {
      if (labelled(placement.saved(name), STABLE) !== undefined) return;
      const stable = this.#changes.stable(name);
      const detail = `stable stays at version ${stable} when a newer one comes.`;
      await journal.write({ actor, action: 'hold', model: name, version: stable, detail }, (state) =>
        withModel(state, name, (model) => pinned(model, stable, model.stable)),
      );
    });
  }

  setLabel(name: string, label: string, version: number, actor: string): Promise<void> {
    if (label === STABLE) return this.promote(name, version, actor);
    if (label === CANARY || !labelNameSchema.safeParse(label).success) {
      const what = label === CANARY ? 'canary is set with its share, by starting a canary' : `"${label}" is no label`;
      return Promise.reject(
        new TwinlensError('INVALID_ARGUMENT', `${what}; own labels begin with a lower case letter, such as "beta".`),
      );
    }
    const { placement, journal } = this.#changes;
    return this.#changes.change(name, `moving ${label}`, async () => {
      const { labels } = placement.saved(name);
      const before = Object.hasOwn(labels, label) ? labels[label] : undefined;
      if (before === undefined && Object.keys(labels).length >= MAX_LABELS) {
        throw new TwinlensError('CONFLICT', `${name} has ${MAX_LABELS} labels already; remove one first.`);
      }
      const labelledSo = (model: ModelState): ModelState => ({
        ...model,
        labels: { ...model.labels, [label]: version },
        unloaded: without(model.unloaded, version),
      });
      const move = async () => {
        if (before === version) return;
        const from = before === undefined ? '' : ` from version ${before}`;
        const detail = `${label} was moved${from} to version ${version}.`;
        await journal.write({ actor, action: 'label', model: name, version, detail }, (state) =>
          withModel(state, name, labelledSo),
        );
      };
      await this.#changes.withVersion(name, version, move, labelledSo);
    });
  }

  async removeLabel(name: string, label: string, actor: string): Promise<void> {
    const { placement, journal } = this.#changes;
    await this.#changes.change(name, `removing ${label}`, async () => {
      const version = labelled(placement.saved(name), label);
      if (version === undefined) {
        throw new TwinlensError('NOT_FOUND', `${name} has no label ${label} that an operator has set.`);
      }
      const detail = `${label} was taken from version ${version}.`;
      await journal.write({ actor, action: 'unlabel', model: name, version, detail }, (state) =>
        this.#unlabelled(state, name, label),
      );
    });
  }

  setPolicy(name: string, policy: VersionPolicy, actor: string): Promise<void> {
    return this.#changes.change(name, 'changing the version policy', async () => {
      const detail = `Of ${name}, ${inWords(policy)} and what is labelled will be served.`;
      await this.#changes.journal.write({ actor, action: 'policy', model: name, detail }, (state) =>
        withModel(state, name, (model) => ({ ...model, policy })),
      );
    });
  }

  /**
   * The version that a move of `stable` leaves. While the move waited, `stable` may have followed a newer version; below
   * is where it falls when that one made room.
   * @param stood where it was when the move began
   */
  #left(name: string, stood: number | undefined): number | undefined {
    const now = this.#changes.placement.stable(name);
    return now !== undefined && (stood === undefined || now > stood) ? now : stood;
  }

  #unlabelled(state: Parameters<typeof withModel>[0], name: string, label: string) {
    return withModel(state, name, (model) => {
      const { [label]: _, ...labels } = model.labels;
      return { ...model, labels };
    });
  }
}
