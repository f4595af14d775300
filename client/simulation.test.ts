/**
 * A seeded simulation: calls, cancels, time and a gateway that drops, drains, fails and goes silent,
 * in every order that fast-check finds. The gateway's end is a double of the wire, not of the client.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { TwinlensError } from '../core/errors.ts';
import { FakeClock, settle } from '../test/doubles/fake-clock.ts';
import { FakeNetwork, type SocketPair } from '../test/doubles/socket-pair.ts';
import { failure, jpeg, readClient, result, welcome } from '../test/doubles/wire-gateway.ts';
import { TwinlensClient } from './index.ts';

const MAX_IN_FLIGHT = 3;
const MAX_WAITING = 4;

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('classify' as const),
      stream: fc.constantFrom(undefined, 'a', 'b'),
      priority: fc.constantFrom('high' as const, 'normal' as const, 'low' as const),
      deadlineMs: fc.integer({ min: 1, max: 4_000 }),
      abortAfterMs: fc.option(fc.integer({ min: 0, max: 2_000 }), { nil: undefined }),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('answer' as const), which: fc.nat(5) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('fail' as const),
      which: fc.nat(5),
      code: fc.constantFrom('QUEUE_FULL', 'DRAINING', 'ENGINE_FAILED', 'UNDECODABLE_IMAGE', 'FROM_THE_FUTURE'),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 3_000 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('drop' as const), code: fc.constantFrom(1006, 1012, 1011, 4429) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('goodbye' as const), retryAfterMs: fc.nat(2_000) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('dialling' as const),
      answers: fc.constantFrom('welcome', 'silence', 'drop'),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'noise' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'reopen' as const }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** The gateway's books for one connection. */
class WireEnd {
  readonly pair: SocketPair;
  readonly unanswered = new Set<string>();
  readonly #cancelled: string[] = [];

  constructor(pair: SocketPair, broken: string[]) {
    this.pair = pair;
    pair.onReceive = (data) => {
      const message = readClient(data);
      if (message.type === 'ping') pair.send({ type: 'pong', id: message.id });
      if (message.type === 'cancel') this.#cancelled.push(message.id);
      if (message.type !== 'classify') return;
      if (this.unanswered.has(message.id)) broken.push(`${message.id} was used twice at a time`);
      this.unanswered.add(message.id);
      if (this.unanswered.size > MAX_IN_FLIGHT) broken.push('more in flight than the welcome allows');
    };
  }

  answer(which: number, message: (id: string) => object): void {
    const ids = [...this.unanswered];
    const id = ids[which % Math.max(1, ids.length)];
    if (id !== undefined) this.#answer(id, message(id));
  }

  /** A gateway hears a cancel late: until then it counts the request. */
  answerCancelled(): void {
    for (const id of this.#cancelled.splice(0)) this.#answer(id, failure(id, 'CANCELLED'));
  }

  #answer(id: string, message: object): void {
    if (this.unanswered.delete(id)) this.pair.send(message);
  }
}

async function run(steps: readonly Step[]): Promise<void> {
  const clock = new FakeClock();
  let answers = 'welcome';
  /** What the gateway's end saw that must not be. */
  const broken: string[] = [];
  let end: WireEnd | undefined;
  const network = new FakeNetwork((pair) => {
    end = new WireEnd(pair, broken);
    if (answers === 'welcome') pair.send(welcome({ maxInFlight: MAX_IN_FLIGHT }));
    if (answers === 'drop') pair.drop();
  });
  let seed = 1;
  const client = new TwinlensClient({
    url: 'http://gateway.test',
    WebSocket: network.WebSocket,
    clock,
    random: () => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed / 2_147_483_647;
    },
    maxWaiting: MAX_WAITING,
  });
  const open: { settled: number }[] = [];
  const classify = (given: Extract<Step, { do: 'classify' }>) => {
    const controller = new AbortController();
    const { stream, priority, deadlineMs, abortAfterMs } = given;
    if (abortAfterMs !== undefined) clock.after(abortAfterMs, () => controller.abort());
    const call = { settled: 0, endsAt: clock.now() + deadlineMs };
    open.push(call);
    const done = () => {
      call.settled += 1;
      expect(clock.now(), 'settled within the deadline').toBeLessThanOrEqual(call.endsAt);
    };
    return client
      .classify(jpeg(), { priority, deadlineMs, signal: controller.signal, ...(stream ? { stream } : {}) })
      .then(done, (error: unknown) => {
        expect(error).toBeInstanceOf(TwinlensError);
        done();
      });
  };
  const calls: Promise<void>[] = [];
  for (const now of steps) {
    switch (now.do) {
      case 'classify':
        calls.push(classify(now));
        break;
      case 'answer':
        end?.answer(now.which, (id) => result(id));
        break;
      case 'fail':
        end?.answer(now.which, (id) => failure(id, now.code));
        break;
      case 'wait':
        end?.answerCancelled();
        await clock.advance(now.ms);
        break;
      case 'drop':
        end?.pair.drop(now.code);
        break;
      case 'goodbye':
        end?.pair.send({ type: 'goodbye', retryAfterMs: now.retryAfterMs });
        break;
      case 'dialling':
        answers = now.answers;
        break;
      case 'noise':
        end?.pair.send({ type: 'result', id: 'unheard-of' });
        break;
      case 'reopen':
        client.close();
        client.connect();
        break;
      default:
        now satisfies never;
    }
    await settle();
  }
  await clock.advance(4_000);
  await settle();
  expect(open.map((call) => call.settled)).toEqual(open.map(() => 1));
  await Promise.all(calls);
  expect(broken).toEqual([]);
  client.close();
  await clock.advance(4_000);
  expect(clock.pending, 'no timer is left').toBe(0);
}

it('settles every classify exactly once and within its deadline, whatever the network does', async () => {
  const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
  console.log(`client simulation: FUZZ_SEED=${seed}`);
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), run), { seed, numRuns: 300 });
});
