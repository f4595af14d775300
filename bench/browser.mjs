/**
 * The browser's rows: our page and our engine beside transformers.js, from one server, over the same model file, in a
 * real Chromium without a graphics card, so both run WebAssembly.
 *
 *   node bench/browser.mjs [--seconds N] [--rounds 3] [--no-rival]
 *
 * --seconds bounds each measurement; --no-rival fetches nothing from a registry and leaves the rows that need it out.
 * Every start of the browser has a profile of its own, and each page is loaded once in it.
 */
// @ts-check
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../scripts/run.mjs';
import { browserVersion, newProfile, removeProfile } from './browser/chromium.mjs';
import { live } from './browser/live.mjs';
import { pageBytes } from './browser/page-bytes.mjs';
import { photoPaths } from './browser/photos.mjs';
import { openSite } from './browser/site.mjs';
import { steady } from './browser/steady.mjs';
import { visitTransformers, visitTwinlens } from './browser/visits.mjs';
import { packageVersion, printRows, record } from './record.mjs';
import { VERSION as TRANSFORMERS } from './rivals/transformers/setup.mjs';
import { interleave, ratios, spread, spreadText } from './rounds.mjs';

/** @typedef {import('./record.mjs').Row} Row */
/** @typedef {import('./browser/steady.mjs').Steady} Steady */
/** @typedef {import('./browser/visits.mjs').Visit} Visit */

const COMMAND = 'npm run bench:browser';
/** Photos of a block that take about a second. */
const PHOTOS_A_SECOND = 30;
/** What our engine takes on two cores; the rival is given the same. */
const THREADS = 2;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '3' },
    'no-rival': { type: 'boolean', default: false },
  },
});
const seconds = Number(values.seconds);
const rounds = Number(values.rounds);
if (!(seconds > 0 && seconds <= 60)) throw new Error('--seconds must be more than 0 and at most 60.');
if (!(Number.isInteger(rounds) && rounds > 0 && rounds <= 20)) throw new Error('--rounds must be from 1 to 20.');
const rival = !values['no-rival'];

const site = await openSite({ rival });
const say = (/** @type {string} */ line) => void process.stderr.write(`${line}\n`);
const plan = { rounds, warmUpSeconds: 0, seconds, say };

/** @param {string} name @param {readonly Steady[]} seen */
const series = (name, seen) =>
  `- ${name}: ${seen.map(({ blocks }) => blocks.map((ms) => ms.toFixed(1)).join(' → ')).join('; ')}`;

/** @param {readonly Steady[]} ours @param {readonly Steady[]} theirs */
function agreement(ours, theirs) {
  const [a, b] = [ours[0]?.labels ?? [], theirs[0]?.labels ?? []];
  return `${a.filter((label, at) => label === b[at]).length} of ${a.length}`;
}

/** @returns {Promise<Row[]>} */
async function photoRows() {
  const each = Math.max(1, Math.round((seconds / 3) * PHOTOS_A_SECOND));
  const options = { photos: site.photos, each, ...(seconds < 2 ? { warmUp: 2 } : {}) };
  const subject = (
    /** @type {string} */ name,
    /** @type {string} */ url,
    /** @type {Record<string, unknown>} */ open,
  ) => ({
    name,
    run: () => steady(url, open, options),
  });
  const subjects = [
    subject('Twinlens', site.twin, {}),
    ...(rival
      ? [
          subject('transformers.js, worker, 2 threads', site.transformers, { where: 'worker', threads: THREADS }),
          subject('transformers.js, defaults (main thread, 1 thread)', site.transformers, { where: 'page' }),
          subject('transformers.js, worker, 1 thread', site.transformers, { where: 'worker', threads: 1 }),
        ]
      : []),
  ];
  const [ours = [], same = [], defaults = [], single = []] = await interleave(subjects, plan);
  const ms = (/** @type {readonly Steady[]} */ list) => list.map((one) => one.ms);
  const text = (/** @type {readonly Steady[]} */ list) => spreadText(spread(ms(list)), 1, ' ms');
  if (!rival) {
    return [row('browser-wasm', 'browser, wasm: photo → top-5', '', text(ours), undefined, series('Twinlens', ours))];
  }
  const detail = [
    `Milliseconds a photo, medians of blocks of ${each} photos after ${options.warmUp ?? 40}, one browser start each, one page load a start:`,
    '',
    series('Twinlens, worker, 2 threads', ours),
    series('transformers.js, worker, 2 threads', same),
    series('transformers.js, worker, 1 thread', single),
    series('transformers.js, defaults', defaults),
    '',
    `Same top-1: ${agreement(ours, same)} photos (transformers.js resizes with the browser's canvas).`,
  ].join('\n');
  const compare = (/** @type {readonly Steady[]} */ theirs, /** @type {number} */ goal) => {
    const ratio = spread(ratios(ms(ours), ms(theirs)));
    return { measured: `${spreadText(ratio)}: ${text(ours)} / ${text(theirs)}`, met: ratio.median <= goal };
  };
  const equal = compare(same, 0.8);
  const own = compare(defaults, 0.6);
  return [
    row(
      'browser-wasm',
      'browser, wasm, 2 threads: photo → top-5 / transformers.js',
      '<= 0.8',
      equal.measured,
      equal.met,
      detail,
    ),
    row(
      'browser-defaults',
      "browser, each one's own defaults: photo → top-5 / transformers.js",
      '<= 0.6',
      own.measured,
      own.met,
    ),
  ];
}

/** @returns {Promise<Row[]>} */
async function visitRows() {
  const [first = '', second = ''] = photoPaths();
  const [firstUrl = ''] = site.photos;
  /** @type {Visit[]} */
  const again = [];
  const subjects = [
    {
      name: 'Twinlens, device only, first and second visit',
      run: async () => {
        const profile = newProfile();
        try {
          const visit = await visitTwinlens(site.page, { mode: 'only-device', photo: first, profile, stay: true });
          // Another photo: the answer to the first one is kept.
          again.push(await visitTwinlens(site.page, { mode: 'only-device', photo: second, profile }));
          return visit;
        } finally {
          removeProfile(profile);
        }
      },
    },
    { name: 'Twinlens, as it comes', run: () => visitTwinlens(site.page, { mode: 'prefer-device', photo: first }) },
    ...(rival
      ? [{ name: 'transformers.js', run: () => visitTransformers(site.transformers, { photo: firstUrl }) }]
      : []),
  ];
  const [device = [], asItComes = [], theirs = []] = await interleave(subjects, plan);
  const ms = (/** @type {readonly Visit[]} */ list) => list.map((visit) => visit.ms);
  const text = (/** @type {readonly Visit[]} */ list) => spreadText(spread(ms(list)), 0, ' ms');
  const megabytes = (/** @type {readonly Visit[]} */ [visit]) =>
    `${((visit?.bytes ?? 0) / 1e6).toFixed(1)} MB in ${visit?.requests ?? 0} requests`;
  const by = [...new Set(asItComes.map(({ engine }) => engine))].join(' or ');
  const detail = [
    `- As it comes, the page's first answer was the ${by}'s: ${text(asItComes)}, ${megabytes(asItComes)} until then`,
    `- On the device alone: ${text(device)}, ${megabytes(device)}`,
    ...(rival ? [`- transformers.js: ${text(theirs)}, ${megabytes(theirs)}`] : []),
  ].join('\n');
  const compare = (/** @type {readonly Visit[]} */ ours) => {
    if (!rival) return { goal: '', measured: text(ours), met: undefined };
    const ratio = spread(ratios(ms(ours), ms(theirs)));
    return {
      goal: '<= 0.5',
      measured: `${spreadText(ratio)}: ${text(ours)} / ${text(theirs)}`,
      met: ratio.median <= 0.5,
    };
  };
  const [open, alone] = [compare(asItComes), compare(device)];
  const return_ = spread(ms(again));
  return [
    row(
      'first-visit',
      'first visit → first answer / transformers.js, page as it comes',
      open.goal,
      open.measured,
      open.met,
      detail,
    ),
    row('first-visit', 'the same, the gateway not allowed to help', alone.goal, alone.measured, alone.met),
    row(
      'second-visit',
      'second visit → first answer, on the device',
      '<= 1 s',
      spreadText(return_, 0, ' ms'),
      return_.median <= 1000,
      'The first visit goes on for 5 s after its answer, as of one who looks at it; then the browser is closed.',
    ),
  ];
}

/** @returns {Promise<Row[]>} */
async function liveRows() {
  const [seen = []] = await interleave([{ name: 'live', run: () => live(site.page, Math.max(1, seconds)) }], plan);
  const share = spread(seen.map(({ answered, frames }) => answered / frames));
  const longTasks = seen.reduce((sum, one) => sum + one.longTasks, 0);
  const rate = spread(seen.map(({ animationFrames, seconds: took }) => animationFrames / took));
  const list = seen.map(
    (one) =>
      `- ${one.answered} of ${one.frames} frames in ${one.seconds.toFixed(1)} s, ${one.longTasks} tasks over 50 ms (longest ${one.longest.toFixed(0)} ms), ${(one.animationFrames / one.seconds).toFixed(1)} animation frames/s`,
  );
  return [
    row(
      'live',
      'live, 640 x 480 at 30 frames/s: frames answered; main-thread tasks over 50 ms; animation frames/s',
      'every frame; 0; 60',
      `${(share.median * 100).toFixed(1)} %; ${longTasks}; ${rate.median.toFixed(1)}`,
      share.median >= 0.995 && longTasks === 0 && rate.median >= 59,
      list.join('\n'),
    ),
  ];
}

/** @returns {Promise<Row[]>} */
async function bytesRows() {
  const { initial, late, runtime } = await pageBytes(site.page);
  const kb = (/** @type {number} */ bytes) => `${(bytes / 1000).toFixed(0)} KB`;
  const total = initial + late;
  return [
    row(
      'page-bytes',
      'page before the model: JavaScript, gzip; scripts with ONNX Runtime in them',
      '<= 150 KB; none',
      `${kb(total)}; ${runtime.length === 0 ? 'none' : runtime.join(', ')}`,
      total <= 150_000 && runtime.length === 0,
      `- ${kb(initial)} that the document names (React and Next's client are most of it), ${kb(late)} that the page loads once it runs`,
    ),
  ];
}

/**
 * @param {string} id @param {string} figure @param {string} goal @param {string} measured
 * @param {boolean | undefined} met @param {string} [detail] @returns {Row}
 */
const row = (id, figure, goal, measured, met, detail) => ({
  id,
  figure,
  goal,
  measured,
  met,
  command: COMMAND,
  ...(detail === undefined ? {} : { detail }),
});

try {
  const rows = [...(await bytesRows()), ...(await photoRows()), ...(await visitRows()), ...(await liveRows())];
  const versions = {
    browser: await browserVersion(),
    'onnxruntime-web': packageVersion('onnxruntime-web'),
    ...(rival ? { '@huggingface/transformers': TRANSFORMERS } : {}),
    model: JSON.parse(readFileSync(join(root, 'models/efficientnet-lite0/model.json'), 'utf8')).name,
  };
  record('browser', rows, versions);
  printRows(rows);
} finally {
  await site.close();
}
