/**
 * What the kernel lets this process use: processors and memory by its control groups (Linux, versions 1 and 2), found
 * in its own group and every one above. Knows no policy. Where there are no control groups there are no limits.
 *
 * Files: cgroup-v1/memory.rst, scheduler/sched-bwc.rst and cgroup-v2.rst in the kernel's documentation.
 */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface CgroupLimits {
  /** Processors, such as 1.5; undefined: as many as the machine has. */
  readonly cpus: number | undefined;
  /** Bytes; undefined: as many as the machine has. */
  readonly memoryBytes: number | undefined;
}

/** From here on a limit of version 1 means none: it is the largest number of whole pages. */
const NO_LIMIT = 2 ** 60;

/** Reads below `root`, which is / but in tests. */
export class Cgroup {
  readonly limits: CgroupLimits;
  /** The group whose limit binds: its memory is what counts against it. */
  readonly #memory: { readonly folder: string; readonly version: 1 | 2 } | undefined;

  constructor(root = '/') {
    const groups = ownGroups(root);
    const cpus = groups.flatMap(({ folder, version }) => cpuLimit(folder, version) ?? []);
    const memories = groups.flatMap((group) => {
      const bytes = memoryLimit(group.folder, group.version);
      return bytes === undefined ? [] : [{ ...group, bytes }];
    });
    const tightest = memories.sort((a, b) => a.bytes - b.bytes)[0];
    this.#memory = tightest;
    this.limits = { cpus: cpus.length > 0 ? Math.min(...cpus) : undefined, memoryBytes: tightest?.bytes };
  }

  /**
   * Bytes in use under the limit, without the page cache that the kernel would give up first (what Kubernetes calls
   * the working set); undefined where memory has no limit or its files can't be read.
   */
  async usedBytes(): Promise<number | undefined> {
    if (!this.#memory) return undefined;
    const { folder, version } = this.#memory;
    const [used, inactive] =
      version === 2 ? ['memory.current', 'inactive_file'] : ['memory.usage_in_bytes', 'total_inactive_file'];
    const texts = await Promise.all(
      [used, 'memory.stat'].map((file) => readFile(join(folder, file), 'utf8').catch(() => undefined)),
    );
    const [usage, stat] = texts;
    if (usage === undefined || stat === undefined) return undefined;
    const cache = Number(new RegExp(`^${inactive} (\\d+)$`, 'm').exec(stat)?.[1] ?? 0);
    return Math.max(0, Number(usage) - cache);
  }
}

interface Group {
  readonly folder: string;
  readonly version: 1 | 2;
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined; // Not this kernel, not this version, or a controller that isn't there: it limits nothing.
  }
}

/** The process's own groups and all above them; folders that don't exist are among them. */
function ownGroups(root: string): readonly Group[] {
  const lines = textOf(join(root, 'proc/self/cgroup'))?.split('\n') ?? [];
  return lines.flatMap((line) => {
    const [, controllers = '', path = '/'] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers === '' && line.startsWith('0::')) {
      return ['sys/fs/cgroup', 'sys/fs/cgroup/unified'].flatMap((mount) => upwards(join(root, mount), path, 2));
    }
    const names = controllers.split(',').filter((name) => name === 'memory' || name === 'cpu');
    return names.flatMap((name) =>
      [name, controllers].flatMap((mount) => upwards(join(root, 'sys/fs/cgroup', mount), path, 1)),
    );
  });
}

/** In a container the path may be the host's while only the container's own group is mounted: the mount itself. */
function upwards(mount: string, path: string, version: 1 | 2): readonly Group[] {
  const parts = path.split('/').filter((part) => part !== '' && part !== '..');
  return Array.from({ length: parts.length + 1 }, (_, depth) => ({
    folder: join(mount, ...parts.slice(0, depth)),
    version,
  }));
}

function cpuLimit(folder: string, version: 1 | 2): number | undefined {
  if (version === 2) {
    const [quota, period] = textOf(join(folder, 'cpu.max'))?.split(' ') ?? [];
    return quota === undefined || quota === 'max' ? undefined : Number(quota) / Number(period);
  }
  const quota = Number(textOf(join(folder, 'cpu.cfs_quota_us')) ?? -1);
  const period = Number(textOf(join(folder, 'cpu.cfs_period_us')) ?? 0);
  return quota > 0 && period > 0 ? quota / period : undefined;
}

function memoryLimit(folder: string, version: 1 | 2): number | undefined {
  const text = textOf(join(folder, version === 2 ? 'memory.max' : 'memory.limit_in_bytes'));
  const bytes = Number(text ?? Number.NaN);
  return bytes > 0 && bytes < NO_LIMIT ? bytes : undefined;
}
