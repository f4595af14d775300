/**
 * Too much, and broken: what a gateway still does when three times as much is asked as it can answer, and what broken
 * requests cost the others.
 *
 *   node bench/overload.mjs [--seconds 30] [--rounds 3] [--only overload | broken-input]
 */
// @ts-check
import { startGateway } from './gateway.mjs';
import { startHelper } from './helper.mjs';
import { benchLength } from './length.mjs';
import { say } from './options.mjs';
import { outcomeOf } from './outcomes.mjs';
import { photoPaths } from './photos.mjs';
import { printRows, record } from './record.mjs';
import { interleave, ratios, spread, spreadText } from './rounds.mjs';

/** @typedef {import('./record.mjs').Row} Row */
/** @typedef {import('./outcomes.mjs').Outcome} Outcome */
/** @typedef {import('./outcomes.mjs').Outcomes} Outcomes */
/** @typedef {import('./traffic.mjs').TrafficReport} TrafficReport */

const COMMAND = 'node bench/overload.mjs';
/** Under way at the peak: more find no higher one on any number of cores that was tried. */
const PEAK = 32;
/** Requests that may wait, as docs/scaling.md sizes it: for no longer than at the peak. */
const QUEUE = PEAK;
const OFFERED = 3;
/** Each with so few under way that only the gateway's queue refuses any. */
const SOCKETS = 64;
const BROKEN_SHARE = 0.2;
/** Of the peak; together with what is broken it is less than can be answered. */
const EASY = 0.6;
const LEAD_SECONDS = 3;
/** A p99 of a turn beside broken requests is that of 14 of 1,400, and differs by half from turn to turn. */
const BROKEN_TURNS = 3;

const { seconds, rounds, only, trial } = benchLength({ seconds: 30, rounds: 3 });
const leadSeconds = trial ? 0.5 : LEAD_SECONDS;
const { paths: photos, about } = photoPaths();
/** @type {ReturnType<typeof startHelper<object, TrafficReport>>} */
const traffic = startHelper('traffic.mjs');

/** @param {object} order @param {number} time */
const send = (order, time) => traffic.ask({ photos, leadSeconds, seconds: time, ...order }, leadSeconds + time);

/** As fast as it can, without a deadline of one's own. @param {number} port @param {number} time */
async function peak(port, time) {
  const { groups } = await send({ kind: 'closed', port, groups: [{ name: 'all', sockets: PEAK, inFlight: 1 }] }, time);
  return outcomeOf(groups.all);
}

/** @param {Record<string, string>} env @param {(port: number) => Promise<Row>} measure */
async function withGateway(env, measure) {
  const gateway = await startGateway({ env });
  try {
    return await measure(Number(new URL(gateway.base).port));
  } finally {
    await gateway.stop();
  }
}

/** @param {readonly number[]} list @param {string} unit */
const text = (list, unit) => spreadText(spread(list), 0, unit);

/** @param {string} about which queue @param {Record<string, string>} env */
const overload = (about, env) =>
  withGateway(env, async (port) => {
    /** @type {Outcome[]} */
    const peaks = [];
    /** @type {TrafficReport[]} */
    const over = [];
    // In turn, but each overload needs the peak before it.
    for (let round = 1; round <= rounds; round += 1) {
      say(`round ${round} of ${rounds}: overload, ${about}`);
      const best = await peak(port, Math.min(seconds, 10));
      peaks.push(best);
      const perSecond = Math.max(1, OFFERED * best.perSecond);
      over.push(await send({ kind: 'open', port, sockets: SOCKETS, perSecond }, seconds));
    }
    const good = over.map(({ groups }) => outcomeOf(groups.good));
    const refused = over.map(({ groups }) => outcomeOf(groups.good, 'QUEUE_FULL'));
    const rates = (/** @type {Outcome[]} */ list) => list.map(({ perSecond }) => perSecond);
    const p99s = (/** @type {Outcome[]} */ list) => list.map(({ p99 }) => p99);
    const goodput = spread(ratios(rates(good), rates(peaks)));
    const slower = spread(ratios(p99s(good), p99s(peaks)));
    const others = over.flatMap(({ groups: { good: codes = {} } }) =>
      Object.entries(codes).flatMap(([code, { count }]) =>
        code === 'OK' || code === 'QUEUE_FULL' ? [] : [`- ${code}: ${count}`],
      ),
    );
    const unanswered = over.reduce((sum, report) => sum + report.unanswered, 0);
    return {
      id: 'overload',
      figure: `${OFFERED} times the peak offered, ${about}: goodput / peak; p99 of the accepted / p99 at the peak`,
      goal: '>= 0.95; <= 2; the rest QUEUE_FULL at once',
      measured: `${spreadText(goodput)}; ${spreadText(slower)}; refused within ${text(p99s(refused), ' ms')} (p99)`,
      met: goodput.median >= 0.95 && slower.median <= 2 && others.length === 0 && unanswered === 0,
      detail: [
        `- peak: ${text(rates(peaks), '/s')}, p99 ${text(p99s(peaks), ' ms')}`,
        `- overload: ${text(rates(good), '/s')} answered, p99 ${text(p99s(good), ' ms')}`,
        `- refused: ${text(rates(refused), '/s')}, p50 ${text(
          refused.map(({ p50 }) => p50),
          ' ms',
        )}`,
        `- the generator took ${text(
          over.map(({ ownCpu }) => ownCpu * 100),
          ' %',
        )} of all cores`,
        ...others,
        ...(unanswered > 0 ? [`- without any answer: ${unanswered}`] : []),
      ].join('\n'),
      command: COMMAND,
    };
  });

/** @returns {Promise<Row>} */
const brokenInput = () =>
  withGateway({}, async (port) => {
    const { perSecond: most } = await peak(port, Math.min(seconds, 10));
    const perSecond = Math.max(1, most * EASY);
    const open = { kind: 'open', port, sockets: SOCKETS, perSecond };
    const time = Math.min(seconds, 15);
    const [without = [], beside = []] = await interleave(
      [
        { name: 'good requests', run: () => send(open, time) },
        { name: 'beside broken ones', run: () => send({ ...open, broken: BROKEN_SHARE }, time) },
      ],
      { rounds: trial ? rounds : rounds * BROKEN_TURNS, warmUpSeconds: 0, seconds: time, say },
    );
    const p99s = (/** @type {TrafficReport[]} */ list) => list.map(({ groups }) => outcomeOf(groups.good).p99);
    const ratio = spread(ratios(p99s(beside), p99s(without)));
    /** @type {Record<string, number>} */
    const codes = {};
    for (const { groups } of beside) {
      for (const [group, outcomes] of Object.entries(groups)) {
        for (const [code, { count }] of Object.entries(outcomes)) {
          codes[`${group}: ${code}`] = (codes[`${group}: ${code}`] ?? 0) + count;
        }
      }
    }
    return {
      id: 'broken-input',
      figure: 'p99 of good requests while 20 % of all are broken / without those',
      goal: '<= 1.2',
      measured: spreadText(ratio),
      met: ratio.median <= 1.2,
      detail: [
        `${perSecond.toFixed(0)} good requests a second in both, the broken ones come on top: truncated, larger than allowed, cancelled at once, with a deadline of 1 ms.`,
        `- without: p99 ${text(p99s(without), ' ms')}`,
        `- beside: p99 ${text(p99s(beside), ' ms')}`,
        ...Object.entries(codes).map(([what, count]) => `- ${what} ${count}`),
      ].join('\n'),
      command: COMMAND,
    };
  });

try {
  /** @type {Row[]} */
  const rows = [];
  if (only === undefined || only === 'overload') {
    const sized = { TWINLENS_QUEUE_MAX: String(QUEUE) };
    rows.push(await overload(`a queue of ${QUEUE}`, sized), await overload('the queue as it is by default', {}));
  }
  if (only === undefined || only === 'broken-input') rows.push(await brokenInput());
  process.stdout.write(`${about}\n`);
  printRows(rows);
  if (only === undefined) record('overload', rows);
} finally {
  await traffic.stop();
}
