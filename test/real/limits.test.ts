/**
 * The kernel's own limits on a real gateway: it takes its sizes from its control group, not from the machine, and
 * refuses requests before the kernel ends it. Needs root and control groups of version 1, or says so.
 */
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { type GatewayProcess, startGateway } from '../support/gateway-process.ts';
import { root } from './tools.ts';

const MIB = 1024 ** 2;
const clock = readFileSync(join(root, 'public/samples/clock.jpg'));
let made: string[] = [];
let gateway: GatewayProcess | undefined;
afterEach(async () => {
  await gateway?.stop();
  gateway = undefined;
  for (const folder of made) rmdirSync(folder);
  made = [];
});

/** Folder of a new group below ours; undefined with a printed reason where there can't be one. */
function group(controller: 'memory' | 'cpu', values: Readonly<Record<string, number>>): string | undefined {
  const own = readFileSync('/proc/self/cgroup', 'utf8')
    .split('\n')
    .flatMap((line) => new RegExp(`^\\d+:${controller}:(.*)$`).exec(line)?.[1] ?? [])[0];
  const folder = join('/sys/fs/cgroup', controller, own ?? '', `twinlens-test-${process.pid}`);
  try {
    if (own === undefined) throw new Error('this kernel has no such control group of version 1');
    mkdirSync(folder);
    made.push(folder);
    for (const [file, value] of Object.entries(values)) writeFileSync(join(folder, file), String(value));
    return folder;
  } catch (error) {
    console.log(`Skipped: no ${controller} group can be made here: ${String(error)}`);
    return undefined;
  }
}

/** A gateway that is born in the groups, so that all that it does is counted. */
async function startIn(groups: readonly string[], env: Readonly<Record<string, string>> = {}) {
  for (const folder of groups) writeFileSync(join(folder, 'cgroup.procs'), '0');
  try {
    gateway = await startGateway({ env: { TWINLENS_INSTANCES: '0', ...env } });
  } finally {
    for (const folder of groups) writeFileSync(join(folder, '..', 'cgroup.procs'), String(process.pid));
  }
  return gateway;
}

const metric = async ({ url }: GatewayProcess, name: string) => {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1]);
};

it('one processor and half a gibibyte are one instance with one thread, and the limit is the group\u2019s', async (context) => {
  const memory = group('memory', { 'memory.limit_in_bytes': 512 * MIB });
  const cpu = group('cpu', { 'cpu.cfs_period_us': 100_000, 'cpu.cfs_quota_us': 100_000 });
  if (!memory || !cpu) return context.skip('needs control groups');
  const up = await startIn([memory, cpu]);
  const loaded = await up.logged(({ event_type }) => event_type === 'model_loaded');
  expect(loaded).toMatchObject({ instances: 1, threads: 1 });
  expect(await metric(up, 'twinlens_memory_limit_bytes')).toBe(512 * MIB);
  // Looked at once a second.
  await expect.poll(() => metric(up, 'twinlens_memory_used_bytes'), { timeout: 30_000 }).toBeGreaterThan(50 * MIB);
  expect(await metric(up, 'twinlens_memory_used_bytes')).toBeLessThan(512 * MIB);
  const answer = await fetch(`${up.url}/v1/classify`, { method: 'POST', body: clock });
  expect(answer.status).toBe(200);
});

it('on two processors and a gibibyte splits are compared within it, and the kernel ends none of the instances', async (context) => {
  const memory = group('memory', { 'memory.limit_in_bytes': 1024 * MIB });
  const cpu = group('cpu', { 'cpu.cfs_period_us': 100_000, 'cpu.cfs_quota_us': 200_000 });
  if (!memory || !cpu) return context.skip('needs control groups');
  const up = await startIn([memory, cpu]);
  const { compared } = await up.logged(({ event_type }) => event_type === 'split_measured');
  expect(compared).toEqual(expect.arrayContaining([expect.objectContaining({ gain: expect.any(Number) })]));
  expect(up.log.filter(({ event_type }) => event_type === 'instance_exited')).toEqual([]);
});

it('near the limit requests are refused with 429, and the gateway lives', async (context) => {
  const memory = group('memory', { 'memory.limit_in_bytes': 512 * MIB });
  if (!memory) return context.skip('needs control groups');
  // Any use is too much at 20 %, so that the refusal is certain while the kernel has no reason to act.
  const up = await startIn([memory], { TWINLENS_MEMORY_SHED_PERCENT: '20' });
  await expect
    .poll(async () => (await fetch(`${up.url}/v1/classify`, { method: 'POST', body: clock })).status, {
      timeout: 30_000,
    })
    .toBe(429);
  expect((await fetch(`${up.url}/health/live`)).status).toBe(200);
});
