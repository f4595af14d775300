import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PRIORITIES, type Priority } from '../../core/engine.ts';
import { TwinlensError } from '../../core/errors.ts';
import { FakeClock, settle } from '../../test/doubles/fake-clock.ts';
import type { Room } from './batching.ts';
import { CostCurve } from './cost-curve.ts';
import { type Outcome, type Runner, Scheduler } from './scheduler.ts';

/** The more together, the better. */
const costs = new CostCurve([1, 1000].map((size) => ({ size, ms: 10 })));

/** An instance with places for some batches, which answers when the test says so. */
class ManualRunner implements Runner<string, string> {
  slots: number;
  readonly batches: string[][] = [];
  onRun: (batch: readonly string[]) => void = () => undefined;
  readonly running: {
    batch: readonly string[];
    alone: boolean;
    resolve: (outcomes: Outcome<string>[]) => void;
    reject: (error: Error) => void;
  }[] = [];
  #listener: () => void = () => undefined;

  constructor(slots: number) {
    this.slots = slots;
  }

  room(alone: boolean): Room | undefined {
    if (this.running.some((one) => one.alone)) return undefined;
    const idle = (alone ? Math.min(this.slots, 1) : this.slots) - this.running.length;
    return idle > 0 ? { instances: this.slots, idle } : undefined;
  }

  onCapacity(listener: () => void): void {
    this.#listener = listener;
  }

  run(batch: readonly string[], alone: boolean): Promise<Outcome<string>[]> {
    this.batches.push([...batch]);
    this.onRun(batch);
    return new Promise((resolve, reject) => this.running.push({ batch, alone, resolve, reject }));
  }

  finish(at = 0): void {
    const [done] = this.running.splice(at, 1);
    done?.resolve(done.batch.map((name) => ({ ok: true, result: name.toUpperCase() })));
    this.#listener();
  }

  die(at = 0): void {
    const [dead] = this.running.splice(at, 1);
    dead?.reject(new TwinlensError('ENGINE_FAILED', 'The instance died.'));
    this.#listener();
  }
}

function make(slots = 1, over: Partial<{ maxLength: number; maxBatch: number; maxWaitMs: number }> = {}) {
  const clock = new FakeClock(0);
  const runner = new ManualRunner(slots);
  const scheduler = new Scheduler<string, string>({
    limits: { maxLength: 4, maxQueueMs: 0, maxBatch: 2, maxWaitMs: 0, costs, ...over },
    runner,
    clock,
    onLength: () => undefined,
  });
  const submit = (
    name: string,
    options: { client?: string; deadline?: number; stream?: string; signal?: AbortSignal } = {},
  ) =>
    scheduler
      .submit(name, { client: 'c', priority: 'normal', deadline: 1000, ...options })
      .then(({ result }) => result)
      .catch((error: TwinlensError) => error.code);
  return { clock, runner, scheduler, submit };
}

describe('Scheduler', () => {
  test('runs at once when an instance is free, and batches what came meanwhile', async () => {
    const { runner, submit } = make();
    const answers = ['a', 'b', 'c', 'd'].map((name) => submit(name));
    await settle();
    for (let i = 0; i < 3; i += 1) {
      runner.finish();
      await settle();
    }
    expect(await Promise.all(answers)).toEqual(['A', 'B', 'C', 'D']);
    expect(runner.batches).toEqual([['a'], ['b', 'c'], ['d']]);
  });

  test('answers DEADLINE_EXCEEDED on time, waiting or running, and never runs what is late', async () => {
    const { clock, runner, submit } = make();
    const running = submit('running', { deadline: 100 });
    const waiting = submit('waiting', { deadline: 50 });
    await clock.advance(50);
    expect(await waiting).toBe('DEADLINE_EXCEEDED');
    await clock.advance(50);
    expect(await running).toBe('DEADLINE_EXCEEDED');
    runner.finish();
    await settle();
    expect(runner.batches).toEqual([['running']]);
  });

  test('a request that is given more time, or becomes more important, while it waits has it at once', async () => {
    const { clock, runner, scheduler, submit } = make();
    const running = submit('running');
    let risen = (): void => undefined;
    const onRise = (listener: () => void) => {
      risen = listener;
    };
    const options = { client: 'c', priority: 'low' as Priority, deadline: 50, onRise };
    const waiting = scheduler.submit('waiting', options);
    const others = { client: 'c', priority: 'normal', deadline: 300 } as const;
    const other = scheduler.submit('other', others);
    Object.assign(options, { priority: 'high', deadline: 500 });
    risen();
    await clock.advance(60);
    runner.finish();
    await running;
    await settle();
    runner.die();
    await settle();
    // Also while it waits to run once more.
    Object.assign(others, { deadline: 500 });
    await clock.advance(400);
    for (let left = 2; left > 0; left -= 1) {
      runner.finish();
      await settle();
    }
    expect([(await waiting).result, (await other).result]).toEqual(['WAITING', 'OTHER']);
    expect(runner.batches[1]?.[0]).toBe('waiting');
  });

  test('a cancelled request answers CANCELLED and is not run', async () => {
    const { runner, submit } = make();
    const controller = new AbortController();
    const first = submit('first');
    const second = submit('second', { signal: controller.signal });
    controller.abort();
    expect(await second).toBe('CANCELLED');
    runner.finish();
    expect(await first).toBe('FIRST');
    expect(runner.batches).toEqual([['first']]);
  });

  test('a request whose instance died is run once more, alone; the second death is its answer', async () => {
    const { runner, submit } = make(1, { maxBatch: 4 });
    const first = submit('first');
    const answers = [submit('good'), submit('bad')];
    runner.finish();
    await first;
    runner.die();
    await settle();
    runner.finish();
    await settle();
    runner.die();
    await settle();
    expect(runner.batches).toEqual([['first'], ['good', 'bad'], ['good'], ['bad']]);
    expect(await Promise.all(answers)).toEqual(['GOOD', 'ENGINE_FAILED']);
  });

  test('what is run once more shares its instance with nothing, and the others go on afterwards', async () => {
    const { runner, submit } = make(2);
    const answers = ['good', 'bad', 'other'].map((name) => submit(name));
    expect(runner.batches).toEqual([['good'], ['bad']]);
    runner.die();
    runner.die();
    await settle();
    for (let left = 3; left > 0; left -= 1) {
      expect(runner.running).toHaveLength(1);
      if (runner.running[0]?.batch.includes('bad')) runner.die();
      else runner.finish();
      await settle();
    }
    expect(await Promise.all(answers)).toEqual(['GOOD', 'ENGINE_FAILED', 'OTHER']);
  });

  test('a full queue answers QUEUE_FULL at once, and a superseded frame SUPERSEDED', async () => {
    const { submit } = make(0, { maxLength: 2 });
    const old = submit('old', { stream: 's' });
    void submit('new', { stream: 's' });
    void submit('other');
    expect(await old).toBe('SUPERSEDED');
    expect(await submit('more')).toBe('QUEUE_FULL');
  });

  test('closing answers everything that is open', async () => {
    const { scheduler, submit } = make();
    const answers = [submit('running'), submit('waiting')];
    scheduler.close(new TwinlensError('DRAINING', 'Stopping.'));
    expect(await Promise.all([...answers, submit('late')])).toEqual(['DRAINING', 'DRAINING', 'DRAINING']);
    expect(scheduler.open).toBe(0);
  });

  test('every request ends exactly once, whatever happens in whatever order', async () => {
    const step = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          kind: fc.constant('submit' as const),
          client: fc.constantFrom('x', 'y', 'z'),
          lifetime: fc.integer({ min: 1, max: 80 }),
          priority: fc.constantFrom(...PRIORITIES),
          stream: fc.option(fc.constantFrom('s', 't'), { nil: undefined }),
        }),
      },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('finish' as const), at: fc.nat(2) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('die' as const), at: fc.nat(2) }) },
      {
        weight: 2,
        arbitrary: fc.record({ kind: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 30 }) }),
      },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('abort' as const), at: fc.nat(30) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.integer({ min: 0, max: 3 }), async (steps, maxWaitMs) => {
        const { clock, runner, scheduler } = make(2, { maxLength: 5, maxBatch: 3, maxWaitMs });
        const endings: string[][] = [];
        const aborts: AbortController[] = [];
        const deadlines = new Map<string, number>();
        const late: string[] = [];
        runner.onRun = (batch) => late.push(...batch.filter((name) => (deadlines.get(name) ?? 0) <= clock.now()));
        for (const one of steps) {
          switch (one.kind) {
            case 'submit': {
              const mine: string[] = [];
              endings.push(mine);
              const controller = new AbortController();
              aborts.push(controller);
              const { client, priority, stream, lifetime } = one;
              deadlines.set(`r${endings.length}`, clock.now() + lifetime);
              scheduler
                .submit(`r${endings.length}`, {
                  client,
                  stream,
                  priority,
                  deadline: clock.now() + lifetime,
                  signal: controller.signal,
                })
                .then(
                  () => mine.push('OK'),
                  (error: TwinlensError) => mine.push(error.code),
                );
              break;
            }
            case 'finish':
              runner.finish(Math.min(one.at, Math.max(runner.running.length - 1, 0)));
              break;
            case 'die':
              runner.die(Math.min(one.at, Math.max(runner.running.length - 1, 0)));
              break;
            case 'advance':
              await clock.advance(one.ms);
              break;
            case 'abort':
              aborts[one.at]?.abort();
              break;
          }
          expect(runner.running.length).toBeLessThanOrEqual(2);
          expect(runner.running.every(({ batch }) => batch.length <= 3)).toBe(true);
          await settle();
        }
        await clock.advance(200);
        expect(endings.every((mine) => mine.length === 1)).toBe(true);
        expect(scheduler.open).toBe(0);
        expect(late, 'run past its deadline').toEqual([]);
        const known = new Set(['OK', 'DEADLINE_EXCEEDED', 'CANCELLED', 'SUPERSEDED', 'QUEUE_FULL', 'ENGINE_FAILED']);
        expect(endings.flat().filter((code) => !known.has(code))).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});
