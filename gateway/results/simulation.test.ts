import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PRIORITIES } from '../../core/engine.ts';
import { type ErrorCode, TwinlensError } from '../../core/errors.ts';
import { FakeClock, settle } from '../../test/doubles/fake-clock.ts';
import { type FakeRun, FakeServable } from '../../test/doubles/fake-servable.ts';
import { classification } from '../../test/support/classification.ts';
import { Results } from './results.ts';

const ENTRIES = 2;
const FAILURES = ['QUEUE_FULL', 'SUPERSEDED', 'ENGINE_FAILED', 'UNDECODABLE_IMAGE'] as const satisfies ErrorCode[];

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('ask' as const),
      picture: fc.integer({ min: 1, max: 3 }),
      client: fc.constantFrom('x', 'y'),
      lifetime: fc.integer({ min: 1, max: 60 }),
      priority: fc.constantFrom(...PRIORITIES),
      use: fc.constantFrom('use', 'use', 'use', 'refresh', 'bypass'),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('answer' as const), at: fc.nat(5) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('fail' as const), at: fc.nat(5), code: fc.constantFrom(...FAILURES) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('abort' as const), at: fc.nat(40) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 30 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('swap' as const) }) },
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** One request, and how often and how it ended. */
interface Asked {
  readonly abort: AbortController;
  readonly deadline: number;
  readonly wants: string;
  readonly endings: string[];
}

class World {
  readonly clock = new FakeClock();
  readonly asked: Asked[] = [];
  readonly #counted: string[] = [];
  readonly #servables: FakeServable[] = [];
  readonly #observer = {
    looked: () => undefined,
    kept: (entries: number) => expect(entries).toBeLessThanOrEqual(ENTRIES),
    requestFinished: ({ code }: { code: string }) => void this.#counted.push(code),
  };
  readonly #results = new Results({ entries: ENTRIES, ttlMs: 0, clock: this.clock, observer: this.#observer });

  constructor() {
    this.#swap();
  }

  get #current(): FakeServable {
    const current = this.#servables.at(-1);
    if (!current) throw new Error('There is always a version.');
    return current;
  }

  get #open(): readonly FakeRun[] {
    return this.#servables.flatMap(({ open }) => open);
  }

  async take(one: Step): Promise<void> {
    switch (one.kind) {
      case 'ask':
        this.#ask(one);
        break;
      case 'answer':
        this.#open[one.at % Math.max(1, this.#open.length)]?.answer();
        break;
      case 'fail':
        this.#open[one.at % Math.max(1, this.#open.length)]?.fail(new TwinlensError(one.code, 'It failed.'));
        break;
      case 'abort':
        this.asked[one.at]?.abort.abort();
        break;
      case 'advance':
        await this.clock.advance(one.ms);
        break;
      case 'swap':
        this.#swap();
        break;
      default:
        one satisfies never;
    }
    await settle();
    this.check();
  }

  check(): void {
    const now = this.clock.now();
    for (const { endings, deadline } of this.asked) {
      expect(endings.length).toBeLessThanOrEqual(1);
      if (deadline <= now) expect(endings).toHaveLength(1);
    }
    // Nothing runs that nobody waits for.
    const waiting = this.asked.filter(({ endings }) => endings.length === 0);
    const wanted = new Set(waiting.map(({ wants }) => wants));
    for (const run of this.#open) expect([...wanted]).toContain(wantedBy(run));
  }

  checkEnd(): void {
    expect(this.asked.flatMap(({ endings }) => endings)).toHaveLength(this.asked.length);
    expect(this.#results.running).toBe(0);
    expect(this.#servables.map(({ handles }) => handles)).toEqual(this.#servables.map(() => 0));
    // Every request was counted once, whoever counted it.
    expect(this.#counted).toHaveLength(this.asked.length);
  }

  #ask({ picture, client, lifetime, priority, use }: Extract<Step, { kind: 'ask' }>): void {
    const { clock } = this;
    const handle = this.#current.acquire();
    const abort = new AbortController();
    const deadline = clock.now() + lifetime;
    const wants = `${picture}@${handle.version}`;
    const endings: string[] = [];
    this.asked.push({ abort, deadline, wants, endings });
    const image = { encoding: 'jpeg', data: new Uint8Array([picture]) } as const;
    const { signal } = abort;
    this.#results
      .classify(handle, { image, top: 5, deadline, priority, client, signal }, use)
      .then(
        ({ predictions }) => {
          endings.push('OK');
          expect(predictions[0]?.label, 'an answer of another picture or version').toBe(wants);
        },
        (error: TwinlensError) => {
          endings.push(error.code);
          if (error.code === 'CANCELLED') expect(signal.aborted).toBe(true);
          if (error.code === 'DEADLINE_EXCEEDED') expect(clock.now()).toBeGreaterThanOrEqual(deadline);
        },
      )
      .finally(() => handle.release());
  }

  /** The next version serves; the one before it ends with its requests, as it is with a hot swap. */
  #swap(): void {
    const [before] = this.#servables.slice(-1);
    if (before) this.#results.forget(before.name, before.version);
    const version = this.#servables.length + 1;
    this.#servables.push(
      new FakeServable({
        clock: this.clock,
        observer: this.#observer,
        version,
        answerTo: ({ image }) =>
          classification({
            version,
            predictions: [{ label: `${image.data[0]}@${version}`, index: 0, score: 1 }],
          }),
      }),
    );
  }
}

const wantedBy = ({ request, version }: FakeRun): string => `${request.image.data[0]}@${version}`;

describe('results', () => {
  test('whatever happens in whatever order: each request ends once, in time, with its own picture’s and version’s answer, and is counted once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const world = new World();
        for (const one of steps) await world.take(one);
        await world.clock.advance(100);
        world.check();
        world.checkEnd();
      }),
      { numRuns: 400 },
    );
  });
});
