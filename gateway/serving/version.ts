/**
 * One model version that serves: its instances, its queue, and the handles that keep it alive.
 * `load` resolves when every instance passed its goldens and ran every batch size; `retire` waits for the last
 * handle (each ends with its request, which has a deadline), then for the processes. Nothing of it outlives that.
 */
import type { LoadStage } from '../../core/admin.ts';
import type { Classification, Degraded, GatewayProvider, Provider } from '../../core/engine.ts';
import { asTwinlensError, fromErrorBody, TwinlensError } from '../../core/errors.ts';
import { type ItemResult, largestBatch, verifyPackage } from '../instances/index.ts';
import { CostCurve, type Outcome, Scheduler } from '../scheduling/index.ts';
import { Fleet, type FleetOptions } from './fleet.ts';
import type { Loadable } from './loadable.ts';
import type { Handle, ServableRequest, ServingObserver } from './servable.ts';

export interface VersionOptions extends FleetOptions {
  /** Any other one than this is a makeshift; undefined: each is as good. */
  readonly wantedProvider: GatewayProvider | undefined;
  readonly queueMax: number;
  readonly queueMs: number;
  readonly batchWaitMs: number;
  readonly observer: Pick<ServingObserver, 'requestFinished' | 'batchRan' | 'queueChanged' | 'instanceExited'>;
}

interface Answer {
  readonly item: Extract<ItemResult, { ok: true }>;
  readonly provider: Provider;
  readonly infer: number;
  readonly batchSize: number;
}

/** What a run is taken to cost until the first instance has measured it. */
const UNMEASURED = [{ size: 1, ms: 1 }];

export class ServingVersion implements Loadable {
  readonly #options: VersionOptions;
  readonly #fleet: Fleet;
  #scheduler: Scheduler<ServableRequest, Answer> | undefined;
  readonly #costs = new CostCurve(UNMEASURED);
  #handles = 0;
  readonly #closing = new AbortController();
  #onReleased: () => void = () => undefined;

  constructor(options: VersionOptions) {
    this.#options = options;
    const { manifest, observer } = options;
    const { name: model, version } = manifest;
    this.#fleet = new Fleet(options, {
      costs: this.#costs,
      onExit: (reason) => observer.instanceExited({ model, version, reason, restarting: true }),
    });
  }

  get provider(): Provider {
    return this.#fleet.provider;
  }

  /** Some instance runs; false while the last dead one is being replaced. */
  get alive(): boolean {
    return this.#fleet.pool.alive > 0;
  }

  /** Process ids of the instances. */
  get pids(): readonly number[] {
    return this.#fleet.pids;
  }

  get memoryBytes(): readonly number[] {
    return this.#fleet.memoryBytes;
  }

  /** ONNX Runtime threads of each instance. */
  get threads(): number {
    return this.#fleet.threads;
  }

  async load(onStage: (stage: LoadStage) => void): Promise<void> {
    onStage('verify');
    // All of it, also the variants that only browsers run; instances check again what they read.
    await verifyPackage(this.#options.folder, this.#options.manifest, this.#closing.signal);
    await this.#fleet.start(onStage);
    const { manifest, observer, batchMax, batchWaitMs, queueMax, queueMs, clock } = this.#options;
    const { name: model, version } = manifest;
    const { provider, pool } = this.#fleet;
    const onLength = (pending: number, limit: number) => observer.queueChanged({ model, version, pending, limit });
    this.#scheduler = new Scheduler({
      limits: {
        maxLength: queueMax,
        maxQueueMs: queueMs,
        maxBatch: largestBatch(provider, batchMax, manifest),
        maxWaitMs: batchWaitMs,
        costs: this.#costs,
      },
      clock,
      onLength,
      runner: {
        room: (alone) => pool.room(alone),
        onCapacity: (listener) => pool.onCapacity(listener),
        run: (batch, alone) => this.#run(batch, alone),
      },
    });
    onLength(0, queueMax);
  }

  acquire(): Handle {
    this.#handles += 1;
    let released = false;
    const { name, version, defaultVariant } = this.#options.manifest;
    return {
      name,
      version,
      variant: defaultVariant,
      degraded: this.#degraded,
      classify: (request) => this.#classify(request),
      release: () => {
        if (released) return;
        released = true;
        this.#handles -= 1;
        if (this.#handles === 0) this.#onReleased();
      },
    };
  }

  /** Resolves when no handle is left and the processes are gone. */
  async retire(): Promise<void> {
    if (this.#handles > 0 && !this.#closing.signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#onReleased = resolve;
      });
    }
    await this.close();
  }

  /** Ends the version now, also while it loads; open requests answer DRAINING. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#onReleased();
    this.#scheduler?.close(
      new TwinlensError('DRAINING', 'The gateway is stopping; send the request again in a moment.'),
    );
    await this.#fleet.close();
  }

  /** Looked at anew each time: an instance that takes a dead one's place tries all providers again. */
  get #degraded(): Degraded | undefined {
    const { wantedProvider: from } = this.#options;
    return from === undefined || from === this.#fleet.provider ? undefined : { from, reason: 'provider' };
  }

  async #classify(request: ServableRequest): Promise<Classification> {
    const { manifest, observer, clock } = this.#options;
    const { name: model, version } = manifest;
    const begun = clock.now();
    const { shadow = false, requestId } = request;
    const about = { model, version, shadow, ...(requestId === undefined ? {} : { requestId }) };
    try {
      if (!this.#scheduler)
        throw new TwinlensError('MODEL_NOT_READY', `${model}@${version} is still loading; try again in a moment.`);
      const { result, queue } = await this.#scheduler.submit(request, request);
      const { item, provider, infer, batchSize } = result;
      const classification: Classification = {
        model,
        version,
        variant: manifest.defaultVariant,
        predictions: item.predictions,
        notSure: (item.predictions[0]?.score ?? 0) < manifest.notSureBelow,
        provider,
        cached: false,
        timings: { queue, decode: item.decode, prepare: item.prepare, infer, total: clock.now() - begun },
        batchSize,
      };
      observer.requestFinished({ ...about, code: 'OK', classification });
      return classification;
    } catch (error) {
      const known = asTwinlensError(error);
      observer.requestFinished({ ...about, code: known.code });
      throw known;
    }
  }

  async #run(batch: readonly ServableRequest[], alone: boolean): Promise<Outcome<Answer>[]> {
    const { manifest, observer } = this.#options;
    const items = batch.map(({ image, top }) => ({
      image,
      top: Math.min(top, manifest.output.classes),
    }));
    const ran = await this.#fleet.pool.run(items, alone);
    const { provider, infer, batchSize } = ran;
    if (batchSize > 0) {
      this.#costs.ran(batchSize, infer);
      this.#costs.prepared(batchSize, preparationMs(ran.items));
      const { name: model, version } = manifest;
      observer.batchRan({ model, version, size: batchSize, provider, inferMs: infer });
    }
    return ran.items.map((item) =>
      item.ok
        ? { ok: true, result: { item, provider, infer, batchSize } }
        : { ok: false, error: fromErrorBody(item.error) },
    );
  }
}

/** Pictures of a batch are decoded side by side: what counts is the one that was ready last. */
function preparationMs(items: readonly ItemResult[]): number {
  return Math.max(0, ...items.map((item) => (item.ok ? item.decode + item.prepare : 0)));
}
