/** A version that loads, fails, crashes, hangs and ends when the test says so, and remembers what was done to it. */
import type { LoadStage } from '../../core/admin.ts';
import { TwinlensError } from '../../core/errors.ts';
import type { Loadable } from '../../gateway/serving/loadable.ts';
import type { Handle } from '../../gateway/serving/servable.ts';
import type { PackageOnDisk } from '../../gateway/sources/index.ts';

let made = 0;

export class FakeLoadable implements Loadable {
  readonly found: PackageOnDisk;
  readonly provider = 'cpu';
  readonly threads = 1;
  state: 'new' | 'loading' | 'loaded' | 'retiring' | 'ended' = 'new';
  alive = false;
  memoryBytes: readonly number[] = [];
  /** Handles that were acquired and not released. */
  handles = 0;
  /** Handles that were open when it was ended by force. */
  cut = 0;
  readonly #pid: number;
  readonly #onRetire: (one: FakeLoadable) => void;
  #onStage: (stage: LoadStage) => void = () => undefined;
  #loaded: () => void = () => undefined;
  #failed: (error: unknown) => void = () => undefined;
  #gone: () => void = () => undefined;

  constructor(found: PackageOnDisk, onRetire: (one: FakeLoadable) => void = () => undefined) {
    made += 1;
    this.#pid = made;
    this.found = found;
    this.#onRetire = onRetire;
  }

  get pids(): readonly number[] {
    return this.state === 'new' || this.state === 'ended' ? [] : [this.#pid];
  }

  load(onStage: (stage: LoadStage) => void): Promise<void> {
    this.state = 'loading';
    this.#onStage = onStage;
    onStage('verify');
    return new Promise((resolve, reject) => {
      this.#loaded = resolve;
      this.#failed = reject;
    });
  }

  reach(stage: LoadStage): void {
    this.#onStage(stage);
  }

  succeed(memoryBytes: readonly number[] = [1]): void {
    this.state = 'loaded';
    this.alive = true;
    this.memoryBytes = memoryBytes;
    this.#loaded();
  }

  fail(message = 'The goldens are not met.'): void {
    this.state = 'ended';
    this.#failed(new TwinlensError('ENGINE_FAILED', message));
  }

  acquire(): Handle {
    this.handles += 1;
    let released = false;
    const { name, version, defaultVariant } = this.found.manifest;
    return {
      name,
      version,
      variant: defaultVariant,
      classify: () => Promise.reject(new TwinlensError('INTERNAL', 'Nobody asks the double.')),
      release: () => {
        if (!released) this.handles -= 1;
        released = true;
      },
    };
  }

  retire(): Promise<void> {
    this.state = 'retiring';
    this.#onRetire(this);
    return new Promise((resolve) => {
      this.#gone = resolve;
    });
  }

  /** The processes of one that retires have ended; does nothing while handles are open. */
  finish(): void {
    if (this.state !== 'retiring' || this.handles > 0) return;
    this.state = 'ended';
    this.alive = false;
    this.#gone();
  }

  close(): Promise<void> {
    this.cut = this.handles;
    this.state = 'ended';
    this.alive = false;
    this.#failed(new TwinlensError('DRAINING', 'The model is being unloaded.'));
    this.#gone();
    return Promise.resolve();
  }
}
