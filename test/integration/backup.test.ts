/** Backed up while it serves, destroyed, restored: the gateway serves as before. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { AdminClient } from '../support/admin-client.ts';
import { tarOf } from '../support/archives.ts';
import { type GatewayProcess, ROOT, startGateway } from '../support/gateway-process.ts';
import { MODEL, publish } from '../support/model-versions.ts';
import { temporaryFolders } from '../support/temporary.ts';

const fresh = temporaryFolders();
const MINUTES = 180_000;
const script = join(ROOT, 'scripts/backup.mjs');
const backup = (...args: string[]) => spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' });
let gateway: GatewayProcess | undefined;
afterEach(async () => {
  await gateway?.stop();
  gateway = undefined;
});

async function start(data: string): Promise<GatewayProcess> {
  gateway = await startGateway({ env: { TWINLENS_DATA: data, TWINLENS_INSTANCES: '1', TWINLENS_POLL_MS: '200' } });
  return gateway;
}

const answeredBy = async ({ url }: GatewayProcess) => {
  const body = readFileSync(join(ROOT, 'public/samples/clock.jpg'));
  const answer: unknown = await (await fetch(`${url}/v1/classify?top=1`, { method: 'POST', body })).json();
  return answer;
};

test(
  'a gateway that is backed up, destroyed and restored serves the same version under the same labels',
  async () => {
    const data = fresh();
    publish(join(data, 'models'), 2);
    publish(join(data, 'models'), 3);
    const before = await start(data);
    await new AdminClient(before.url).done('POST', `/models/${MODEL}/promote`, { version: 2 });
    expect(await answeredBy(before)).toMatchObject({ version: 2 });

    const file = join(fresh(), 'backup.tar');
    const saved = backup('save', data, file);
    expect([saved.status, saved.stderr]).toEqual([0, '']);
    before.kill('SIGKILL');
    await before.exited;
    rmSync(data, { recursive: true });

    const other = join(fresh(), 'data');
    expect(backup('restore', file, other)).toMatchObject({ status: 0, stderr: '' });
    const after = await start(other);
    expect(await answeredBy(after)).toMatchObject({
      version: 2,
      predictions: [{ label: expect.stringMatching(/ of 2$/) }],
    });
    expect(await new AdminClient(after.url).done('GET', `/models/${MODEL}`)).toMatchObject({
      labels: { stable: 2 },
      stable: 'pinned',
    });
  },
  MINUTES,
);

test('nothing is overwritten, and what is no backup leaves nothing behind', async () => {
  const folder = fresh();
  const file = join(folder, 'backup.tar');
  const data = join(folder, 'data');
  writeFileSync(file, await tarOf({ name: '../outside', content: 'x' }));
  expect(backup('restore', file, data)).toMatchObject({ status: 1, stderr: expect.stringContaining('no backup') });
  writeFileSync(
    file,
    await tarOf({ name: 'state.json', content: '{}' }, { name: 'models/m/1/link', type: 'symlink', linkname: '/' }),
  );
  expect(backup('restore', file, data)).toMatchObject({ status: 1, stderr: expect.stringContaining('no backup') });
  writeFileSync(file, readFileSync(file).subarray(0, 700));
  expect(backup('restore', file, data).status).toBe(1);
  expect([readdirSync(folder), existsSync(data)]).toEqual([['backup.tar'], false]);

  writeFileSync(file, await tarOf({ name: 'state.json', content: '{}' }));
  const full = fresh();
  writeFileSync(join(full, 'precious'), 'x');
  expect(backup('restore', file, full)).toMatchObject({ status: 1, stderr: expect.stringContaining('not empty') });
  expect(readdirSync(full)).toEqual(['precious']);

  expect(backup('save', fresh(), join(folder, 'none.tar')).status).toBe(1);
  expect(readdirSync(folder)).toEqual(['backup.tar']);
  expect(() => execFileSync(process.execPath, [script, 'sav'], { stdio: 'ignore' })).toThrow();
});
