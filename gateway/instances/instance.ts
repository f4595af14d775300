/**
 * The gateway's side of one child process: starts it, loads the model into it, sends batches and
 * hands out their results. Guarantees that every batch resolves or rejects once, also when the child
 * dies or hangs; a child that hangs is killed. Knows no queue and no other instance.
 */
import type { ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import type { Provider } from '../../core/engine.ts';
import { fromErrorBody, TwinlensError } from '../../core/errors.ts';
import { startInstance } from './child-program.ts';
import { MessageReader, writeMessage } from './pipe.ts';
import {
  type FromInstance,
  formatToInstance,
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

interface Settling<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: TwinlensError) => void;
}

interface Waiting extends Settling<Ran> {
  readonly timer: NodeJS.Timeout;
}

export class Instance {
  readonly #options: InstanceOptions;
  readonly #child: ChildProcess;
  /** Undefined where the system could not even make one; `error` follows. */
  readonly #pipe: Socket | undefined;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;
  #loading: Settling<Loaded> | undefined;
  #pacing: Settling<number> | undefined;
  #ended = false;
  #provider: Provider | undefined;
  #residentBytes = 0;
  /** Resolves with the reason when the child is gone. Never rejects. */
  readonly exited: Promise<string>;

  constructor(options: InstanceOptions) {
    this.#options = options;
    const { child, pipe } = startInstance();
    this.#child = child;
    this.#pipe = pipe;
    const arrived: FromInstance[] = [];
    const reader = new MessageReader((message) => arrived.push(parseFromInstance(message)));
    pipe?.on('data', (chunk: Buffer) => {
      const valid = isTaken(reader, chunk);
      for (const message of arrived.splice(0)) this.#receive(message);
      if (!valid) this.#break();
    });
    // It fails when the child ends: `exit` follows and settles everything.
    pipe?.on('error', () => undefined);
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
      this.#loading = settling(resolve, reject, () => {
        clearTimeout(timer);
        this.#loading = undefined;
      });
      this.#send({ type: 'load', ...this.#options.load, measure: this.#options.measure ?? false });
    });
  }

  /** Rejects with ENGINE_FAILED when the child ends or hangs before it answered. */
  run(items: readonly RunItem[]): Promise<Ran> {
    if (this.#ended) return Promise.reject(new TwinlensError('ENGINE_FAILED', 'The instance has ended.'));
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.kill(), this.#options.runTimeoutMs);
      this.#waiting.set(id, { resolve, reject, timer });
      this.#send({ type: 'run', id, items });
    });
  }

  /**
   * Pictures a second when it has as many as it can take, over so many milliseconds. One at a time, and with no batch in
   * it. Rejects with ENGINE_FAILED when the child ends or hangs.
   */
  pace(ms: number): Promise<number> {
    if (this.#ended) return Promise.reject(new TwinlensError('ENGINE_FAILED', 'The instance has ended.'));
    return new Promise<number>((resolve, reject) => {
      const timer = setTimeout(() => this.kill(), ms + this.#options.runTimeoutMs);
      this.#pacing = settling(resolve, reject, () => {
        clearTimeout(timer);
        this.#pacing = undefined;
      });
      this.#send({ type: 'pace', ms });
    });
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #send(message: ToInstance): void {
    const { value, payload } = formatToInstance(message);
    if (this.#pipe) writeMessage(this.#pipe, value, payload);
  }

  /** A child that sends what it should not is broken, perhaps by a picture: it ends, and only it. */
  #break(): void {
    this.#pipe?.destroy();
    this.kill(); // `exit` follows and settles everything.
  }

  #receive(message: FromInstance): void {
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
      case 'paced':
        this.#pacing?.resolve(message.perSecond);
        return;
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
    this.#pacing?.reject(error);
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(error);
    }
    this.#waiting.clear();
  }
}

/** Settles a promise, after `ended`. */
function settling<T>(resolve: (value: T) => void, reject: (error: TwinlensError) => void, ended: () => void) {
  const after =
    <V>(then: (value: V) => void) =>
    (value: V) => {
      ended();
      then(value);
    };
  return { resolve: after(resolve), reject: after(reject) };
}

/** False for what is no message of an instance. */
function isTaken(reader: MessageReader, chunk: Uint8Array): boolean {
  try {
    reader.add(chunk);
    return true;
  } catch {
    return false;
  }
}
