import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Cgroup } from './cgroup.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'twinlens-cgroup-'));
});
afterEach(() => rmSync(root, { recursive: true }));

function files(texts: Readonly<Record<string, string>>): Cgroup {
  for (const [path, text] of Object.entries(texts)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), `${text}\n`);
  }
  return new Cgroup(root);
}

test('version 2: the tightest limit of the own group and those above counts, with its memory', async () => {
  const cgroup = files({
    'proc/self/cgroup': '0::/pod/container',
    'sys/fs/cgroup/pod/cpu.max': '150000 100000',
    'sys/fs/cgroup/pod/memory.max': '1000',
    'sys/fs/cgroup/pod/memory.current': '700',
    'sys/fs/cgroup/pod/memory.stat': 'anon 500\ninactive_file 150\nactive_file 50',
    'sys/fs/cgroup/pod/container/cpu.max': 'max 100000',
    'sys/fs/cgroup/pod/container/memory.max': '5000',
    'sys/fs/cgroup/pod/container/memory.current': '1',
  });
  expect(cgroup.limits).toEqual({ cpus: 1.5, memoryBytes: 1000 });
  expect(await cgroup.usedBytes()).toBe(550);
});

test('version 1: each controller has its own folder', async () => {
  const cgroup = files({
    'proc/self/cgroup': '4:memory:/box\n2:cpu,cpuacct:/box\n1:cpuset:/\n0::/',
    'sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_quota_us': '50000',
    'sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_period_us': '100000',
    'sys/fs/cgroup/memory/box/memory.limit_in_bytes': '2000',
    'sys/fs/cgroup/memory/box/memory.usage_in_bytes': '900',
    'sys/fs/cgroup/memory/box/memory.stat': 'cache 5\ntotal_inactive_file 100',
  });
  expect(cgroup.limits).toEqual({ cpus: 0.5, memoryBytes: 2000 });
  expect(await cgroup.usedBytes()).toBe(800);
});

test('in a container whose path is the host\u2019s, the mount itself is the group', () => {
  const cgroup = files({
    'proc/self/cgroup': '4:memory:/docker/0123',
    'sys/fs/cgroup/memory/memory.limit_in_bytes': '3000',
  });
  expect(cgroup.limits.memoryBytes).toBe(3000);
});

test('the largest number of pages, -1 and max are no limits', async () => {
  const cgroup = files({
    'proc/self/cgroup': '4:memory:/\n1:cpu:/\n0::/',
    'sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712',
    'sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1',
    'sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000',
    'sys/fs/cgroup/unified/memory.max': 'max',
  });
  expect(cgroup.limits).toEqual({ cpus: undefined, memoryBytes: undefined });
  expect(await cgroup.usedBytes()).toBeUndefined();
});

test('where there are no control groups there are no limits', () => {
  expect(new Cgroup(root).limits).toEqual({ cpus: undefined, memoryBytes: undefined });
});
