/**
 * ONNX Runtime Web behind a small face: a `Backend` is one session on one provider. Every call goes
 * through one lock per worker. Builds are imported when first needed, so a page pays only for the one
 * that runs: `wasm` is the smallest; `jspi` and `asyncify` bring WebGPU.
 */
import { asTwinlensError, TwinlensError } from '../core/errors.ts';
import { checkGraph, type Manifest, type Variant } from '../core/manifest.ts';
import { tensorShape } from '../core/normalize.ts';
import { Lock } from './lock.ts';

export type Build = 'wasm' | 'jspi' | 'asyncify';
type Runtime = typeof import('onnxruntime-web');

/** More threads gained nothing that was measured, and cost memory. */
const MAX_THREADS = 4;

/** Threads of WebAssembly here: shared memory needs a cross-origin isolated page. */
export function wasmThreads(): number {
  return crossOriginIsolated ? Math.max(1, Math.min(MAX_THREADS, navigator.hardwareConcurrency || 1)) : 1;
}

export interface Backend {
  readonly provider: 'wasm' | 'webgpu';
  /** For the notice, e.g. "WebAssembly with 2 threads". */
  readonly name: string;
  /** Resolves with the reason when the graphics device is lost; never for wasm. */
  readonly lost: Promise<string>;
  /** @param values one image; resolves to the raw scores of its classes */
  run(values: Float32Array<ArrayBuffer>): Promise<Float32Array>;
  release(): Promise<void>;
}

const lock = new Lock();
const runtimes = new Map<Build, Promise<Runtime>>();

function importBuild(build: Build): Promise<Runtime> {
  switch (build) {
    case 'wasm':
      return import('onnxruntime-web/wasm');
    case 'jspi':
      return import('onnxruntime-web/jspi');
    case 'asyncify':
      return import('onnxruntime-web/webgpu');
    default: {
      const impossible: never = build;
      return impossible;
    }
  }
}

function runtimeOf(build: Build): Promise<Runtime> {
  let runtime = runtimes.get(build);
  if (!runtime) {
    runtime = importBuild(build).then(
      (module) => {
        module.env.wasm.numThreads = wasmThreads();
        module.env.logLevel = 'error';
        return module;
      },
      (cause: unknown) => {
        runtimes.delete(build);
        throw notStarted(build, asTwinlensError(cause).message, cause);
      },
    );
    runtimes.set(build, runtime);
  }
  return runtime;
}

/** The smallest graph that there is, y = x: ONNX Runtime starts no sooner than with its first session. */
const STARTER = new Uint8Array([
  8, 8, 58, 55, 10, 16, 10, 1, 120, 18, 1, 121, 34, 8, 73, 100, 101, 110, 116, 105, 116, 121, 18, 1, 103, 90, 15, 10, 1,
  120, 18, 10, 10, 8, 8, 1, 18, 4, 10, 2, 8, 1, 98, 15, 10, 1, 121, 18, 10, 10, 8, 8, 1, 18, 4, 10, 2, 8, 1, 66, 2, 16,
  13,
]);

/**
 * Fetches, compiles and starts a build, so that a model that comes later finds it running. Resolves also when it
 * could not be started: whoever needs it is told.
 */
export async function startAhead(build: Build): Promise<void> {
  try {
    const runtime = await runtimeOf(build);
    await lock.run(async () => {
      const session = await runtime.InferenceSession.create(STARTER, { executionProviders: ['wasm'] });
      await session.release();
    });
  } catch {
    // `createBackend` meets the same failure and explains it.
  }
}

function checkNeeds(manifest: Manifest, variant: Variant, provider: Backend['provider']): void {
  if (manifest.input.datatype !== 'float32') {
    throw new TwinlensError('INVALID_ARGUMENT', `Inputs of ${manifest.input.datatype} are not run in browsers yet.`);
  }
  if (provider === 'wasm' && variant.requires.length > 0) {
    throw new TwinlensError(
      'INVALID_ARGUMENT',
      `The variant ${variant.name} needs ${variant.requires.join(', ')}, which WebAssembly does not have.`,
    );
  }
}

/** The runtime itself did not start (no WebAssembly, its file could not be fetched): a new worker may. */
export class RuntimeFailure extends TwinlensError {}

const notStarted = (build: Build, text: string, cause: unknown): RuntimeFailure =>
  new RuntimeFailure(
    'ENGINE_FAILED',
    `ONNX Runtime (${build} build) could not be started: ${text}. Check the connection and try again.`,
    { cause },
  );

function explain(error: unknown, build: Build): TwinlensError {
  if (error instanceof TwinlensError) return error;
  const text = asTwinlensError(error).message;
  if (/no available backend|initWasm|WebAssembly/i.test(text)) return notStarted(build, text, error);
  return new TwinlensError('INVALID_ARGUMENT', `ONNX Runtime can't load the model: ${text}`, { cause: error });
}

/** The graphics device of ONNX Runtime's WebGPU provider, which can be lost. */
async function lossOf(runtime: Runtime): Promise<string> {
  const device: unknown = await runtime.env.webgpu.device;
  if (!(device instanceof GPUDevice)) return new Promise(() => undefined);
  const { reason, message } = await device.lost;
  return message || reason;
}

export interface BackendRequest {
  readonly manifest: Manifest;
  readonly variant: Variant;
  readonly model: Uint8Array<ArrayBuffer>;
}

/** Errors: INVALID_ARGUMENT (the model), RuntimeFailure (the runtime). */
export async function createBackend(
  build: Build,
  provider: Backend['provider'],
  { manifest, variant, model }: BackendRequest,
): Promise<Backend> {
  checkNeeds(manifest, variant, provider);
  try {
    const runtime = await runtimeOf(build);
    const session = await lock.run(() =>
      runtime.InferenceSession.create(model, { executionProviders: [provider], graphOptimizationLevel: 'all' }),
    );
    checkGraph(session, manifest);
    const shape = tensorShape(manifest.input, 1);
    const { input, output } = manifest;
    const threads = wasmThreads();
    return {
      provider,
      name: provider === 'webgpu' ? 'WebGPU' : `WebAssembly with ${threads} thread${threads === 1 ? '' : 's'}`,
      lost: provider === 'webgpu' ? lossOf(runtime) : new Promise(() => undefined),
      run: (values) =>
        lock.run(async () => {
          const tensor = new runtime.Tensor('float32', values, shape);
          const outputs = await session.run({ [input.name]: tensor }, [output.name]);
          const scores = outputs[output.name]?.data;
          if (scores instanceof Float32Array) return scores;
          throw new TwinlensError('ENGINE_FAILED', `The model's output ${output.name} is not float32.`);
        }),
      release: () => lock.run(() => session.release()),
    };
  } catch (error) {
    throw explain(error, build);
  }
}
