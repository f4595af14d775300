/**
 * `npm run bench:report [-- --out FILE]`: docs/benchmarks.md out of what the benchmarks recorded: one table in a fixed order, below it
 * each one's details. Measures nothing. A row that no benchmark left stands there as not measured.
 */
// @ts-check
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { root } from '../scripts/run.mjs';
import { IDS, readRecords } from './record.mjs';
import { SHORTFALLS } from './shortfalls.mjs';

/** @typedef {import('./record.mjs').Recorded} Recorded */
/** @typedef {import('./record.mjs').Row} Row */

/** @param {string} text for a cell of a table */
const cell = (text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

/** @param {Row['met']} met */
const verdict = (met) => (met === undefined ? '' : met ? 'yes' : '**no**');

/** @param {Row} row */
const line = ({ figure, goal, measured, met, command }) =>
  `| ${cell(figure)} | ${cell(goal)} | ${cell(measured)} | ${verdict(met)} | \`${cell(command)}\` |`;

/** @param {readonly Recorded[]} records each list of versions once, with those that it was used by */
function heads(records) {
  /** @type {Map<string, string[]>} */
  const users = new Map();
  for (const { machine, versions, name, date } of records) {
    const list = Object.entries(versions).map(([part, version]) => `${part} ${version}`);
    const head = `${machine}; ${list.join(', ')}`;
    users.set(head, [...(users.get(head) ?? []), `${name} (${date.slice(0, 10)})`]);
  }
  return [...users].map(([head, names]) => `- ${head}: ${names.join(', ')}`);
}

/** @param {readonly Recorded[]} records @returns {string} Markdown */
export function page(records) {
  const rows = records.flatMap((record) => record.rows);
  const table = IDS.flatMap((id) => {
    const own = rows.filter((row) => row.id === id);
    return own.length === 0 ? [`| ${id} | | not measured | | |`] : own.map(line);
  });
  const missed = IDS.filter((id) => rows.some((row) => row.id === id && row.met === false));
  const reasons = missed.flatMap((id) => (SHORTFALLS[id] === undefined ? [] : [`- **${id}**: ${SHORTFALLS[id]}`]));
  const details = records.flatMap(({ name, rows: own, unable }) => {
    const told = own.flatMap(({ figure, detail }) => (detail ? [`### ${figure}`, '', detail.trim(), ''] : []));
    const why = unable === undefined ? [] : [`Did not run: ${unable}`, ''];
    return told.length + why.length === 0 ? [] : [`## ${name}`, '', ...why, ...told];
  });
  return [
    '# Benchmarks',
    '',
    '<!-- Made by `npm run bench:report` of what the benchmarks in bench/ measured; measure again instead of editing. -->',
    '',
    'Twinlens beside what a user would pick instead, on the same machine, in the same run and on the same work; and',
    'beside the limit, which is the same decoding and the same ONNX Runtime with no server around it. Everything takes',
    'turns (A B A B), each warmed up before it is measured. Figures are medians with their range over the rounds; ratios',
    'are taken round by round. The load comes from a process of its own on the same cores. `npm run bench` measures all',
    'of it again, after `npm run bench:setup` has installed the others.',
    '',
    ...heads(records),
    '',
    '| figure | goal | measured | met | command |',
    '|---|---|---|---|---|',
    ...table,
    '',
    ...(reasons.length === 0 ? [] : ['## Where it falls short, and why', '', ...reasons, '']),
    ...details,
  ].join('\n');
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { values } = parseArgs({ options: { out: { type: 'string', default: join(root, 'docs/benchmarks.md') } } });
  const records = readRecords();
  writeFileSync(values.out, page(records));
  process.stdout.write(`${values.out}: ${records.length} benchmarks.\n`);
}
