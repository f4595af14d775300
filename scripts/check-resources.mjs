/**
 * Resource validation: does the image stay within its size, and the gateway under load within its memory?
 *
 *   node scripts/check-resources.mjs --image twinlens:cpu    in a container with that memory limit
 *   node scripts/check-resources.mjs --local                 the compiled gateway on this machine, which no kernel limits
 *
 * Prints what was measured beside what is allowed; exit code 1 when something is above it, 2 for a wrong option.
 */
// @ts-check
import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startContainer, startLocal } from './resource-subject.mjs';
import { root } from './run.mjs';
import { load } from './steady-load.mjs';

const OPTIONS = /** @type {const} */ ({
  image: { type: 'string' },
  local: { type: 'boolean', default: false },
  /** Command of the container engine, with options of its own. */
  engine: { type: 'string', default: process.env.CONTAINER_ENGINE ?? 'docker' },
  /** Further options of its `run`. */
  'run-option': { type: 'string', multiple: true },
  /** Megabytes of the unpacked image. */
  'image-mb': { type: 'string', default: '500' },
  /** Megabytes that the gateway may use with its instances; the container's limit. */
  'memory-mb': { type: 'string', default: '1024' },
  /** Percent of them that the load may reach. */
  'memory-percent': { type: 'string', default: '80' },
  requests: { type: 'string', default: '1000' },
  clients: { type: 'string', default: '16' },
});
const MEGABYTE = 1e6;
const MEMORY_MEGABYTE = 1024 ** 2;
/** Milliseconds between two looks at the memory; a look at a container takes longer than that. */
const EVERY_MS = 250;

/** @param {string} text @returns {never} */
function refuse(text) {
  process.stderr.write(`${text}\n`);
  process.exit(2);
}

/** @param {unknown} error @returns {never} */
function fail(error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

function options() {
  try {
    const { values } = parseArgs({ options: OPTIONS });
    const whole = (/** @type {'image-mb' | 'memory-mb' | 'memory-percent' | 'requests' | 'clients'} */ name) =>
      /^[1-9]\d{0,8}$/.test(values[name]) ? Number(values[name]) : refuse(`--${name} must be a whole number above 0.`);
    if (values.local === (values.image !== undefined)) return refuse('Give either --image REFERENCE or --local.');
    return {
      image: values.image,
      engine: values.engine.split(' ').filter(Boolean),
      runOptions: values['run-option'] ?? [],
      imageBytes: whole('image-mb') * MEGABYTE,
      memoryBytes: whole('memory-mb') * MEMORY_MEGABYTE,
      percent: whole('memory-percent'),
      requests: whole('requests'),
      clients: whole('clients'),
    };
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

/**
 * The most that `memory` said until `work` ended.
 * @template T
 * @param {() => Promise<number>} memory
 * @param {Promise<T>} work
 */
async function peakDuring(memory, work) {
  let done = false;
  let peak = await memory();
  const watching = (async () => {
    while (!done) {
      peak = Math.max(peak, await memory());
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
  })();
  try {
    return { result: await work, peak: () => peak };
  } finally {
    done = true;
    await watching;
  }
}

const asked = options();
const samples = join(root, 'public', 'samples');
const jpegs = readdirSync(samples)
  .filter((name) => name.endsWith('.jpg'))
  .map((name) => readFileSync(join(samples, name)));

/** @type {{what: string, measured: string, allowed: string, ok: boolean}[]} */
const rows = [];
const megabytes = (/** @type {number} */ bytes, unit = MEMORY_MEGABYTE) => (bytes / unit).toFixed(0);

const { image } = asked;
const container = image === undefined ? undefined : await startContainer({ ...asked, image }).catch(fail);
const subject = container ?? (await startLocal().catch(fail));
try {
  if (container) {
    rows.push({
      what: 'image',
      measured: `${megabytes(container.imageBytes, MEGABYTE)} MB`,
      allowed: `${megabytes(asked.imageBytes, MEGABYTE)} MB`,
      ok: container.imageBytes <= asked.imageBytes,
    });
  }
  const idle = await subject.memory();
  const { result, peak } = await peakDuring(subject.memory, load(subject.url, { ...asked, jpegs }));
  const complaint = await subject.end();
  const most = (asked.memoryBytes * asked.percent) / 100;
  rows.push(
    { what: 'memory, idle', measured: `${megabytes(idle)} MiB`, allowed: `${megabytes(most)} MiB`, ok: idle <= most },
    {
      what: `memory, most under ${asked.clients} clients`,
      measured: `${megabytes(peak())} MiB`,
      allowed: `${megabytes(most)} MiB (${asked.percent} % of ${megabytes(asked.memoryBytes)})`,
      ok: peak() <= most,
    },
    {
      what: `requests, p99 ${result.p99Ms.toFixed(0)} ms, ${(result.answered / result.seconds).toFixed(0)} a second`,
      measured: `${result.answered} answered ${Object.keys(result.failed).length > 0 ? JSON.stringify(result.failed) : ''}`,
      allowed: `all of ${asked.requests}`,
      ok: result.answered === asked.requests,
    },
    { what: 'end after SIGTERM', measured: complaint ?? 'clean', allowed: 'clean', ok: complaint === undefined },
  );
} finally {
  await subject.remove();
}

const table = [
  '| what | measured | allowed | |',
  '|---|---|---|---|',
  ...rows.map(
    ({ what, measured, allowed, ok }) => `| ${what} | ${measured.trim()} | ${allowed} | ${ok ? 'ok' : 'NOT ALLOWED'} |`,
  ),
].join('\n');
process.stdout.write(`${table}\n`);
if (process.env.GITHUB_STEP_SUMMARY) appendFileSync(process.env.GITHUB_STEP_SUMMARY, `${table}\n`);
process.exitCode = rows.every(({ ok }) => ok) ? 0 : 1;
