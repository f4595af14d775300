/**
 * Hot updates under load: what a swap of the serving version costs the requests that run meanwhile, and whether
 * memory grows from swap to swap. Publishes two versions of one model and lets `stable` move between them.
 *
 *   node bench/swaps.mjs [--other MODEL.onnx] [--preset torchvision] [--seconds 60] [--swaps 10] [--memory-swaps 50]
 *
 * Without --other both versions are the built-in model. Needs nothing but loopback.
 */
// @ts-check
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { machine, median, pause, quantile, residentBytes } from './figures.mjs';
import { picture, startGateway } from './gateway.mjs';
import { prepare, publish } from './versions.mjs';

const CONNECTIONS = 32;
const STEADY_MS = 15_000;
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

const gateway = await startGateway({
  connections: CONNECTIONS,
  fill: (models) => {
    for (const version of values.other === undefined ? [1, 2] : [1]) {
      prepare(models, MODEL, version);
      publish(models, version);
    }
  },
});
const { admin, settled } = gateway;
const classify = (/** @type {number} */ i) =>
  gateway.send(`/v1/classify?model=${MODEL}`, { method: 'POST', body: picture(i) });

/** Version 2 by the way an operator takes. @param {string} path */
async function importAs2(path) {
  const upload = await gateway.send('/v1/admin/uploads?fileName=other.onnx', {
    method: 'POST',
    body: readFileSync(path),
  });
  const hints = { name: MODEL, version: 2, preset: values.preset, classNames: 'imagenet-1k' };
  let report = await admin('/imports', { from: { upload: JSON.parse(upload.text).id }, hints });
  while (report.state === 'checking') {
    await pause(200);
    report = await admin(`/imports/${report.id}`, undefined, 'GET');
  }
  if (report.state !== 'ready') throw new Error(JSON.stringify(report.steps));
  await admin(`/imports/${report.id}/publish`, { as: 'hold' });
}

async function underLoad() {
  /** @type {{at: number, ms: number, ok: boolean, version: number}[]} */
  const answers = [];
  let going = true;
  const worker = async (/** @type {number} */ first) => {
    for (let i = first; going; i += 1) {
      const at = performance.now();
      const { status, text } = await classify(i);
      const ok = status === 200;
      answers.push({ at, ms: performance.now() - at, ok, version: ok ? JSON.parse(text).version : 0 });
    }
  };
  const workers = Array.from({ length: CONNECTIONS }, (_, at) => worker(at));
  await pause(5000);
  const steadyFrom = performance.now();
  await pause(STEADY_MS);
  const steadyTo = performance.now();

  /** @type {{from: number, to: number, served: number}[]} */
  const windows = [];
  const every = (seconds * 1000) / swaps;
  for (let swap = 0; swap < swaps; swap += 1) {
    const from = performance.now();
    await admin(`/models/${MODEL}/promote`, { version: swap % 2 === 0 ? 2 : 1 });
    const served = performance.now() - from;
    await settled(MODEL);
    windows.push({ from, to: performance.now(), served });
    await pause(Math.max(0, every - (performance.now() - from)));
  }
  going = false;
  await Promise.all(workers);

  const steady = answers.filter(({ at }) => at >= steadyFrom && at < steadyTo).map(({ ms }) => ms);
  const during = answers
    .filter(({ at, ms }) => windows.some(({ from, to }) => at + ms >= from && at <= to))
    .map(({ ms }) => ms);
  const served = windows.map((window) => window.served);
  const by = (/** @type {number} */ version) => answers.filter((answer) => answer.version === version).length;
  const ratio = quantile(during, 0.99) / quantile(steady, 0.99);
  return [
    `${machine()}; ${CONNECTIONS} connections, ${swaps} swaps in ${seconds} s`,
    `requests ${answers.length}, failed ${answers.filter(({ ok }) => !ok).length}`,
    `answered by version 1: ${by(1)}, by version 2: ${by(2)}`,
    `steady:       ${((steady.length * 1000) / STEADY_MS).toFixed(0)}/s, p50 ${median(steady).toFixed(0)} ms, p99 ${quantile(steady, 0.99).toFixed(0)} ms`,
    `during swaps: p50 ${median(during).toFixed(0)} ms, p99 ${quantile(during, 0.99).toFixed(0)} ms; p99 ratio ${ratio.toFixed(2)}`,
    `promoted to served: median ${median(served).toFixed(0)} ms, longest ${Math.max(...served).toFixed(0)} ms`,
  ];
}

async function memoryOverSwaps() {
  for (let i = 0; i < 200; i += 1) await classify(i);
  /** @type {number[]} */
  const memory = [];
  for (let swap = 0; swap < memorySwaps; swap += 1) {
    await admin(`/models/${MODEL}/promote`, { version: (swap % 2) + 1 });
    for (let i = 0; i < 40; i += 1) await classify(i);
    await settled(MODEL);
    memory.push(residentBytes(gateway.pid));
  }
  // Every second swap leaves the same version serving, so that like is compared with like.
  const first = memory[1] ?? Number.NaN;
  const last = memory.at(memorySwaps % 2 === 0 ? -1 : -2) ?? Number.NaN;
  const growth = ((last - first) / first) * 100;
  return `memory: ${(first / 1e6).toFixed(0)} MB after 2 swaps, ${(last / 1e6).toFixed(0)} MB after ${memorySwaps}: ${growth.toFixed(1)} %`;
}

try {
  if (values.other !== undefined) await importAs2(values.other);
  await admin(`/models/${MODEL}/promote`, { version: 1 });
  // Only the version that `stable` names is loaded, so that each move is a swap.
  await admin(`/models/${MODEL}/policy`, { kind: 'specific', versions: [] }, 'PUT');
  process.stdout.write(`${(await underLoad()).join('\n')}\n`);
  process.stdout.write(`${await memoryOverSwaps()}\n`);
} finally {
  await gateway.stop();
}
