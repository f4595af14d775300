/**
 * Hot updates under load: what a swap of the serving version costs the requests that run meanwhile, and whether
 * memory grows from swap to swap. Starts the built gateway with an empty data folder, publishes two versions of
 * one model, and lets `stable` move between them. Prints a table; needs nothing but loopback.
 *
 *   node bench/swaps.mjs [--other MODEL.onnx] [--preset torchvision] [--seconds 60] [--swaps 10] [--memory-swaps 50]
 *
 * Without --other both versions are the built-in model.
 */
// @ts-check
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request as httpRequest } from 'node:http';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { buildGateway } from '../scripts/build.mjs';
import { root } from '../scripts/run.mjs';

const CONNECTIONS = 32;
const MODEL = 'bench';

const { values } = parseArgs({
  options: {
    other: { type: 'string' },
    preset: { type: 'string', default: 'torchvision' },
    seconds: { type: 'string', default: '60' },
    swaps: { type: 'string', default: '10' },
    'memory-swaps': { type: 'string', default: '50' },
  },
});
const seconds = Number(values.seconds);
const swaps = Number(values.swaps);
const memorySwaps = Number(values['memory-swaps']);

const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
const pictures = readdirSync(join(root, 'public/samples'))
  .filter((name) => name.endsWith('.jpg'))
  .map((name) => readFileSync(join(root, 'public/samples', name)));

/**
 * @param {string} url @param {{method?: string, body?: Buffer | string, json?: boolean}} [options]
 * @returns {Promise<{status: number, text: string}>}
 */
function send(url, { method = 'GET', body, json = false } = {}) {
  return new Promise((resolve, reject) => {
    const headers = { 'x-twinlens-admin': '1', 'content-type': json ? 'application/json' : 'application/octet-stream' };
    const sent = httpRequest(url, { method, agent, headers }, (response) => {
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
  const text = body === undefined ? undefined : JSON.stringify(body);
  const { status, text: answer } = await send(`${base}/v1/admin${path}`, {
    method,
    json: true,
    ...(text === undefined ? {} : { body: text }),
  });
  if (status >= 400) throw new Error(`${method} ${path}: ${status} ${answer}`);
  return answer === '' ? undefined : JSON.parse(answer);
}

/** Resident memory of the gateway and all its instances, bytes. @param {number} pid @returns {number} */
function residentBytes(pid) {
  const own = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
  return own + children.reduce((sum, child) => sum + residentBytes(Number(child)), 0);
}

/** @param {readonly number[]} list @param {number} share */
const quantile = (list, share) => {
  const sorted = [...list].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
};
/** @param {number} ms */
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const scratch = mkdtempSync(join(tmpdir(), 'twinlens-bench-'));
const models = join(scratch, 'models');
mkdirSync(models);
/** @param {number} version */
function builtInAs(version) {
  const folder = join(models, `.v${version}`);
  cpSync(join(root, 'models/efficientnet-lite0'), folder, { recursive: true });
  const manifest = JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8'));
  writeFileSync(join(folder, 'model.json'), JSON.stringify({ ...manifest, name: MODEL, version }));
  cpSync(folder, join(models, `v${version}`), { recursive: true });
  rmSync(folder, { recursive: true });
}

await buildGateway();
builtInAs(1);
if (values.other === undefined) builtInAs(2);
const gateway = spawn(process.execPath, ['dist/gateway/main.js'], {
  cwd: root,
  stdio: ['ignore', 'pipe', 'inherit'],
  env: {
    ...process.env,
    TWINLENS_PORT: '0',
    TWINLENS_PAGE: '',
    TWINLENS_MODELS: models,
    TWINLENS_DATA: join(scratch, 'data'),
    TWINLENS_LOG_LEVEL: 'info',
  },
});
let base = '';
await new Promise((resolve, reject) => {
  gateway.once('exit', () => reject(new Error('The gateway ended.')));
  createInterface({ input: gateway.stdout }).on('line', (line) => {
    const event = JSON.parse(line);
    if (event.event_type === 'listening') base = event.url;
    if (event.event_type === 'ready') resolve(undefined);
  });
});
const pid = gateway.pid ?? 0;

try {
  if (values.other !== undefined) {
    const { id } = JSON.parse(
      (await send(`${base}/v1/admin/uploads?fileName=other.onnx`, { method: 'POST', body: readFileSync(values.other) }))
        .text,
    );
    const hints = { name: MODEL, version: 2, preset: values.preset, classNames: 'imagenet-1k' };
    let report = await admin('/imports', { from: { upload: id }, hints });
    while (report.state === 'checking') {
      await pause(200);
      report = await admin(`/imports/${report.id}`, undefined, 'GET');
    }
    if (report.state !== 'ready') throw new Error(JSON.stringify(report.steps));
    await admin(`/imports/${report.id}/publish`, { as: 'hold' });
  }
  await admin(`/models/${MODEL}/promote`, { version: 1 });
  // Only the version that `stable` names is loaded, so that each move is a swap.
  await admin(`/models/${MODEL}/policy`, { kind: 'specific', versions: [] }, 'PUT');

  /** @type {{at: number, ms: number, ok: boolean, version: number}[]} */
  const answers = [];
  let going = true;
  const worker = async (/** @type {number} */ at) => {
    for (let i = at; going; i += 1) {
      const begun = performance.now();
      const { status, text } = await send(`${base}/v1/classify?model=${MODEL}`, {
        method: 'POST',
        body: pictures[i % pictures.length] ?? Buffer.alloc(0),
      });
      answers.push({
        at: begun,
        ms: performance.now() - begun,
        ok: status === 200,
        version: status === 200 ? JSON.parse(text).version : 0,
      });
    }
  };
  const workers = Array.from({ length: CONNECTIONS }, (_, at) => worker(at));
  await pause(5000);
  const steadyFrom = performance.now();
  await pause(15_000);
  const steadyTo = performance.now();

  /** @type {{from: number, to: number, served: number}[]} */
  const windows = [];
  const every = (seconds * 1000) / swaps;
  for (let swap = 0; swap < swaps; swap += 1) {
    const from = performance.now();
    const version = swap % 2 === 0 ? 2 : 1;
    await admin(`/models/${MODEL}/promote`, { version });
    const promoted = performance.now();
    for (;;) {
      const { versions } = await admin(`/models/${MODEL}`, undefined, 'GET');
      if (versions.filter((/** @type {{state: string}} */ v) => v.state !== 'idle').length === 1) break;
      await pause(50);
    }
    windows.push({ from, to: performance.now(), served: promoted - from });
    await pause(Math.max(0, every - (performance.now() - from)));
  }
  going = false;
  await Promise.all(workers);

  const steady = answers.filter(({ at }) => at >= steadyFrom && at < steadyTo).map(({ ms }) => ms);
  const during = answers
    .filter(({ at, ms }) => windows.some(({ from, to }) => at + ms >= from && at <= to))
    .map(({ ms }) => ms);
  const ratio = quantile(during, 0.99) / quantile(steady, 0.99);
  process.stdout.write(
    [
      `${cpus().length} x ${cpus()[0]?.model}, Node ${process.version}; ${CONNECTIONS} connections, ${swaps} swaps in ${seconds} s`,
      `requests ${answers.length}, failed ${answers.filter(({ ok }) => !ok).length}`,
      `answered by version 1: ${answers.filter(({ version }) => version === 1).length}, by version 2: ${answers.filter(({ version }) => version === 2).length}`,
      `steady:       ${(steady.length / 15).toFixed(0)}/s, p50 ${quantile(steady, 0.5).toFixed(0)} ms, p99 ${quantile(steady, 0.99).toFixed(0)} ms`,
      `during swaps: p50 ${quantile(during, 0.5).toFixed(0)} ms, p99 ${quantile(during, 0.99).toFixed(0)} ms; p99 ratio ${ratio.toFixed(2)}`,
      `promoted to served: median ${quantile(
        windows.map(({ served }) => served),
        0.5,
      ).toFixed(0)} ms, longest ${Math.max(...windows.map(({ served }) => served)).toFixed(0)} ms`,
      '',
    ].join('\n'),
  );

  for (let i = 0; i < 200; i += 1)
    await send(`${base}/v1/classify?model=${MODEL}`, {
      method: 'POST',
      body: pictures[i % pictures.length] ?? Buffer.alloc(0),
    });
  /** @type {number[]} */
  const memory = [];
  for (let swap = 0; swap < memorySwaps; swap += 1) {
    await admin(`/models/${MODEL}/promote`, { version: (swap % 2) + 1 });
    for (let i = 0; i < 40; i += 1)
      await send(`${base}/v1/classify?model=${MODEL}`, {
        method: 'POST',
        body: pictures[i % pictures.length] ?? Buffer.alloc(0),
      });
    for (;;) {
      const { versions } = await admin(`/models/${MODEL}`, undefined, 'GET');
      if (versions.filter((/** @type {{state: string}} */ v) => v.state !== 'idle').length === 1) break;
      await pause(50);
    }
    memory.push(residentBytes(pid));
  }
  // Every second swap leaves the same version serving, so that like is compared with like.
  const first = memory[1] ?? Number.NaN;
  const last = memory.at(memorySwaps % 2 === 0 ? -1 : -2) ?? Number.NaN;
  process.stdout.write(
    `memory: ${(first / 1e6).toFixed(0)} MB after 2 swaps, ${(last / 1e6).toFixed(0)} MB after ${memorySwaps}: ${(((last - first) / first) * 100).toFixed(1)} %\n`,
  );
} finally {
  gateway.kill('SIGTERM');
  rmSync(scratch, { recursive: true, force: true });
}
