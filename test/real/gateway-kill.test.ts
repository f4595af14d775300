/**
 * The whole gateway is killed (SIGKILL) at random moments while an operator's calls go on over HTTP. What was acknowledged
 * is there after the next start; what was just being asked for has happened whole or not at all; nothing is damaged.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type AdminModel,
  type ImportHints,
  type JournalEntry,
  parseAdminModel,
  parseJournal,
} from '../../core/admin.ts';
import { AdminClient } from '../support/admin-client.ts';
import { type GatewayProcess, startGateway } from '../support/gateway-process.ts';
import { tinyModel } from '../support/onnx-bytes.ts';
import { Chance } from '../support/random.ts';

const ROUNDS = 6;
const LONG_MS = 600_000;
const MODEL = 'tiny';
const AT = `/models/${MODEL}`;
/** Longest time from a round's first call to the kill, milliseconds. */
const LATEST_MS = 600;
const hints: ImportHints = { name: MODEL, preset: 'torchvision', classNames: ['red', 'green', 'blue'] };

/** Told in the test's title, so that a failure can be seen again: TEST_SEED=... */
const seed = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000);

/** What the calls below change and a restart must not. */
interface Kept {
  readonly labels: Readonly<Record<string, number>>;
  readonly share: number | undefined;
  readonly policy: AdminModel['policy'];
  readonly versions: readonly number[];
}

/** One call of an operator, and what it makes of what is kept when it succeeds. */
interface Call {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  after(kept: Kept): Kept;
}

const keptOf = ({ labels, canary, policy, versions }: AdminModel): Kept => ({
  labels,
  share: canary?.share,
  policy,
  versions: versions.map(({ version }) => version).sort((a, b) => a - b),
});

function labelled({ labels, ...rest }: Kept, changes: Readonly<Record<string, number | undefined>>): Kept {
  const entries = Object.entries({ ...labels, ...changes });
  return {
    ...rest,
    labels: Object.fromEntries(entries.flatMap(([name, at]) => (at === undefined ? [] : [[name, at]]))),
  };
}

/** `stable` is placed at `version`, which ends the canary. */
const placed = (kept: Kept, version: number): Kept => ({
  ...labelled(kept, { stable: version, canary: undefined }),
  share: undefined,
});

/** Some of these are refused at times (there is no canary, a label holds the version), which changes nothing. */
function callsOn({ versions, rollbackTo }: AdminModel, waiting: Waiting | undefined, chance: Chance): readonly Call[] {
  const version = chance.pick(versions)?.version ?? 1;
  const share = Math.round(chance.next() * 100) / 100;
  const policy: AdminModel['policy'] = chance.happens(0.5) ? { kind: 'all' } : { kind: 'latest', count: 50 };
  return [
    { method: 'POST', path: `${AT}/promote`, body: { version }, after: (kept) => placed(kept, version) },
    { method: 'POST', path: `${AT}/rollback`, after: (kept) => (rollbackTo ? placed(kept, rollbackTo) : kept) },
    { method: 'PUT', path: `${AT}/labels/beta`, body: { version }, after: (kept) => labelled(kept, { beta: version }) },
    { method: 'DELETE', path: `${AT}/labels/beta`, after: (kept) => labelled(kept, { beta: undefined }) },
    {
      method: 'PUT',
      path: `${AT}/canary`,
      body: { version, share },
      after: (kept) => ({ ...labelled(kept, { canary: version }), share }),
    },
    {
      method: 'DELETE',
      path: `${AT}/canary`,
      after: (kept) => ({ ...labelled(kept, { canary: undefined }), share: undefined }),
    },
    { method: 'PUT', path: `${AT}/policy`, body: policy, after: (kept) => ({ ...kept, policy }) },
    {
      method: 'DELETE',
      path: `${AT}/versions/${version}`,
      after: (kept) => ({ ...kept, versions: kept.versions.filter((other) => other !== version) }),
    },
    ...(waiting
      ? [
          {
            method: 'POST',
            path: `/imports/${waiting.id}/publish`,
            body: { as: 'hold' },
            after: (kept: Kept) => ({ ...kept, versions: [...kept.versions, waiting.version] }),
          },
        ]
      : []),
  ];
}

/** An import that is ready to be published; a gateway that is killed forgets it. */
interface Waiting {
  readonly id: string;
  readonly version: number;
}

let folder: string;
let gateway: GatewayProcess;
let admin: AdminClient;

async function start(): Promise<void> {
  gateway = await startGateway({
    env: {
      TWINLENS_DATA: join(folder, 'data'),
      TWINLENS_INSTANCES: '1',
      TWINLENS_VERSIONS: 'all',
      TWINLENS_CATALOGUES: '',
    },
  });
  admin = new AdminClient(gateway.url);
}

async function prepared(version: number): Promise<Waiting> {
  const { id, state, steps } = await admin.importOf(tinyModel(), `${version}.onnx`, { ...hints, version });
  expect(state, JSON.stringify(steps)).toBe('ready');
  return { id, version };
}

const journal = async (): Promise<readonly JournalEntry[]> =>
  parseJournal(await admin.done('GET', '/journal?limit=1000'));

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'twinlens-kill-'));
  await start();
  for (const version of [1, 2, 3]) {
    await admin.done('POST', `/imports/${(await prepared(version)).id}/publish`, { as: 'serve' });
    await admin.version(MODEL, version, 'available');
  }
  await admin.done('POST', `${AT}/promote`, { version: 1 });
}, LONG_MS);
afterAll(async () => {
  await gateway.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Ending {
  /** What the last answered call left. */
  readonly acknowledged: Kept;
  /** Successful calls that changed something, and those that did not. */
  readonly changes: number;
  readonly others: number;
  /** The call that was not answered any more. */
  readonly asked: Call;
}

/** One call after the other until the gateway dies in one of them. */
async function callUntilKilled(prepare: Waiting, chance: Chance): Promise<Ending> {
  let waiting: Waiting | undefined = prepare;
  let model = await admin.model(MODEL);
  let acknowledged = keptOf(model);
  let [changes, others] = [0, 0];
  const timer = setTimeout(() => gateway.kill('SIGKILL'), Math.floor(chance.next() * LATEST_MS));
  try {
    for (;;) {
      const asked = chance.pick(callsOn(model, waiting, chance));
      if (!asked) throw new Error('there is always a call');
      const answer = await admin.ask(asked.method, asked.path, asked.body).catch(() => undefined);
      if (!answer) return { acknowledged, changes, others, asked };
      if (answer.status >= 300) {
        expect(answer.status, `${asked.path}: ${JSON.stringify(answer.body)}`).toBeLessThan(500);
        continue;
      }
      const after = asked.after(acknowledged);
      if (isDeepStrictEqual(after, acknowledged)) others += 1;
      else changes += 1;
      acknowledged = after;
      // What it publishes is told by no model; the next call tells it.
      if (asked.path.startsWith(AT)) {
        model = parseAdminModel(answer.body);
        expect(keptOf(model), `${asked.method} ${asked.path} does what this test thinks`).toEqual(acknowledged);
      } else {
        waiting = undefined;
      }
    }
  } finally {
    clearTimeout(timer);
  }
}

test(
  `killed amid calls, it starts with what it acknowledged or with what was being asked (TEST_SEED=${seed})`,
  async () => {
    const chance = new Chance(seed);
    for (let round = 1; round <= ROUNDS; round += 1) {
      const waiting = await prepared(3 + round);
      const before = await journal();
      const { acknowledged, changes, others, asked } = await callUntilKilled(waiting, chance);
      expect(await gateway.exited).toEqual({ code: null, signal: 'SIGKILL' });
      await start();
      const what = `round ${round}: ${changes + others} calls, then ${asked.method} ${asked.path}`;
      // Labels are shown once their versions can answer.
      for (const { version } of (await admin.model(MODEL)).versions) await admin.version(MODEL, version, 'available');
      const found = keptOf(await admin.model(MODEL));
      expect([acknowledged, asked.after(acknowledged)], what).toContainEqual(found);

      const now = await journal();
      const byOperators = (entries: readonly JournalEntry[]) => entries.filter(({ actor }) => actor === 'admin');
      const written = byOperators(now).length - byOperators(before).length;
      expect(byOperators(now).slice(written), `${what}: what was written before stays`).toEqual(byOperators(before));
      expect(written, what).toBeGreaterThanOrEqual(changes);
      expect(written, what).toBeLessThanOrEqual(changes + others + 1);
      const left = () => readdirSync(join(folder, 'data')).filter((name) => /^state|^\.removed/.test(name));
      // The new one may just be writing.
      await expect.poll(left, { message: what }).toEqual(['state.json']);
      expect(readdirSync(join(folder, 'data', 'staging')), what).toEqual([]);
    }
  },
  LONG_MS,
);
