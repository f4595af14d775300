/**
 * What is not run again: an answer that was given before, and identical requests that come while one of them runs.
 *
 *   node bench/cached.mjs [--seconds 10] [--rounds 5] [--only cached | coalesced]
 */
// @ts-check
import { startGateway } from './gateway.mjs';
import { startHelper } from './helper.mjs';
import { benchLength } from './length.mjs';
import { say } from './options.mjs';
import { failuresText, outcomeOf } from './outcomes.mjs';
import { photoPaths } from './photos.mjs';
import { printRows, record } from './record.mjs';
import { interleave, ratios, spread, spreadText } from './rounds.mjs';

/** @typedef {import('./record.mjs').Row} Row */
/** @typedef {import('./traffic.mjs').TrafficReport} TrafficReport */

const COMMAND = 'node bench/cached.mjs';
const LEAD_SECONDS = 2;
/** Identical requests under way at once. */
const IDENTICAL = { sockets: 100, inFlight: 32 };

const { seconds, rounds, only, trial } = benchLength({ seconds: 10, rounds: 5 });
const leadSeconds = trial ? 0.5 : LEAD_SECONDS;
const { paths: photos, about } = photoPaths();
/** @type {ReturnType<typeof startHelper<object, TrafficReport>>} */
const traffic = startHelper('traffic.mjs');
const gateway = await startGateway({ env: { TWINLENS_CACHE_ENTRIES: '1000' } });
const port = Number(new URL(gateway.base).port);

/** @returns {Promise<Row>} */
async function cached() {
  const groups = [{ name: 'one', sockets: 1, inFlight: 1 }];
  const ask = (/** @type {boolean} */ same) => (/** @type {number} */ time) =>
    traffic.ask({ kind: 'closed', port, photos, same, groups, leadSeconds, seconds: time }, leadSeconds + time);
  const [kept = [], run = []] = await interleave(
    [
      { name: 'the same picture', run: ask(true) },
      { name: 'each picture another', run: ask(false) },
    ],
    { rounds, warmUpSeconds: 0, seconds, say },
  );
  const p50s = (/** @type {TrafficReport[]} */ list) => list.map(({ groups }) => outcomeOf(groups.one).p50);
  const ratio = spread(ratios(p50s(kept), p50s(run)));
  return {
    id: 'cached',
    figure: 'answer that was given before / one that runs, one request at a time, p50',
    goal: '<= 0.1',
    measured: spreadText(ratio, 3),
    met: ratio.median <= 0.1,
    detail: [
      `${about}, over a WebSocket.`,
      `- given before: p50 ${spreadText(spread(p50s(kept)), 2, ' ms')}`,
      `- run: p50 ${spreadText(spread(p50s(run)), 2, ' ms')}`,
    ].join('\n'),
    command: COMMAND,
  };
}

/** Images that the gateway has run, by its own metrics. */
async function imagesRun() {
  const { text } = await gateway.send('/metrics');
  const counts = [...text.matchAll(/^twinlens_inferences_total\{[^}]*\} (\d+)$/gm)].map(([, count]) => Number(count));
  return counts.reduce((sum, count) => sum + count, 0);
}

/** @returns {Promise<Row>} */
async function coalesced() {
  const { sockets, inFlight } = IDENTICAL;
  const asked = sockets * inFlight;
  /** @type {number[]} */
  const runs = [];
  /** @type {number[]} */
  const longest = [];
  /** @type {string[]} */
  const failures = [];
  for (let round = 0; round < rounds; round += 1) {
    const before = await imagesRun();
    const { groups, unanswered } = await traffic.ask({ kind: 'burst', port, photos, sockets, inFlight });
    const ok = outcomeOf(groups.burst);
    runs.push((await imagesRun()) - before);
    longest.push(ok.p99);
    if (ok.count !== asked) failures.push(`- ${failuresText(groups.burst)}; unanswered ${unanswered}`);
  }
  return {
    id: 'coalesced',
    figure: `runs of the model for ${asked} identical requests at once`,
    goal: '1, and all answered',
    measured: spreadText(spread(runs), 0),
    met: runs.every((count) => count === 1) && failures.length === 0,
    detail: [
      `Over ${sockets} sockets; runs as the gateway’s metrics count them.`,
      `- from the first request to the last but 1 % of the answers: ${spreadText(spread(longest), 0, ' ms')}`,
      ...failures,
    ].join('\n'),
    command: COMMAND,
  };
}

const parts = { cached, coalesced };
try {
  /** @type {Row[]} */
  const rows = [];
  for (const [id, measure] of Object.entries(parts)) if (only === undefined || only === id) rows.push(await measure());
  printRows(rows);
  if (only === undefined) record('cached', rows);
} finally {
  await gateway.stop();
  await traffic.stop();
}
