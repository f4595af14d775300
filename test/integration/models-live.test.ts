/**
 * A model's life on the real gateway, by its admin API and the command line: handed in, checked, published, promoted,
 * rolled back and removed, while the gateway goes on answering.
 */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { parseClassification } from '../../core/protocol.ts';
import { AdminClient } from '../support/admin-client.ts';
import { twinlens } from '../support/command-line.ts';
import { clock } from '../support/fixtures.ts';
import { type GatewayProcess, startGateway } from '../support/gateway-process.ts';
import { MODEL, publish } from '../support/model-versions.ts';

const TOKEN = 'correct-horse-battery';
const LIFE_MS = 300_000;

let folder: string;
let gateway: GatewayProcess;
let admin: AdminClient;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'twinlens-live-'));
  for (const version of [2, 3, 4]) publish(join(folder, 'made'), version);
  gateway = await startGateway({
    env: {
      TWINLENS_DATA: join(folder, 'data'),
      TWINLENS_ADMIN_TOKEN: TOKEN,
      TWINLENS_INSTANCES: '1',
      TWINLENS_CATALOGUES: '',
    },
  });
  admin = new AdminClient(gateway.url, TOKEN);
}, LIFE_MS);
afterAll(async () => {
  await gateway.stop();
  rmSync(folder, { recursive: true, force: true });
});

const made = (version: number) => join(folder, 'made', MODEL, String(version));

const models = (...args: string[]) =>
  twinlens(gateway.url, ['models', ...args], { env: { TWINLENS_ADMIN_TOKEN: TOKEN } });

async function classify(model?: string) {
  const query = model === undefined ? '' : `?model=${encodeURIComponent(model)}`;
  const response = await fetch(`${gateway.url}/v1/classify${query}`, { method: 'POST', body: clock() });
  const body: unknown = await response.json();
  if (!response.ok) throw new Error(JSON.stringify(body));
  return parseClassification(body);
}

describe('a life', () => {
  test(
    'is handed in, held, tried, promoted, rolled back and removed without a failed request',
    async () => {
      let asking = true;
      const versions: number[] = [];
      const asked = (async () => {
        while (asking) versions.push((await classify()).version);
      })();
      // A failed request is told below; a step that fails before must not leave it unheard.
      asked.catch(() => undefined);
      onTestFinished(() => {
        asking = false;
      });

      const added = await models('add', made(2), '--hold');
      expect(added, added.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining(`${MODEL} version 2`) });
      expect(existsSync(join(folder, 'data', 'models', MODEL, '2', 'model.json'))).toBe(true);
      await expect
        .poll(async () => (await models('list')).stdout, { timeout: 60_000, interval: 500 })
        .toMatch(/ 2 +available/);
      expect((await classify()).version, 'stable is held').toBe(1);
      const tried = await classify(`${MODEL}@2`);
      expect([tried.version, tried.predictions[0]?.label]).toEqual([2, 'analog clock of 2']);

      expect(await models('promote', `${MODEL}@2`)).toMatchObject({ code: 0, stderr: '' });
      expect((await classify()).version).toBe(2);
      expect(await models('rollback', MODEL)).toMatchObject({ code: 0, stderr: '' });
      expect((await classify()).version).toBe(1);
      const removed = await models('remove', `${MODEL}@2`, '--yes');
      expect(removed).toMatchObject({ code: 0, stderr: '' });
      expect(existsSync(join(folder, 'data', 'models', MODEL, '2'))).toBe(false);

      asking = false;
      await asked;
      expect(new Set(versions)).toEqual(new Set([1, 2]));
      const overview = await admin.overview();
      expect(overview).toMatchObject({ access: 'token', models: [{ name: MODEL, labels: { stable: 1 } }] });
      const actions = overview.journal.map(({ action }) => action);
      expect(actions).toEqual(expect.arrayContaining(['publish']));
      expect(overview.journal.every(({ at }) => at > 1_600_000_000_000)).toBe(true);
      expect(readdirSync(join(folder, 'data', 'staging')), 'nothing is left behind').toEqual([]);
    },
    LIFE_MS,
  );

  test(
    'of two that bring the same version at once one is published; the other is refused with its reason',
    async () => {
      const both = await Promise.all([models('add', made(3), '--hold'), models('add', made(3), '--hold')]);
      expect(both.map(({ code }) => code).sort(), JSON.stringify(both)).toEqual([0, 1]);
      expect(both.find(({ code }) => code === 1)?.stderr).toMatch(/version 3 (?:exists already|is being imported)/);
      const id = await admin.upload(new Uint8Array(10), 'x.onnx');
      const known = await admin.ask('POST', '/imports', { from: { upload: id }, hints: { name: MODEL, version: 3 } });
      expect(known).toMatchObject({ status: 409, body: { code: 'CONFLICT' } });
    },
    LIFE_MS,
  );

  test(
    'a canary gets its share and ends by promotion',
    async () => {
      const added = await models('add', made(4), '--canary', '100%');
      expect(added.code, added.stderr).toBe(0);
      const model = await admin.model(MODEL);
      expect(model).toMatchObject({ canary: { version: 4, share: 1 }, labels: { canary: 4, stable: 1 } });
      expect((await classify()).version).toBe(4);
      expect((await models('promote', MODEL)).code).toBe(0);
      expect(await admin.model(MODEL)).toMatchObject({ labels: { stable: 4 } });
      expect((await models('rollback', MODEL)).code).toBe(0);
    },
    LIFE_MS,
  );
});

test('who guesses the token is locked out, and the rest of the gateway goes on', async () => {
  const guess = (token: string) =>
    fetch(`${gateway.url}/v1/admin/session`, { headers: { authorization: `Bearer ${token}` } });
  for (let i = 0; i < 10; i += 1) expect((await guess('wrong')).status).toBe(401);
  const locked = await guess(TOKEN);
  expect([locked.status, Number(locked.headers.get('retry-after')) > 0]).toEqual([429, true]);
  expect((await classify()).predictions[0]?.label).toContain('analog clock');
  expect(JSON.stringify(gateway.log)).not.toContain(TOKEN);
});
