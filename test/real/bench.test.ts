/**
 * Every benchmark of the gateway runs, shortly and beside real rivals where they install; what it measures decides
 * nothing here. Its figures go to a folder of their own, so that those of a real run stay.
 */
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { ended } from '../support/processes.ts';
import { temporaryFolders } from '../support/temporary.ts';
import { root } from './tools.ts';

const MINUTES_MS = 300_000;
const SHORT = ['--seconds', '1', '--rounds', '1'];
const BUILT_IN = ['--models', 'efficientnet-lite0'];
const folder = temporaryFolders();

async function program(path: string, args: readonly string[], results: string): Promise<string> {
  const child = spawn(process.execPath, [path, ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, BENCH_RESULTS: results },
  });
  const { code, stdout, stderr } = await ended(child, MINUTES_MS);
  expect(code, stderr).toBe(0);
  return stdout;
}

const recordedSchema = z.object({
  machine: z.string(),
  versions: z.record(z.string(), z.string()),
  rows: z.array(z.object({ id: z.string(), figure: z.string(), measured: z.string() })),
});
const recorded = (results: string, name: string) =>
  recordedSchema.parse(JSON.parse(readFileSync(join(results, `${name}.json`), 'utf8')));

it.each([
  { name: 'http', args: [...BUILT_IN, '--rivals', 'fastapi,node'], ids: ['http-limit', 'http-rival'] },
  { name: 'phone', args: [...BUILT_IN, '--rivals', 'node'], ids: ['phone-rival'] },
  { name: 'latency', args: BUILT_IN, ids: ['added-latency'] },
  { name: 'raw', args: BUILT_IN, ids: ['raw-ort'] },
  { name: 'cached', args: [], ids: ['cached', 'coalesced'] },
  { name: 'overload', args: [], ids: ['overload', 'overload', 'broken-input'] },
  { name: 'sockets', args: [], ids: ['socket-http', 'greedy', 'idle-sockets'] },
])('the benchmark $name ends without error, prints its figures and leaves its rows', async ({ name, args, ids }) => {
  const results = folder();
  if (args.includes('fastapi,node')) await program('bench/rivals/setup.mjs', ['--only', 'fastapi'], results);
  const told = await program(`bench/${name}.mjs`, [...SHORT, ...args], results);
  const { rows, machine, versions } = recorded(results, name);
  expect(rows.map(({ id }) => id)).toEqual(ids);
  for (const { figure, measured } of rows) expect(told).toContain(`${figure}: ${measured}`);
  expect(machine).toContain(process.version);
  expect(versions['onnxruntime-node']).toMatch(/^\d+\.\d+\.\d+$/);
});

it('the page has every row in its order, and names what was not measured and what could not run', async () => {
  const results = folder();
  const base = { machine: 'a machine', versions: { node: '1' }, date: '2026-01-01T00:00:00.000Z' };
  const row = { figure: 'a | b', goal: '>= 1', measured: '2', met: true, detail: 'more', command: 'c' };
  for (const record of [
    { ...base, name: 'one', rows: [{ ...row, id: 'raw-ort' }] },
    { ...base, name: 'two', rows: [{ ...row, id: 'http-limit', met: false }] },
    { ...base, name: 'three', rows: [], unable: 'there is no browser' },
  ]) {
    writeFileSync(join(results, `${record.name}.json`), JSON.stringify(record));
  }
  const out = join(results, 'page.md');
  await program('bench/report.mjs', ['--out', out], results);
  const text = readFileSync(out, 'utf8');
  const lines = text.split('\n').filter((line) => line.startsWith('|'));
  const places = [
    '| a \\| b | >= 1 | 2 | **no** | `c` |',
    '| phone-rival | | not measured | | |',
    '| a \\| b | >= 1 | 2 | yes | `c` |',
    '| batcher | | not measured | | |',
  ].map((line) => lines.indexOf(line));
  expect(places[0]).toBe(2);
  expect(places).toEqual([...places].sort((one, other) => one - other));
  expect(text).toContain('Did not run: there is no browser');
});
