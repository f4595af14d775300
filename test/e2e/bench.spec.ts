/** The browser's benchmark ends without error; what it measures decides nothing here. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@playwright/test';
import { z } from 'zod';
import { ROOT } from '../support/gateway-process.ts';

const recorded = z.object({ rows: z.array(z.object({ id: z.string() })) });

test('a short run of the benchmark, without the rival, leaves all of its rows', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'twinlens-bench-rows-'));
  const args = ['bench/browser.mjs', '--seconds', '0.3', '--rounds', '1', '--no-rival'];
  await promisify(execFile)(process.execPath, args, { cwd: ROOT, env: { ...process.env, BENCH_RESULTS: folder } });
  const { rows } = recorded.parse(JSON.parse(readFileSync(join(folder, 'browser.json'), 'utf8')));
  expect([...new Set(rows.map(({ id }) => id))]).toEqual([
    'page-bytes',
    'browser-wasm',
    'first-visit',
    'second-visit',
    'live',
  ]);
  rmSync(folder, { recursive: true });
});
