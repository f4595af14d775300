/** The browser's benchmark beside the real transformers.js, which it installs itself. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { root } from './tools.ts';

const recorded = z.object({ rows: z.array(z.object({ id: z.string(), detail: z.string().optional() })) });

it('bench/browser.mjs runs both, and they name the same classes', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'twinlens-bench-rows-'));
  const args = ['bench/browser.mjs', '--seconds', '0.3', '--rounds', '1'];
  await promisify(execFile)(process.execPath, args, { cwd: root, env: { ...process.env, BENCH_RESULTS: folder } });
  const { rows } = recorded.parse(JSON.parse(readFileSync(join(folder, 'browser.json'), 'utf8')));
  const ids = rows.map(({ id }) => id);
  expect(ids).toEqual(expect.arrayContaining(['browser-wasm', 'browser-defaults', 'first-visit']));
  const [, same, all] =
    /Same top-1: (\d+) of (\d+)/.exec(rows.find(({ id }) => id === 'browser-wasm')?.detail ?? '') ?? [];
  expect(Number(same)).toBeGreaterThan(Number(all) * 0.9);
});
