/**
 * What `check-resources.mjs` measures: the gateway in a container as production runs it, or as a process of this machine.
 * A subject has an address, tells its memory from outside, and is ended with SIGTERM.
 */
// @ts-check
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { root } from './run.mjs';

const execute = promisify(execFile);

const READY_MS = 120_000;
const END_MS = 40_000;
const EVERY_MS = 250;
const UNITS = { B: 1, kB: 1e3, KB: 1e3, MB: 1e6, GB: 1e9, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

/**
 * @typedef {object} Subject
 * @property {string} url
 * @property {() => Promise<number>} memory bytes, of all its processes
 * @property {() => Promise<string | undefined>} end sends SIGTERM and waits; says what was not as it should be
 * @property {() => Promise<void>} remove whatever happened
 */

/**
 * @param {string} text such as 85.4MiB, as Docker and podman write it
 * @returns {number}
 */
export function bytesOf(text) {
  const [, number, unit] = /^([\d.]+)\s*([A-Za-z]+)$/.exec(text.trim()) ?? [];
  const factor = Object.entries(UNITS).find(([name]) => name === unit)?.[1];
  if (number === undefined || factor === undefined) throw new Error(`${JSON.stringify(text)} is no number of bytes.`);
  return Number(number) * factor;
}

/**
 * @param {string} url
 * @param {() => Promise<string | undefined>} ended how it ended; undefined while it runs
 */
async function ready(url, ended) {
  const until = performance.now() + READY_MS;
  while (performance.now() < until) {
    const status = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(READY_MS) }).then(
      (response) => response.status,
      () => 0, // It does not listen yet.
    );
    if (status === 200) return;
    const end = await ended();
    if (end !== undefined) throw new Error(`The gateway ended before it was ready: ${end}`);
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
  throw new Error(`The gateway was not ready within ${READY_MS} ms.`);
}

/**
 * Non-root, read-only, without capabilities, with the memory limit and no swap.
 * @param {{engine: readonly string[], image: string, memoryBytes: number, runOptions: readonly string[]}} options
 * @returns {Promise<Subject & {imageBytes: number}>}
 */
export async function startContainer({ engine: [command = 'docker', ...before], image, memoryBytes, runOptions }) {
  const call = async (/** @type {string[]} */ ...args) =>
    // Not here: where podman is called from, its monitor leaves a file when the kernel kills.
    (await execute(command, [...before, ...args], { timeout: READY_MS, cwd: tmpdir() })).stdout.trim();
  const imageBytes = Number(await call('image', 'inspect', '--format', '{{.Size}}', image));
  const limits = [`--memory=${memoryBytes}`, `--memory-swap=${memoryBytes}`];
  const locked = ['--read-only', '--tmpfs=/tmp', '--cap-drop=ALL', '--security-opt=no-new-privileges'];
  const place = ['--detach', '--publish=127.0.0.1::8080'];
  const id = await call('run', ...place, ...limits, ...locked, ...runOptions, image);
  const remove = async () => void (await call('rm', '--force', '--volumes', id));
  const ended = async () => {
    const state = await call('inspect', '--format', '{{.State.Running}} {{.State.OOMKilled}} {{.State.ExitCode}}', id);
    const [running, killed, code] = state.split(' ');
    if (running === 'true') return undefined;
    return killed === 'true' ? 'killed for its memory' : `exit code ${code}`;
  };
  try {
    const url = `http://${(await call('port', id, '8080/tcp')).split('\n')[0]}`;
    await ready(url, ended);
    return {
      url,
      imageBytes,
      memory: async () => {
        const [used = ''] = (await call('stats', '--no-stream', '--format', '{{.MemUsage}}', id)).split('/');
        return bytesOf(used);
      },
      end: async () => {
        await call('stop', '--time', String(END_MS / 1000), id);
        const end = await ended();
        return end === 'exit code 0' ? undefined : (end ?? 'it still runs');
      },
      remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Linux only: what each process has for itself and its part of what it shares. @param {number} pid @returns {number} */
function processBytes(pid) {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
  const kibibytes = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1];
  return Number(kibibytes) * 1024 + children.reduce((sum, child) => sum + processBytes(child), 0);
}

/** The compiled gateway; no kernel limits it. @returns {Promise<Subject>} */
export async function startLocal() {
  const env = { ...process.env, TWINLENS_PORT: '0', TWINLENS_HOST: '127.0.0.1', TWINLENS_DATA: '', TWINLENS_PAGE: '' };
  const child = spawn(process.execPath, ['dist/gateway/main.js'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    env,
  });
  const ended = once(child, 'exit');
  const remove = async () => void child.kill('SIGKILL');
  process.once('exit', remove);
  const late = setTimeout(remove, READY_MS);
  try {
    const url = await new Promise((resolve, reject) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        const address = /"event_type":"listening".*?"url":"([^"]+)"/.exec(line)?.[1];
        if (address) resolve(address);
      });
      ended.then(() => reject(new Error('The gateway ended before it listened.')), reject);
    });
    await ready(url, async () => (child.exitCode === null ? undefined : `exit code ${child.exitCode}`));
    clearTimeout(late);
    return {
      url,
      memory: async () => processBytes(Number(child.pid)),
      end: async () => {
        const timer = setTimeout(remove, END_MS);
        child.kill('SIGTERM');
        const [code, signal] = await ended;
        clearTimeout(timer);
        return code === 0 ? undefined : `it ended with ${signal ?? `exit code ${code}`}`;
      },
      remove,
    };
  } catch (error) {
    clearTimeout(late);
    await remove();
    throw error;
  }
}
