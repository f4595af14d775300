/** The browser's Worker and timers, played by a test: a worker hears messages and says what the test says. */
import { parseToWorker, type ToWorker } from '../../workers/wire.ts';
import type { Platform, WorkerLike } from '../../workers/worker-host.ts';

export class ScriptedWorker implements WorkerLike {
  onmessage: ((event: MessageEvent) => void) | null = null;
  onerror: ((event: ErrorEvent) => void) | null = null;
  onmessageerror: ((event: MessageEvent) => void) | null = null;
  terminated = false;
  readonly heard: ToWorker[] = [];

  postMessage(message: unknown): void {
    this.heard.push(parseToWorker(structuredClone(message)));
  }

  terminate(): void {
    this.terminated = true;
  }

  say(message: unknown): void {
    this.onmessage?.({ data: message } as MessageEvent);
  }

  crash(message: string): void {
    this.onerror?.({ message, preventDefault: () => undefined } as ErrorEvent);
  }

  /** Id of the newest call of `method`. */
  idOf(method: string): number {
    const found = this.heard.findLast((message) => message.kind === 'call' && message.method === method);
    if (found?.kind !== 'call') throw new Error(`${method} was not called; heard ${JSON.stringify(this.heard)}`);
    return found.id;
  }

  answer(method: string, value: unknown): void {
    this.say({ kind: 'value', id: this.idOf(method), value });
  }
}

interface Timer {
  readonly callback: () => void;
  readonly ms: number;
}

/** What a proxy needs of the browser, in the test's hands. */
export class ScriptedPlatform implements Platform {
  /** Every worker that was spawned, oldest first. */
  readonly workers: ScriptedWorker[] = [];
  readonly timers = new Set<Timer>();
  readonly #ticks = new Set<Timer>();

  spawn = (): ScriptedWorker => {
    const worker = new ScriptedWorker();
    this.workers.push(worker);
    return worker;
  };
  setInterval = (callback: () => void, ms: number) => start(this.#ticks, { callback, ms });
  setTimeout = (callback: () => void, ms: number) => start(this.timers, { callback, ms });
  origin = () => 'http://origin.test';

  /** The newest worker. */
  get worker(): ScriptedWorker {
    const newest = this.workers.at(-1);
    if (!newest) throw new Error('no worker was spawned');
    return newest;
  }

  get alive(): readonly ScriptedWorker[] {
    return this.workers.filter((worker) => !worker.terminated);
  }

  /** Lets `ms` of silence pass. */
  pass(ms: number): void {
    for (let passed = 0; passed < ms; ) {
      const [tick] = this.#ticks;
      if (!tick) return;
      passed += tick.ms;
      tick.callback();
    }
  }
}

function start(set: Set<Timer>, timer: Timer): () => void {
  set.add(timer);
  return () => void set.delete(timer);
}
