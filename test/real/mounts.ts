/** Disks of a test's own: small ones, and folders that turn read-only. Only root may mount, so ask `whyNoMounts` first. */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

function call(command: string, ...args: string[]): void {
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
}

/** Why this process can't mount anything; undefined when it can. */
export function whyNoMounts(): string | undefined {
  if (process.platform !== 'linux') return `disks are mounted as Linux does it, and this is ${process.platform}`;
  const folder = mkdtempSync(join(tmpdir(), 'twinlens-mount-'));
  try {
    call('mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder);
    call('umount', folder);
    return undefined;
  } catch {
    return 'only root (with CAP_SYS_ADMIN) may mount disks';
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A disk in memory of a few megabytes, mounted below a fresh folder. */
export class SmallDisk {
  readonly #folder = mkdtempSync(join(tmpdir(), 'twinlens-disk-'));
  /** Where it is mounted. */
  readonly path = join(this.#folder, 'disk');
  readonly #filler = join(this.path, 'filler');

  constructor(megabytes: number) {
    mkdirSync(this.path);
    call('mount', '-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', this.path);
  }

  /** Leaves no room on it. */
  fill(): void {
    const file = openSync(this.#filler, 'a');
    const piece = Buffer.alloc(64 * 1024, 1);
    try {
      for (;;) writeSync(file, piece);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
    } finally {
      closeSync(file);
    }
  }

  makeRoom(): void {
    unlinkSync(this.#filler);
  }

  makeReadOnly(): void {
    call('mount', '-o', 'remount,ro', this.path);
  }

  makeWritable(): void {
    call('mount', '-o', 'remount,rw', this.path);
  }

  /** To be called when nobody uses it any more. */
  remove(): void {
    call('umount', this.path);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
