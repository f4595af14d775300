/** The state survives `kill -9`: what was told to be kept is there, and nothing is half there. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { modelState } from '../../gateway/serving/state.ts';
import { StateStore } from '../../gateway/serving/state-store.ts';
import { temporaryFolders } from '../support/temporary.ts';

const fresh = temporaryFolders();

const script = fileURLToPath(new URL('../support/state-writer.mjs', import.meta.url));

/** Writes until `moves` were told and, if asked, a part of a millisecond more, then kills; gives the last that was told. */
async function writeUntilKilled(folder: string, moves: number, spins: number): Promise<number> {
  const child = spawn(process.execPath, [script, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  let told = 0;
  let seen = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    told = Number(line);
    seen += 1;
    if (seen !== moves) continue;
    // Somewhere within the next write: after its file was opened, written, synced or renamed.
    const until = process.hrtime.bigint() + BigInt(spins) * 50_000n;
    while (process.hrtime.bigint() < until);
    child.kill('SIGKILL');
  }
  expect(await exited).toEqual([null, 'SIGKILL']);
  return told;
}

test('killed at any moment, it begins with the last change that was told, or the one after, and cleans up', async () => {
  const folder = fresh();
  let last = 0;
  for (let round = 0; round < 12; round += 1) {
    const told = await writeUntilKilled(folder, 1 + (round % 3), round);
    expect(told).toBeGreaterThan(last);
    const kept = modelState((await StateStore.open({ folder })).state, 'mini').labels.beta ?? 0;
    expect([told, told + 1]).toContain(kept);
    expect(readdirSync(folder)).toEqual(['state.json']);
    last = kept;
  }
}, 120_000);
