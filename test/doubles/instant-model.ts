/** A version that loads at once and answers as the test has written down, in this process. */
import type { Classification } from '../../core/engine.ts';
import { asTwinlensError, TwinlensError } from '../../core/errors.ts';
import type { Loadable } from '../../gateway/serving/loadable.ts';
import type { Handle, ServableRequest, ServingObserver } from '../../gateway/serving/servable.ts';
import type { PackageOnDisk } from '../../gateway/sources/index.ts';
import { classification } from '../support/classification.ts';

export interface Script {
  /** Why it can't be loaded. */
  broken?: string | undefined;
  /** Loading waits for it. */
  gate?: Promise<void> | undefined;
  /** The best class of the answer; throwing is the answer then. Default `tabby`. */
  answer?: ((request: ServableRequest) => string | Promise<string>) | undefined;
  /** What a request takes, milliseconds. */
  ms?: number | undefined;
}

let made = 0;

export class InstantModel implements Loadable {
  readonly provider = 'cpu';
  readonly threads = 1;
  readonly memoryBytes = [1_000_000];
  alive = false;
  readonly #found: PackageOnDisk;
  readonly #script: Script;
  readonly #observer: ServingObserver;
  readonly #pid: number;
  #handles = 0;
  #onReleased: () => void = () => undefined;

  constructor(found: PackageOnDisk, script: Script, observer: ServingObserver) {
    made += 1;
    this.#pid = made;
    this.#found = found;
    this.#script = script;
    this.#observer = observer;
  }

  get pids(): readonly number[] {
    return this.alive ? [this.#pid] : [];
  }

  async load(): Promise<void> {
    await this.#script.gate;
    if (this.#script.broken !== undefined) throw new TwinlensError('ENGINE_FAILED', this.#script.broken);
    this.alive = true;
  }

  acquire(): Handle {
    this.#handles += 1;
    let released = false;
    const { name, version, defaultVariant } = this.#found.manifest;
    return {
      name,
      version,
      variant: defaultVariant,
      classify: (request) => this.#classify(request),
      release: () => {
        if (released) return;
        released = true;
        this.#handles -= 1;
        if (this.#handles === 0) this.#onReleased();
      },
    };
  }

  async retire(): Promise<void> {
    if (this.#handles > 0) await new Promise<void>((resolve) => (this.#onReleased = resolve));
    await this.close();
  }

  close(): Promise<void> {
    this.alive = false;
    this.#onReleased();
    return Promise.resolve();
  }

  async #classify(request: ServableRequest): Promise<Classification> {
    const { name: model, version } = this.#found.manifest;
    const { shadow } = request;
    try {
      const label = (await this.#script.answer?.(request)) ?? 'tabby';
      const total = this.#script.ms ?? 6;
      const answer = classification({
        model,
        version,
        predictions: [{ label, index: 0, score: 0.9 }],
        timings: { queue: 0, decode: 0, prepare: 0, infer: total, total },
      });
      this.#observer.requestFinished({ model, version, code: 'OK', classification: answer, shadow });
      return answer;
    } catch (error) {
      this.#observer.requestFinished({ model, version, code: asTwinlensError(error).code, shadow });
      throw error;
    }
  }
}
