/**
 * The gateway's side of one child process: starts it, loads the model into it, sends batches and
 * hands out their results. Guarantees that every batch resolves or rejects once, also when the child
 * dies or hangs; a child that hangs is killed. Knows no queue and no other instance.
 */
import { type ChildProcess, fork } from 'node:child_process';
import type { Provider } from '../../core/engine.ts';
import { fromErrorBody, TwinlensError } from '../../core/errors.ts';
import { CHILD_STDIO, childProgram } from './child-program.ts';
import {
  type FromInstance,
  type InstanceStage,
  type Loaded,
  type LoadOrder,
  parseFromInstance,
  type Ran,
  type RunItem,
  type ToInstance,
} from './wire.ts';

export interface InstanceOptions {
  readonly load: LoadOrder;
  /** Its warm-up measures what runs cost. */
  readonly measure?: boolean;
  /** Milliseconds for loading, goldens and warm-up included. */
  readonly loadTimeoutMs: number;
  /** Milliseconds of silence in a batch after which the child counts as hung. */
  readonly runTimeoutMs: number;
  /** Told of each step of loading as it begins. */
  readonly onStage?: (stage: InstanceStage) => void;
}

interface Waiting {
  readonly resolve: (ran: Ran) => void;
  readonly reject: (error: TwinlensError) => void;
  readonly timer: NodeJS.Timeout;
}

export class Instance {
  readonly #options: InstanceOptions;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;
  #loading: { resolve: (loaded: Loaded) => void; reject: (error: TwinlensError) => void } | undefined;
  #ended = false;
  #provider: Provider | undefined;
  #residentBytes = 0;
  /** Resolves with the reason when the child is gone. Never rejects. */
  readonly exited: Promise<string>;

  constructor(options: InstanceOptions) {
    this.#options = options;
    this.#child = fork(childProgram('child'), [], {
      serialization: 'advanced',
      execArgv: ['--enable-source-maps'],
      stdio: CHILD_STDIO,
    });
    this.#child.on('message', (value) => this.#receive(value));
    this.exited = new Promise((resolve) => {
      const end = (reason: string) => {
        if (this.#ended) return;
        this.#ended = true;
        this.#failAll(reason);
        resolve(reason);
      };
      this.#child.once('exit', (code, signal) =>
        end(signal ? `ended by ${signal}` : `ended with exit code ${code ?? 'unknown'}`),
      );
      this.#child.on('error', (error) => end(`could not be started: ${error.message}`));
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** What the model really runs on; undefined until it is loaded. */
  get provider(): Provider | undefined {
    return this.#provider;
  }

  /** Resident memory when it last answered, bytes; 0 before. */
  get residentBytes(): number {
    return this.#residentBytes;
  }

  /** Loads the model; rejects with the child's own error, or ENGINE_FAILED when it ends or hangs. */
  load(): Promise<Loaded> {
    if (this.#ended) return Promise.reject(new TwinlensError('ENGINE_FAILED', 'The instance has ended.'));
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(
          new TwinlensError('ENGINE_FAILED', `The model was not loaded within ${this.#options.loadTimeoutMs} ms.`),
        );
        this.kill();
      }, this.#options.loadTimeoutMs);
      const settle =
        <T>(then: (value: T) => void) =>
        (value: T) => {
          clearTimeout(timer);
          this.#loading = undefined;
          then(value);
        };
      this.#loading = { resolve: settle(resolve), reject: settle(reject) };
      this.#send({ type: 'load', ...this.#options.load, measure: this.#options.measure ?? false });
    });
  }

  /** Rejects with ENGINE_FAILED when the child ends or hangs before it answered. */
  run(items: RunItem[]): Promise<Ran> {
    if (this.#ended) return Promise.reject(new TwinlensError('ENGINE_FAILED', 'The instance has ended.'));
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.kill(), this.#options.runTimeoutMs);
      this.#waiting.set(id, { resolve, reject, timer });
      this.#send({ type: 'run', id, items });
    });
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #send(message: ToInstance): void {
    // A failed send means that the channel is closed: `exit` follows and settles everything.
    this.#child.send(message, () => undefined);
  }

  /** A child that sends what it should not is broken, perhaps by a picture: it ends, and only it. */
  #receive(value: unknown): void {
    let message: FromInstance;
    try {
      message = parseFromInstance(value);
    } catch {
      this.kill(); // `exit` follows and settles everything.
      return;
    }
    switch (message.type) {
      case 'stage':
        this.#options.onStage?.(message.stage);
        return;
      case 'loaded':
        this.#residentBytes = message.residentBytes;
        this.#provider = message.provider;
        this.#loading?.resolve(message);
        return;
      case 'loadFailed':
        this.#loading?.reject(fromErrorBody(message.error));
        return;
      case 'ran': {
        this.#residentBytes = message.residentBytes;
        const waiting = this.#waiting.get(message.id);
        if (!waiting) return;
        this.#waiting.delete(message.id);
        clearTimeout(waiting.timer);
        waiting.resolve(message);
        return;
      }
      default: {
        const impossible: never = message;
        throw new TwinlensError('INTERNAL', `An instance sent ${JSON.stringify(impossible)}.`);
      }
    }
  }

  #failAll(reason: string): void {
    this.#loading?.reject(
      new TwinlensError('ENGINE_FAILED', `The instance ${reason} while it loaded the model; it is tried again.`),
    );
    const error = new TwinlensError(
      'ENGINE_FAILED',
      `The instance ${reason} before it answered; send the request again.`,
    );
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(error);
    }
    this.#waiting.clear();
  }
}
