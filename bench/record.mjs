/**
 * Where a benchmark leaves its rows for docs/benchmarks.md: one JSON file a benchmark, with the machine, the versions
 * and the time. Owns the folder and the form of its files; knows no benchmark. `BENCH_RESULTS` names another folder,
 * so that a trial run leaves the figures of the real one alone.
 */
// @ts-check
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { root } from '../scripts/run.mjs';
import { machine } from './figures.mjs';

/**
 * One line of the table.
 * @typedef {object} Row
 * @property {string} id one of `IDS`; several rows may share one, such as one a model
 * @property {string} figure what is measured
 * @property {string} goal empty: there is none
 * @property {string} measured with its range
 * @property {boolean | undefined} met undefined: no goal, or not judged
 * @property {string} [detail] Markdown that stands below the table
 * @property {string} command what measures it again
 */

/**
 * @typedef {object} Recorded
 * @property {string} name of the benchmark
 * @property {string} machine
 * @property {Record<string, string>} versions of what was measured
 * @property {string} date ISO 8601
 * @property {Row[]} rows
 * @property {string} [unable] why there are none
 */

/** The rows of the table, in its order. */
export const IDS = Object.freeze([
  'http-limit',
  'http-rival',
  'socket-http',
  'phone-rival',
  'added-latency',
  'raw-ort',
  'cached',
  'coalesced',
  'overload',
  'greedy',
  'idle-sockets',
  'broken-input',
  'browser-wasm',
  'browser-defaults',
  'first-visit',
  'second-visit',
  'live',
  'page-bytes',
  'batcher',
]);

const require = createRequire(import.meta.url);
const resultsFolder = () => process.env.BENCH_RESULTS ?? join(root, '.cache/bench/results');

/** @param {string} name a package of this project's own @returns {string} */
export const packageVersion = (name) =>
  JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')).version;

/** @returns {Record<string, string>} of what every benchmark stands on */
function ownVersions() {
  const { versions } = require('sharp');
  return {
    twinlens: JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version,
    node: process.versions.node,
    'onnxruntime-node': packageVersion('onnxruntime-node'),
    sharp: packageVersion('sharp'),
    libvips: versions.vips,
  };
}

/** @param {Recorded} recorded */
function write(recorded) {
  const folder = resultsFolder();
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${recorded.name}.json`);
  writeFileSync(`${path}.part`, JSON.stringify(recorded, null, 2));
  renameSync(`${path}.part`, path);
}

/**
 * Takes the place of what the benchmark left before.
 * @param {string} name @param {Row[]} rows @param {Record<string, string>} [versions] of what else took part
 */
export function record(name, rows, versions = {}) {
  for (const { id } of rows) if (!IDS.includes(id)) throw new Error(`${id} is no row of the table; add it to IDS.`);
  write({
    name,
    machine: machine(),
    versions: { ...ownVersions(), ...versions },
    date: new Date().toISOString(),
    rows,
  });
}

/** The benchmark can't run here: the table says why in the place of its rows. @param {string} name @param {string} reason */
export function recordUnable(name, reason) {
  write({
    name,
    machine: machine(),
    versions: ownVersions(),
    date: new Date().toISOString(),
    rows: [],
    unable: reason,
  });
}

/** What every benchmark left, by name. @returns {Recorded[]} */
export function readRecords() {
  const folder = resultsFolder();
  mkdirSync(folder, { recursive: true });
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')));
}

/** The rows as they are printed while a benchmark runs. @param {readonly Row[]} rows */
export function printRows(rows) {
  for (const { figure, goal, measured, met, detail } of rows) {
    const verdict = met === undefined ? '' : met ? ' (met)' : ' (MISSED)';
    process.stdout.write(`${figure}: ${measured}${goal === '' ? '' : `, goal ${goal}`}${verdict}\n`);
    if (detail) process.stdout.write(`${detail.trim().replaceAll(/^/gm, '    ')}\n`);
  }
}
