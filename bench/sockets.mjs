/**
 * What WebSockets cost: the same pictures over one of them and over HTTP, one greedy socket beside polite ones, and
 * thousands of idle ones.
 *
 *   npm run bench:sockets -- [--seconds 10] [--rounds 5] [--only socket-http | greedy | idle-sockets]
 */
// @ts-check
import { ownResidentBytes, pause } from './figures.mjs';
import { startGateway } from './gateway.mjs';
import { startHelper } from './helper.mjs';
import { benchLength } from './length.mjs';
import { say } from './options.mjs';
import { failuresText, outcomeOf } from './outcomes.mjs';
import { photoPaths } from './photos.mjs';
import { printRows, record } from './record.mjs';
import { interleave, ratios, spread, spreadText } from './rounds.mjs';

/** @typedef {import('./record.mjs').Row} Row */
/** @typedef {import('./traffic.mjs').Group} Group */
/** @typedef {import('./traffic.mjs').TrafficReport} TrafficReport */

const COMMAND = 'npm run bench:sockets';
const IN_FLIGHT = 32;
const GREEDY = 1000;
const POLITE = 10;
const IDLE = 10_000;
/** In a trial. */
const IDLE_FEW = 200;
const LEAD_SECONDS = 4;
/** Settled: the memory has not fallen by this share for so many looks. */
const SETTLED_SHARE = 0.002;
const SETTLED_LOOKS = 12;
const LOOK_MS = 250;
const SETTLE_MS = 20_000;

const { seconds, rounds, only, trial } = benchLength({ seconds: 10, rounds: 5 });
/** Of each measurement: the load is there, but not counted. */
const leadSeconds = trial ? 0.5 : LEAD_SECONDS;
const { paths: photos, about } = photoPaths();

/** @type {ReturnType<typeof startHelper<object, TrafficReport>>} */
const traffic = startHelper('traffic.mjs');

/** @param {number} port @param {readonly Group[]} groups @param {number} time */
const closed = (port, groups, time) =>
  traffic.ask({ kind: 'closed', port, photos, groups, leadSeconds, seconds: time }, leadSeconds + time);

/** @param {Record<string, string>} env @param {(gateway: Awaited<ReturnType<typeof startGateway>>, port: number) => Promise<Row>} measure */
async function withGateway(env, measure) {
  const gateway = await startGateway({ env });
  try {
    return await measure(gateway, Number(new URL(gateway.base).port));
  } finally {
    await gateway.stop();
  }
}

/** @returns {Promise<Row>} */
const socketBesideHttp = () =>
  withGateway({}, async (_gateway, port) => {
    /** @type {ReturnType<typeof startHelper<object, import('./generator.mjs').LoadReport>>} */
    const http = startHelper('generator.mjs');
    try {
      const load = { port, path: '/v1/classify', form: 'plain', photos, connections: IN_FLIGHT };
      const [overSocket = [], overHttp = []] = await interleave(
        [
          {
            name: 'one WebSocket',
            run: async (time) => {
              const { groups } = await closed(port, [{ name: 'one', sockets: 1, inFlight: IN_FLIGHT }], time);
              return {
                perSecond: outcomeOf(groups.one).perSecond,
                p99: outcomeOf(groups.one).p99,
                failed: failuresText(groups.one),
              };
            },
          },
          {
            name: 'HTTP',
            run: async (time) => {
              await http.ask({ ...load, seconds: leadSeconds }, leadSeconds);
              const { perSecond, p99, failed } = await http.ask({ ...load, seconds: time }, time);
              return { perSecond, p99, failed: Object.entries(failed).join(', ') };
            },
          },
        ],
        { rounds, warmUpSeconds: 0, seconds, say },
      );
      const rates = (/** @type {{perSecond: number}[]} */ list) => list.map(({ perSecond }) => perSecond);
      const ratio = spread(ratios(rates(overSocket), rates(overHttp)));
      const failed = [...overSocket, ...overHttp].map((round) => round.failed).filter((text) => text !== '');
      const line = (/** @type {string} */ name, /** @type {{perSecond: number, p99: number}[]} */ list) =>
        `- ${name}: ${spreadText(spread(rates(list)), 0, '/s')}, p99 ${spreadText(spread(list.map(({ p99 }) => p99)), 0, ' ms')}`;
      return {
        id: 'socket-http',
        figure: `JPEG over one WebSocket with ${IN_FLIGHT} in flight / over HTTP with ${IN_FLIGHT} connections`,
        goal: '>= 1',
        measured: spreadText(ratio),
        met: ratio.median >= 1,
        detail: [about, line('WebSocket', overSocket), line('HTTP', overHttp), ...failed].join('\n'),
        command: COMMAND,
      };
    } finally {
      await http.stop();
    }
  });

/** @returns {Promise<Row>} */
const greedyBesidePolite = () =>
  withGateway(
    // An operator who lets one socket have so many under way lets them wait.
    { TWINLENS_MAX_IN_FLIGHT: String(GREEDY), TWINLENS_QUEUE_MAX: String(2 * GREEDY), TWINLENS_QUEUE_MS: '0' },
    async (_gateway, port) => {
      const polite = { name: 'polite', sockets: POLITE, inFlight: 1 };
      const greedy = { name: 'greedy', sockets: 1, inFlight: GREEDY };
      const [alone = [], beside = []] = await interleave(
        [
          { name: 'polite alone', run: (time) => closed(port, [polite], time) },
          { name: 'beside a greedy one', run: (time) => closed(port, [greedy, polite], time) },
        ],
        { rounds, warmUpSeconds: 0, seconds, say },
      );
      const p99s = (/** @type {TrafficReport[]} */ list) => list.map(({ groups }) => outcomeOf(groups.polite).p99);
      const ratio = spread(ratios(p99s(beside), p99s(alone)));
      const failed = [...alone, ...beside].flatMap(({ groups }) => Object.values(groups).map(failuresText));
      return {
        id: 'greedy',
        figure: `p99 of ${POLITE} sockets with one request each, beside one with ${GREEDY} in flight / without it`,
        goal: '<= 1.5',
        measured: spreadText(ratio),
        met: ratio.median <= 1.5,
        detail: [
          `- without it: p99 ${spreadText(spread(p99s(alone)), 0, ' ms')}`,
          `- beside it: p99 ${spreadText(spread(p99s(beside)), 0, ' ms')}`,
          ...failed.filter((text) => text !== ''),
        ].join('\n'),
        command: COMMAND,
      };
    },
  );

/** Resident memory of the gateway once it falls no more: what a garbage collection would free is not a socket's. @param {number} pid */
async function settledBytes(pid) {
  let least = ownResidentBytes(pid);
  let looks = 0;
  for (const from = performance.now(); looks < SETTLED_LOOKS && performance.now() - from < SETTLE_MS; ) {
    await pause(LOOK_MS);
    const now = ownResidentBytes(pid);
    looks = now < least * (1 - SETTLED_SHARE) ? 0 : looks + 1;
    least = Math.min(least, now);
  }
  return least;
}

/** @returns {Promise<Row>} */
const idleSockets = () => {
  const count = trial ? IDLE_FEW : IDLE;
  return withGateway({ TWINLENS_MAX_SOCKETS: String(IDLE + 1000) }, async ({ pid }, port) => {
    const active = (/** @type {number} */ time) =>
      closed(port, [{ name: 'active', sockets: IN_FLIGHT, inFlight: 1 }], time);
    /** @type {ReturnType<typeof startHelper<object, {open: number}>>[]} */
    const holders = [];
    const hold = async () => {
      const holder = startHelper('idle-client.mjs');
      holders.push(holder);
      const { open } = await holder.ask({ port, sockets: count });
      if (open !== count) throw new Error(`Only ${open} of ${count} sockets are open.`);
    };
    const letGo = async () => {
      await holders.pop()?.stop();
    };
    try {
      // Before any load: what that leaves free in the heap would be theirs, and not be seen.
      const before = await settledBytes(pid);
      await hold();
      const kilobytes = ((await settledBytes(pid)) - before) / count / 1000;
      await letGo();
      const [without = [], beside = []] = await interleave(
        [
          { name: 'active alone', run: active },
          { name: `beside ${count} idle ones`, wake: hold, run: active, rest: letGo },
        ],
        { rounds, warmUpSeconds: 0, seconds, say },
      );
      const p99s = (/** @type {TrafficReport[]} */ list) => list.map(({ groups }) => outcomeOf(groups.active).p99);
      const ratio = spread(ratios(p99s(beside), p99s(without)));
      return {
        id: 'idle-sockets',
        figure: `${count} idle sockets: memory of the gateway for each; p99 of ${IN_FLIGHT} active ones / without them`,
        goal: '< 10 kB; <= 1.2',
        measured: `${kilobytes.toFixed(1)} kB; ${spreadText(ratio)}`,
        met: kilobytes < 10 && ratio.median <= 1.2,
        detail: [
          `- without them: p99 ${spreadText(spread(p99s(without)), 0, ' ms')}`,
          `- beside them: p99 ${spreadText(spread(p99s(beside)), 0, ' ms')}`,
        ].join('\n'),
        command: COMMAND,
      };
    } finally {
      await letGo();
    }
  });
};

const parts = { 'socket-http': socketBesideHttp, greedy: greedyBesidePolite, 'idle-sockets': idleSockets };
try {
  /** @type {Row[]} */
  const rows = [];
  for (const [id, measure] of Object.entries(parts)) if (only === undefined || only === id) rows.push(await measure());
  printRows(rows);
  if (only === undefined) record('sockets', rows);
} finally {
  await traffic.stop();
}
