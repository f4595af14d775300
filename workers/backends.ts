/**
 * Chooses what runs the model on this device: WebGPU only where a real adapter answers, the goldens
 * pass on it and it is measured faster, else WebAssembly. A measured choice is remembered, and so are goldens that
 * passed on WebAssembly.
 */
import type { NoticeCode } from '../core/engine.ts';
import { asTwinlensError, TwinlensError } from '../core/errors.ts';
import { checkGolden } from '../core/golden.ts';
import { LatencyWindow } from '../core/latency.ts';
import type { Manifest, Variant } from '../core/manifest.ts';
import { normalizeInto, tensorLength } from '../core/normalize.ts';
import { prepareRgb } from '../core/resize.ts';
import { probabilities } from '../core/scores.ts';
import { type AdapterReport, probeAdapter, probeWasm, webgpuBuild } from './adapter.ts';
import { type Choice, chooseBackend, type Trial } from './backend-choice.ts';
import type { BackendPreference } from './engine.ts';
import { type Backend, type BackendRequest, createBackend, RuntimeFailure, startAhead } from './ort.ts';
import { passedKey } from './passed.ts';
import { decodePicture } from './picture.ts';
import type { Verdict } from './store-index.ts';

/** Runs that decide between two backends, fewer where they are slow; the goldens have warmed both up. */
const TIMED_RUNS = 5;
const TIMED_MS = 1_000;

export interface BackendContext {
  readonly preference: BackendPreference;
  /** Called between the steps, which can't be interrupted; throws when the load was cancelled. */
  step(phase: 'compile' | 'check'): void;
  notice(code: NoticeCode, message: string): void;
  verdict(key: string): Promise<Verdict | undefined>;
  rememberVerdict(verdict: Verdict): Promise<void>;
  hasPassed(key: string): Promise<boolean>;
  rememberPassed(key: string): Promise<void>;
}

export interface BackendJob extends BackendRequest {
  /** PNG bytes, in the order of the manifest's goldens. */
  readonly goldens: readonly Uint8Array<ArrayBuffer>[];
}

type Tried = { readonly backend: Backend; readonly tensor: Float32Array<ArrayBuffer> };

/** What `prepareRgb` makes of each golden. */
function goldenInputs({ manifest, goldens }: BackendJob): Promise<readonly Uint8Array[]> {
  const prepare = async (bytes: Uint8Array<ArrayBuffer>) =>
    prepareRgb(await decodePicture(new Blob([bytes], { type: 'image/png' }), manifest.input), manifest.input);
  return Promise.all(goldens.map(prepare));
}

/** Runs every golden. Throws ENGINE_FAILED when one is not what the reference gave. Resolves to the last input. */
async function passGoldens(
  backend: Backend,
  manifest: Manifest,
  inputs: readonly Uint8Array[],
): Promise<Float32Array<ArrayBuffer>> {
  const tensor = new Float32Array(tensorLength(manifest.input));
  for (const [i, golden] of manifest.goldens.entries()) {
    const pixels = inputs[i];
    if (!pixels) throw new TwinlensError('INTERNAL', `The golden ${golden.image} was not read.`);
    normalizeInto(pixels, manifest.input, tensor, 0);
    const { ok, message } = checkGolden(golden, probabilities(await backend.run(tensor), manifest.output));
    if (!ok) throw new TwinlensError('ENGINE_FAILED', `${backend.name} gives wrong answers here: ${message}.`);
  }
  return tensor;
}

function needWasm(): void {
  const { available, reason } = probeWasm();
  if (!available) throw new TwinlensError('ENGINE_FAILED', `The model can't run here: ${reason}.`);
}

/** A backend that has passed the goldens. */
export async function openBackend(
  provider: Backend['provider'],
  job: BackendJob,
  step: BackendContext['step'] = () => undefined,
): Promise<Tried> {
  if (provider === 'wasm') needWasm();
  step('compile');
  const build = provider === 'wasm' ? 'wasm' : webgpuBuild();
  // The goldens are decoded while the runtime starts.
  const [created, inputs] = await Promise.allSettled([createBackend(build, provider, job), goldenInputs(job)]);
  if (created.status === 'rejected') throw created.reason;
  const backend = created.value;
  try {
    if (inputs.status === 'rejected') throw inputs.reason;
    step('check');
    return { backend, tensor: await passGoldens(backend, job.manifest, inputs.value) };
  } catch (error) {
    await letGo(backend);
    throw error;
  }
}

/** WebAssembly after its goldens, which are left out where they passed at an earlier visit on all the same. */
async function openWasm(job: BackendJob, context: BackendContext): Promise<Backend> {
  const key = await passedKey(job.manifest, job.variant);
  if (await context.hasPassed(key)) {
    needWasm();
    context.step('compile');
    return createBackend('wasm', 'wasm', job);
  }
  const { backend } = await openBackend('wasm', job, context.step);
  // Nothing waits for it: if it is lost, the next visit checks once more.
  void context.rememberPassed(key);
  return backend;
}

const open = async (provider: Backend['provider'], job: BackendJob, context: BackendContext): Promise<Backend> =>
  provider === 'wasm' ? openWasm(job, context) : (await openBackend(provider, job, context.step)).backend;

/** Releases a backend that may already be broken; its failure must not hide why it is let go. */
export async function letGo(backend: Backend): Promise<void> {
  try {
    await backend.release();
  } catch {
    // A lost graphics device can't be asked to free anything; it has.
  }
}

async function time({ backend, tensor }: Tried): Promise<number> {
  const durations = new LatencyWindow(TIMED_RUNS);
  const end = performance.now() + TIMED_MS;
  while (durations.count < TIMED_RUNS && (durations.count === 0 || performance.now() < end)) {
    const begin = performance.now();
    await backend.run(tensor);
    durations.add(performance.now() - begin);
  }
  return durations.median() ?? Number.POSITIVE_INFINITY;
}

async function attempt(
  provider: Backend['provider'],
  job: BackendJob,
  context: BackendContext,
): Promise<{ trial: Trial; tried?: Tried; error?: unknown }> {
  try {
    const tried = await openBackend(provider, job, context.step);
    return { trial: { ok: true, ms: await time(tried) }, tried };
  } catch (error) {
    const known = asTwinlensError(error);
    if (known.code === 'CANCELLED') throw known;
    return { trial: { ok: false, reason: known.message }, error };
  }
}

interface Compared {
  readonly backend: Backend;
  readonly choice: Choice;
  /** False when one was never tried, because its runtime could not be fetched. */
  readonly lasting: boolean;
}

/** Opens both, keeps the better one. */
async function compare(job: BackendJob, context: BackendContext): Promise<Compared> {
  const webgpu = await attempt('webgpu', job, context);
  if (!webgpu.trial.ok) context.notice('WEBGPU_REJECTED', `WebGPU is not used: ${webgpu.trial.reason}`);
  const wasm = await attempt('wasm', job, context).catch(async (error: unknown) => {
    if (webgpu.tried) await letGo(webgpu.tried.backend);
    throw error;
  });
  // A runtime that did not start and a bad model keep their own error; WebGPU's failure was told already.
  if (!webgpu.tried && !wasm.tried) throw wasm.error;
  const choice = chooseBackend(webgpu.trial, wasm.trial);
  const [kept, other] = choice.provider === 'webgpu' ? [webgpu, wasm] : [wasm, webgpu];
  if (other.tried) await letGo(other.tried.backend);
  if (!kept.tried) throw new TwinlensError('INTERNAL', `${choice.provider} was chosen but never opened.`);
  const lasting = ![webgpu, wasm].some(({ error }) => error instanceof RuntimeFailure);
  return { backend: kept.tried.backend, choice, lasting };
}

const verdictKey = (adapter: AdapterReport, manifest: Manifest, variant: Variant): string =>
  [adapter.name, manifest.files[variant.file]?.sha256, navigator.userAgent].join('|');

const isReal = ({ available, fallbackAdapter }: AdapterReport): boolean => available && !fallbackAdapter;

/** Starts the runtime that `selectBackend` is going to ask for first, while the model's files are on their way. */
export async function startRuntimeFor(
  { manifest, variant }: Pick<BackendJob, 'manifest' | 'variant'>,
  { preference, verdict }: Pick<BackendContext, 'preference' | 'verdict'>,
): Promise<void> {
  const first = async (): Promise<Backend['provider']> => {
    if (preference !== 'auto') return preference;
    const adapter = await probeAdapter();
    if (!isReal(adapter)) return 'wasm';
    return (await verdict(verdictKey(adapter, manifest, variant)))?.provider ?? 'webgpu';
  };
  const provider = await first();
  if (provider === 'webgpu' || probeWasm().available) await startAhead(provider === 'wasm' ? 'wasm' : webgpuBuild());
}

async function auto(job: BackendJob, context: BackendContext): Promise<Backend> {
  const adapter = await probeAdapter();
  if (!isReal(adapter)) {
    const backend = await openWasm(job, context);
    context.notice('BACKEND_CHOSEN', `${backend.name}: ${adapter.reason}.`);
    return backend;
  }
  const key = verdictKey(adapter, job.manifest, job.variant);
  const verdict = await context.verdict(key);
  if (verdict) {
    try {
      const backend = await open(verdict.provider, job, context);
      context.notice('BACKEND_CHOSEN', `${backend.name}, as measured at an earlier visit. ${verdict.reason}.`);
      return backend;
    } catch (error) {
      if (verdict.provider === 'wasm') throw error;
      context.notice('WEBGPU_REJECTED', `WebGPU no longer works here: ${asTwinlensError(error).message}`);
    }
  }
  const { backend, choice, lasting } = await compare(job, context);
  context.notice('BACKEND_CHOSEN', `${backend.name}: ${choice.reason}.`);
  if (lasting) await context.rememberVerdict({ key, provider: choice.provider, reason: choice.reason });
  return backend;
}

/**
 * The backend that will run the model, after its goldens have passed on it, now or at an earlier visit.
 * Errors: INVALID_ARGUMENT (the model), ENGINE_FAILED (nothing works here), CANCELLED.
 */
export async function selectBackend(job: BackendJob, context: BackendContext): Promise<Backend> {
  switch (context.preference) {
    case 'auto':
      return auto(job, context);
    case 'wasm':
    case 'webgpu': {
      const provider = context.preference;
      if (provider === 'webgpu') {
        const { available, reason } = await probeAdapter();
        if (!available) throw new TwinlensError('ENGINE_FAILED', `WebGPU was asked for, but ${reason}.`);
      }
      const backend = await open(provider, job, context);
      context.notice('BACKEND_CHOSEN', `${backend.name}, as asked for.`);
      return backend;
    }
    default: {
      const impossible: never = context.preference;
      return impossible;
    }
  }
}
