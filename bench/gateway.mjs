/**
 * The built gateway as a process of its own, with a scratch folder of models and of data, and the calls that a
 * benchmark makes of it. Owns the process and the scratch folder; both are gone after `stop`.
 */
// @ts-check
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { buildGateway } from '../scripts/build.mjs';
import { root } from '../scripts/run.mjs';
import { pause } from './figures.mjs';

const START_MS = 60_000;

/** The sample pictures of the page, encoded. */
export const pictures = readdirSync(join(root, 'public/samples'))
  .filter((name) => name.endsWith('.jpg'))
  .map((name) => readFileSync(join(root, 'public/samples', name)));

/** @param {number} i @returns {Buffer} */
export const picture = (i) => pictures[i % pictures.length] ?? Buffer.alloc(0);

/**
 * Compiles and starts it, and waits until it can answer.
 * @param {{env?: Record<string, string>, connections?: number, fill?: (models: string) => void}} [options]
 *   `fill` puts packages into an empty folder of models before the start; without it the built-in model serves.
 */
export async function startGateway({ env = {}, connections = 32, fill } = {}) {
  await buildGateway();
  const scratch = mkdtempSync(join(tmpdir(), 'twinlens-bench-'));
  const models = join(scratch, 'models');
  mkdirSync(models);
  fill?.(models);
  const child = spawn(process.execPath, ['dist/gateway/main.js'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      MALLOC_ARENA_MAX: '2',
      TWINLENS_PORT: '0',
      TWINLENS_PAGE: '',
      ...(fill ? { TWINLENS_MODELS: models } : {}),
      TWINLENS_DATA: join(scratch, 'data'),
      TWINLENS_LOG_LEVEL: 'info',
      // Benchmarks send the same few pictures over and over; what they measure are runs.
      TWINLENS_CACHE_ENTRIES: '0',
      ...env,
    },
  });
  let base = '';
  await new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`The gateway was not ready after ${START_MS / 1000} s.`));
    }, START_MS);
    child.once('exit', () => {
      clearTimeout(late);
      reject(new Error('The gateway ended.'));
    });
    createInterface({ input: child.stdout }).on('line', (line) => {
      const event = JSON.parse(line);
      if (event.event_type === 'listening') base = event.url;
      if (event.level === 'error' || event.level === 'fatal') process.stderr.write(`${line}\n`);
      if (event.event_type !== 'ready') return;
      clearTimeout(late);
      resolve(undefined);
    });
  });
  const agent = new Agent({ keepAlive: true, maxSockets: connections });

  /**
   * @param {string} path @param {{method?: string, body?: Buffer | string, json?: boolean}} [options]
   * @returns {Promise<{status: number, text: string}>}
   */
  function send(path, { method = 'GET', body, json = false } = {}) {
    const type = json ? 'application/json' : 'application/octet-stream';
    const headers = { 'x-twinlens-admin': '1', 'content-type': type };
    return new Promise((resolve, reject) => {
      const sent = request(`${base}${path}`, { method, agent, headers }, (response) => {
        /** @type {Buffer[]} */
        const parts = [];
        response.on('data', (part) => parts.push(part));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString() }));
        response.on('error', reject);
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }

  /** @param {string} path @param {unknown} [body] @param {string} [method] */
  async function admin(path, body, method = 'POST') {
    const text = body === undefined ? {} : { body: JSON.stringify(body) };
    const { status, text: answer } = await send(`/v1/admin${path}`, { method, json: true, ...text });
    if (status >= 400) throw new Error(`${method} ${path}: ${status} ${answer}`);
    return answer === '' ? undefined : JSON.parse(answer);
  }

  /** Until only one version of `model` takes memory: the others have been drained. @param {string} model */
  async function settled(model) {
    for (;;) {
      const { versions } = await admin(`/models/${model}`, undefined, 'GET');
      if (versions.filter((/** @type {{state: string}} */ { state }) => state !== 'idle').length === 1) return;
      await pause(50);
    }
  }

  async function stop() {
    child.kill('SIGTERM');
    if (child.exitCode === null) await once(child, 'exit');
    rmSync(scratch, { recursive: true, force: true });
  }

  return { base, models, pid: child.pid ?? 0, send, admin, settled, stop };
}
