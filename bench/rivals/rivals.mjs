/**
 * What Twinlens is compared with: how each server is installed, which settings are tried for it, and how it is
 * started. All run the same model file on the same version of ONNX Runtime. Knows nothing of measuring.
 */
// @ts-check
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../scripts/run.mjs';
import { cores } from '../cpu.mjs';
import { packageVersion } from '../record.mjs';

/** @typedef {{workers: number, threads: number}} Setting processes, and threads of ONNX Runtime in each */

/**
 * @typedef {object} Rival
 * @property {string} name
 * @property {string} title
 * @property {import('./forms.mjs').Form} form
 * @property {string} path that takes pictures
 * @property {string} ready path that answers 200 once it can
 * @property {readonly Setting[]} settings all are tried, the fastest counts
 * @property {string | undefined} python interpreter of its environment; undefined: Node
 * @property {readonly string[]} packages whose versions are told
 * @property {number} ports
 * @property {boolean} sleeps whether it can be stopped (SIGSTOP) while others are measured; else it is started anew
 * @property {(setting: Setting, ports: readonly number[]) => {command: string, args: string[], env: Record<string, string>}} start
 */

const here = join(root, 'bench/rivals');
export const environments = join(root, '.cache/bench/venv');
/** @param {string} name @param {string} program */
const inVenv = (name, program) => join(environments, name, 'bin', program);

/** @type {readonly Setting[]} */
const ONE_PROCESS = [
  { workers: 1, threads: 1 },
  { workers: 1, threads: cores },
];
/** @type {readonly Setting[]} */
const PROCESS_A_CORE = [
  { workers: cores, threads: 1 },
  { workers: cores, threads: cores },
];

/** @type {readonly Rival[]} */
export const RIVALS = [
  {
    name: 'fastapi',
    title: 'FastAPI + Pillow + ONNX Runtime',
    form: 'plain',
    path: '/classify',
    ready: '/ready',
    settings: [...ONE_PROCESS, ...PROCESS_A_CORE.slice(0, 1)],
    python: inVenv('fastapi', 'python'),
    packages: ['fastapi', 'uvicorn', 'pillow', 'onnxruntime'],
    ports: 1,
    sleeps: true,
    start: ({ workers, threads }, [port]) => ({
      command: inVenv('fastapi', 'uvicorn'),
      args: ['fastapi_server:app', '--host', '127.0.0.1', '--port', String(port), '--workers', String(workers)].concat(
        '--log-level',
        'warning',
        '--no-access-log',
      ),
      env: { BENCH_THREADS: String(threads) },
    }),
  },
  {
    name: 'node',
    title: 'Node http + sharp + ONNX Runtime in one process',
    form: 'plain',
    path: '/classify',
    ready: '/',
    settings: ONE_PROCESS,
    python: undefined,
    packages: [],
    ports: 1,
    sleeps: true,
    start: ({ threads }, [port]) => ({
      command: process.execPath,
      args: [join(here, 'node-server.mjs')],
      env: { BENCH_THREADS: String(threads), BENCH_PORT: String(port) },
    }),
  },
  {
    name: 'bentoml',
    title: 'BentoML, adaptive batching',
    form: 'multipart',
    path: '/classify',
    ready: '/readyz',
    settings: [{ workers: 1, threads: cores }, ...PROCESS_A_CORE.slice(0, 1)],
    python: inVenv('bentoml', 'python'),
    packages: ['bentoml', 'pillow', 'onnxruntime'],
    ports: 1,
    sleeps: true,
    start: ({ workers, threads }, [port]) => ({
      command: inVenv('bentoml', 'bentoml'),
      args: ['serve', 'bento_server:Classifier', '--host', '127.0.0.1', '--port', String(port)],
      env: {
        BENCH_WORKERS: String(workers),
        BENCH_THREADS: String(threads),
        BENTOML_DO_NOT_TRACK: 'True',
        BENTOML_HOME: join(root, '.cache/bench/bentoml'),
      },
    }),
  },
  {
    name: 'ray',
    title: 'Ray Serve, its own batching',
    form: 'plain',
    path: '/classify',
    ready: '/-/healthz',
    settings: [{ workers: 1, threads: cores }, ...PROCESS_A_CORE.slice(0, 1)],
    python: inVenv('ray', 'python'),
    packages: ['ray', 'pillow', 'onnxruntime'],
    ports: 1,
    sleeps: false,
    start: ({ workers, threads }, [port]) => ({
      command: inVenv('ray', 'python'),
      args: [join(here, 'ray_server.py')],
      env: {
        BENCH_WORKERS: String(workers),
        BENCH_THREADS: String(threads),
        BENCH_PORT: String(port),
        RAY_USAGE_STATS_ENABLED: '0',
      },
    }),
  },
  {
    name: 'triton',
    title: 'NVIDIA Triton (pytriton), dynamic batching',
    form: 'v2-bytes',
    path: '/v2/models/classifier/infer',
    ready: '/v2/models/classifier/ready',
    settings: [{ workers: 1, threads: cores }, ...PROCESS_A_CORE.slice(0, 1)],
    python: inVenv('triton', 'python'),
    packages: ['nvidia-pytriton', 'pillow', 'onnxruntime'],
    ports: 3,
    sleeps: true,
    start: ({ workers, threads }, ports) => ({
      command: inVenv('triton', 'python'),
      args: [join(here, 'triton_server.py')],
      env: { BENCH_WORKERS: String(workers), BENCH_THREADS: String(threads), BENCH_PORTS: ports.join(',') },
    }),
  },
];

/** Left in an environment once everything is in it. @param {string} name */
export const installedMark = (name) => join(environments, name, 'installed');

/** Why it can't run here; undefined: it can. @param {Rival} rival */
export function missing({ name, python }) {
  if (python === undefined || existsSync(installedMark(name))) return undefined;
  const why = join(environments, `${name}.failed`);
  return existsSync(why) ? readFileSync(why, 'utf8').trim() : 'not installed; run `npm run bench:setup`';
}

/** Versions of what takes part. @param {Rival} rival @returns {Record<string, string>} */
export function rivalVersions({ name, python, packages }) {
  if (python === undefined) return { [name]: `sharp ${packageVersion('sharp')}` };
  const pins = readFileSync(join(here, `${name}.txt`), 'utf8');
  return Object.fromEntries(
    packages.map((part) => [
      part === 'onnxruntime' || part === 'pillow' ? `${part} (Python)` : part,
      new RegExp(`^${part}(?:\\[[^\\]]*\\])?==(\\S+)`, 'm').exec(pins)?.[1] ?? 'unknown',
    ]),
  );
}
