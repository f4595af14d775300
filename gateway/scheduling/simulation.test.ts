import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PRIORITIES, type Priority } from '../../core/engine.ts';
import { entry } from '../../test/support/queue-entry.ts';
import { CostCurve } from './cost-curve.ts';
import { AGING_MS, BatchQueue, type Entry } from './queue.ts';

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Nobody is ever too late for such a run. */
const costs = new CostCurve([{ size: 1000, ms: 0.01 }]);
const limits = { maxLength: 8, maxQueueMs: 0, maxBatch: 1, maxWaitMs: 0, costs };
const room = { instances: 1, idle: 1 };

describe('BatchQueue in a simulation', () => {
  const step = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant('offer' as const),
        client: fc.constantFrom('a', 'b', 'c', 'd'),
        priority: fc.constantFrom(...PRIORITIES),
        stream: fc.option(fc.constantFrom('s', 't'), { nil: undefined }),
        lifetime: fc.integer({ min: 1, max: 4 * AGING_MS }),
      }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('decide' as const) }) },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 900 }) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), at: fc.nat(40) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('rise' as const),
        at: fc.nat(40),
        to: fc.constantFrom(...PRIORITIES),
      }),
    },
  );
  const rankOf = (priority: Priority) => PRIORITIES.indexOf(priority);

  test('every accepted entry leaves exactly once, in time, within the bounds, and clients take turns', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), fc.integer({ min: 0, max: 50 }), (steps, maxWaitMs) => {
        const queue = new BatchQueue<string>({ ...limits, maxLength: 6, maxBatch: 3, maxWaitMs });
        const all: Writable<Entry<string>>[] = [];
        const waiting = new Map<string, Entry<string>>();
        /** When the place of an entry was taken: frames inherit it. */
        const since = new Map<string, number>();
        /** How often a client was passed over by another one, since it was served or came. */
        const passed = new Map<string, number>();
        const forget = (client: string) => {
          for (const pair of passed.keys()) if (pair.startsWith(`${client}<`)) passed.delete(pair);
        };
        const leave = (gone: Entry<string>) => {
          expect(waiting.delete(gone.request), `${gone.request} leaves once`).toBe(true);
          if (![...waiting.values()].some(({ client }) => client === gone.client)) forget(gone.client);
        };
        /** When a client was served last, by priority. */
        const servedAt = new Map<string, number>();
        const level = ({ request, priority, client }: Entry<string>, now: number) => {
          const from = Math.max(since.get(request) ?? 0, servedAt.get(`${client} ${priority}`) ?? 0);
          return Math.max(0, PRIORITIES.indexOf(priority) - Math.floor((now - from) / AGING_MS));
        };
        let now = 0;
        let made = 0;
        for (const one of steps) {
          if (one.kind === 'advance') now += one.ms;
          else if (one.kind === 'remove') {
            const gone = all[one.at];
            const waits = gone !== undefined && waiting.has(gone.request);
            const before = queue.length;
            if (gone) queue.remove(gone);
            expect(queue.length).toBe(before - (waits ? 1 : 0));
            if (waits) leave(gone);
          } else if (one.kind === 'rise') {
            const risen = all[one.at];
            if (!risen || rankOf(one.to) >= rankOf(risen.priority)) continue;
            risen.priority = one.to;
            queue.rise(risen);
          } else if (one.kind === 'offer') {
            made += 1;
            const { client, priority, stream, lifetime } = one;
            const request = `r${made}`;
            const mine = entry(request, { client, priority, stream, enqueuedAt: now, deadline: now + lifetime });
            all.push(mine);
            const offer = queue.offer(mine);
            if (!offer.accepted) continue;
            waiting.set(request, mine);
            const inherited = offer.why === 'superseded' ? since.get(offer.displaced?.request ?? '') : undefined;
            since.set(request, inherited ?? now);
            if (offer.displaced) leave(offer.displaced);
          } else {
            for (const late of queue.expire(now)) {
              expect(late.deadline).toBeLessThanOrEqual(now);
              leave(late);
            }
            const decision = queue.decide(now, room);
            expect(decision.kind === 'idle').toBe(waiting.size === 0);
            if (decision.kind !== 'dispatch') continue;
            expect(decision.batch.length).toBeLessThanOrEqual(3);
            for (const chosen of decision.batch) {
              expect(chosen.deadline).toBeGreaterThan(now);
              const rank = level(chosen, now);
              for (const other of new Set(
                [...waiting.values()].filter((x) => level(x, now) <= rank).map((x) => x.client),
              )) {
                if (other === chosen.client) continue;
                const pair = `${other}<${chosen.client}`;
                passed.set(pair, (passed.get(pair) ?? 0) + 1);
                expect(passed.get(pair), `${pair} at ${now}`).toBeLessThanOrEqual(1);
              }
              expect(
                [...waiting.values()].every((x) => level(x, now) >= rank),
                'priority',
              ).toBe(true);
              servedAt.set(`${chosen.client} ${chosen.priority}`, now);
              forget(chosen.client);
              leave(chosen);
            }
          }
          expect(queue.length).toBe(waiting.size);
          expect(queue.length).toBeLessThanOrEqual(6);
          const streams = [...waiting.values()].flatMap(({ client, stream }) =>
            stream ? [`${client} ${stream}`] : [],
          );
          expect(new Set(streams).size, 'one frame a stream').toBe(streams.length);
        }
        for (const rest of queue.drain()) leave(rest);
        expect([waiting.size, queue.length]).toEqual([0, 0]);
      }),
      { numRuns: 500 },
    );
  });

  test('a low priority is served within a bounded time, whoever else keeps coming', () => {
    const priority = fc.constantFrom('high' as const, 'normal' as const);
    const arrival = fc.record({ client: fc.nat(1000), priority, ms: fc.nat(20) });
    fc.assert(
      fc.property(fc.infiniteStream(arrival), (arrivals) => {
        const queue = new BatchQueue<string>(limits);
        queue.offer(entry('patient', { client: 'patient', priority: 'low' }));
        let now = 0;
        let agedFor = 0;
        for (const { client, priority, ms } of arrivals) {
          now += ms + 1;
          // Two come for every one that is served.
          for (const [i, who] of [client, client + 1].entries())
            queue.offer(entry(`${now}.${i}`, { client: `c${who}`, priority, enqueuedAt: now }));
          const decision = queue.decide(now, room);
          if (decision.kind === 'dispatch' && decision.batch[0]?.request === 'patient') return;
          if (now >= 2 * AGING_MS) agedFor += 1;
          expect(agedFor, 'served after it came first').toBeLessThanOrEqual(8);
        }
      }),
      { numRuns: 100 },
    );
  });
});
