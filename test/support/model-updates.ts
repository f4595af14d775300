/** Updates of the device's model with its engine, the gateway's list and the time in the test's hands. */
import { readFileSync } from 'node:fs';
import type { ModelId, ModelState, ModelView } from '../../app/lib/model.ts';
import { ModelUpdates } from '../../app/lib/model-updates.ts';
import { Store } from '../../app/lib/store.ts';
import { TwinlensError } from '../../core/errors.ts';
import { parseManifest } from '../../core/manifest.ts';
import type { ModelSummary } from '../../core/protocol.ts';
import type { UpdateOptions } from '../../workers/engine.ts';
import { FakeClock, settle } from '../doubles/fake-clock.ts';

const manifest = parseManifest(
  JSON.parse(readFileSync(new URL('../../models/efficientnet-lite0/model.json', import.meta.url), 'utf8')),
);
/** The model's name. */
export const M = 'm';
export const offer = (
  versions: readonly number[],
  labels: Readonly<Record<string, number>> = {},
  name = M,
): ModelSummary => ({
  name,
  title: name,
  default: true,
  versions: [...versions],
  labels: { ...labels },
});

/** The device's model, with each update in the test's hands. */
class FakeModel {
  serving: ModelId | undefined = { name: M, version: 1 };
  readonly view = new Store<ModelView>({
    model: { state: 'loading', progress: undefined },
    manifest: { ...manifest, name: M, version: 1 },
    capabilities: undefined,
  });
  retries = 0;
  readonly followed: ModelId[] = [];
  readonly updates: {
    readonly target: ModelId;
    readonly options: UpdateOptions;
    readonly done: () => void;
    readonly fail: (error: TwinlensError) => void;
  }[] = [];

  update(target: ModelId, options: UpdateOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = () => {
        this.serving = target;
        resolve();
      };
      options.signal?.addEventListener('abort', () => reject(new TwinlensError('CANCELLED', 'Cancelled.')));
      this.updates.push({ target, options, done, fail: reject });
    });
  }
  async follow(target: ModelId): Promise<void> {
    this.followed.push(target);
  }
  retry(): void {
    this.retries += 1;
  }
  show(model: ModelState): void {
    this.view.update((view) => ({ ...view, model }));
  }
}

export function setUpUpdates(mode: 'prefer-device' | 'only-device' | 'only-gateway' = 'prefer-device') {
  const clock = new FakeClock(0);
  const model = new FakeModel();
  const gateway = {
    asked: 0,
    visible: true,
    list: async (): Promise<readonly ModelSummary[]> => [offer([1])],
  };
  const updates = new ModelUpdates({
    model,
    offers: () => {
      gateway.asked += 1;
      return gateway.list();
    },
    clock,
    random: () => 0.5,
    visible: () => gateway.visible,
  });
  updates.setMode(mode);
  const offers = (...list: readonly ModelSummary[]) => {
    gateway.list = async () => list;
  };
  return {
    clock,
    model,
    gateway,
    updates,
    offers,
    view: () => updates.view.get(),
    targets: () => model.updates.map(({ target }) => `${target.name}@${target.version}`),
    check: async () => {
      updates.check();
      await settle();
    },
  };
}
