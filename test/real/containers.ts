/**
 * buildah and podman for these tests: as they are here, or installed from the distribution's packages, which it says.
 * Images and containers live in `.cache/real/containers`, apart from the machine's own. Knows nothing of Twinlens.
 */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { folder, root, run, say, works } from './tools.ts';

const execute = promisify(execFile);

export interface Ran {
  readonly stdout: string;
  readonly stderr: string;
}

/** Milliseconds for a command, unless told otherwise. */
const DEADLINE_MS = 60_000;
const PACKAGES = ['buildah', 'podman', 'runc', 'catatonit', 'uidmap', 'netavark', 'aardvark-dns'];

const place = join(folder, 'containers');
/** A machine with the first version of control groups needs the older runtime, and limits that its own allow. */
const FIRST_CGROUPS = process.platform === 'linux' && !existsSync('/sys/fs/cgroup/cgroup.controllers');
const STORAGE = ['--root', join(place, 'storage'), '--runroot', join(place, 'run')];
const PODMAN = [
  ...STORAGE,
  '--tmpdir',
  join(place, 'tmp'),
  ...(FIRST_CGROUPS ? ['--cgroup-manager=cgroupfs', '--runtime=runc'] : []),
];
/** What every `podman run` needs on this machine. */
export const RUN_OPTIONS = FIRST_CGROUPS ? ['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1024:1024'] : [];

async function call(command: string, args: readonly string[], timeout: number): Promise<Ran> {
  return execute(command, args, {
    cwd: root,
    timeout,
    maxBuffer: 64 * 1024 * 1024,
    // Steps of a build run in a chroot, which needs no more rights than this process has.
    env: { ...process.env, BUILDAH_ISOLATION: 'chroot' },
  });
}

/** Rejects with what it wrote when it fails or takes longer. */
export const buildah = (args: readonly string[], timeoutMs = DEADLINE_MS): Promise<Ran> =>
  call('buildah', [...STORAGE, ...args], timeoutMs);

/** The same for podman. */
export const podman = (args: readonly string[], timeoutMs = DEADLINE_MS): Promise<Ran> =>
  call('podman', [...PODMAN, ...args], timeoutMs);

/** Starts a container of a local image in the background. */
export async function start(name: string, args: readonly string[]): Promise<void> {
  await podman(['run', '--detach', '--name', name, '--pull=never', ...RUN_OPTIONS, ...args]);
}

/** Removes a container with its volumes, whether it runs, ended or never was. */
export async function remove(name: string): Promise<void> {
  await podman(['rm', '--force', '--time', '0', '--volumes', '--ignore', name]);
}

/** Whether containers of this user may be limited: root's may, others' where the system hands the controllers on. */
function canLimit(): boolean {
  const user = process.getuid?.();
  if (user === 0) return true;
  const controllers = `/sys/fs/cgroup/user.slice/user-${user}.slice/user@${user}.service/cgroup.controllers`;
  if (!existsSync(controllers)) return false;
  const handed = readFileSync(controllers, 'utf8').trim().split(' ');
  return ['cpu', 'memory', 'pids'].every((controller) => handed.includes(controller));
}

const present = () =>
  ['buildah', 'podman', ...(FIRST_CGROUPS ? ['runc'] : [])].every((program) => works(program, ['--version']));

/** False with a printed reason when this machine can't have them. */
export function findOrInstallContainers(): boolean {
  if (process.platform !== 'linux') {
    say(`Skipped: containers are built and run on Linux, and this is ${process.platform}.`);
    return false;
  }
  if (!canLimit()) {
    say('Skipped: needs root, or a user whose containers may be limited in CPU, memory and processes.');
    return false;
  }
  if (present()) return true;
  const sudo = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  if (!works('apt-get', ['--version']) || (sudo.length > 0 && !works('sudo', ['-n', 'true']))) {
    say('Skipped: needs buildah and podman, which can be installed here neither as root nor by sudo with apt-get.');
    return false;
  }
  say(`Installing the packages ${PACKAGES.join(', ')} with apt-get (about 44 MB) ...`);
  const apt = (...args: string[]) => {
    const [command = 'apt-get', ...rest] = [...sudo, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...args];
    run(command, rest);
  };
  apt('update', '-q');
  apt('install', '-y', '-q', '--no-install-recommends', ...PACKAGES);
  return present();
}
