/**
 * ONNX Runtime's session of one model in this process: creates it on the provider that really works,
 * runs batches on it, and knows nothing of messages or pictures.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Provider } from '../../core/engine.ts';
import { asTwinlensError, TwinlensError } from '../../core/errors.ts';
import { checkGraph, type Manifest } from '../../core/manifest.ts';
import { tensorLength, tensorShape } from '../../core/normalize.ts';

export interface ModelSession {
  readonly provider: Provider;
  /** Why another provider than the one asked for runs. */
  readonly note: string | undefined;
  /** @param values batch * tensorLength elements; resolves to batch * classes scores */
  run(values: Float32Array, batch: number): Promise<Float32Array>;
}

interface SessionOptions {
  readonly provider: 'auto' | 'cpu' | 'cuda';
  readonly threads: number;
}

async function runOnce(
  session: InferenceSession,
  manifest: Manifest,
  values: Float32Array,
  batch: number,
): Promise<Float32Array> {
  const input = new Tensor('float32', values, tensorShape(manifest.input, batch));
  const outputs = await session.run({ [manifest.input.name]: input }, [manifest.output.name]);
  const scores = outputs[manifest.output.name]?.data;
  if (!(scores instanceof Float32Array) || scores.length !== batch * manifest.output.classes) {
    throw new TwinlensError(
      'ENGINE_FAILED',
      `The model gave ${scores?.length ?? 0} values for ${batch} images, not ${manifest.output.classes} float32 each.`,
    );
  }
  return scores;
}

/** ONNX Runtime's CUDA provider, which its package fetches only on request; without it asking for CUDA is in vain. */
function hasCudaLibrary(): boolean {
  const main = createRequire(import.meta.url).resolve('onnxruntime-node');
  const folder = join(dirname(main), '..', 'bin', 'napi-v6', process.platform, process.arch);
  return ['libonnxruntime_providers_cuda.so', 'onnxruntime_providers_cuda.dll'].some((file) =>
    existsSync(join(folder, file)),
  );
}

/**
 * Whether any node of the graph really runs on CUDA: ONNX Runtime can take the provider and then run
 * everything on the CPU (onnxruntime#23372), and only its profile tells.
 */
async function runsOnCuda(model: Uint8Array, manifest: Manifest): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'twinlens-provider-'));
  try {
    const session = await InferenceSession.create(model, {
      executionProviders: ['cuda'],
      enableProfiling: true,
      profileFilePrefix: join(folder, 'profile'),
    });
    await runOnce(session, manifest, new Float32Array(tensorLength(manifest.input)), 1);
    session.endProfiling();
    await session.release();
    const profiles = await Promise.all((await readdir(folder)).map((file) => readFile(join(folder, file), 'utf8')));
    return profiles.some((profile) => profile.includes('CUDAExecutionProvider'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function chooseProvider(
  asked: SessionOptions['provider'],
  model: Uint8Array,
  manifest: Manifest,
): Promise<{ provider: 'cpu' | 'cuda'; note?: string }> {
  if (asked === 'cpu') return { provider: 'cpu' };
  let why = 'every node of the graph ran on the CPU';
  try {
    if (!hasCudaLibrary()) why = 'the CUDA provider of ONNX Runtime is not installed';
    else if (await runsOnCuda(model, manifest)) return { provider: 'cuda' };
  } catch (error) {
    why = asTwinlensError(error).message.split('\n')[0] ?? why;
  }
  return { provider: 'cpu', note: `The CPU runs the model: ${why}.` };
}

/**
 * The model is handed over as bytes, so that a graph with external data files finds none.
 * Errors: INVALID_ARGUMENT when the file is no graph that ONNX Runtime runs, or not the manifest's.
 */
export async function createSession(
  model: Uint8Array,
  manifest: Manifest,
  options: SessionOptions,
): Promise<ModelSession> {
  if (manifest.input.datatype !== 'float32') {
    throw new TwinlensError(
      'INVALID_ARGUMENT',
      `Inputs of ${manifest.input.datatype} are not run yet; use a variant with float32 inputs.`,
    );
  }
  try {
    const { provider, note } = await chooseProvider(options.provider, model, manifest);
    const session = await InferenceSession.create(model, {
      executionProviders: [provider],
      intraOpNumThreads: options.threads,
      interOpNumThreads: 1,
      graphOptimizationLevel: 'all',
      // What goes wrong is thrown as well; its own lines on stderr would stand beside the JSON log.
      logSeverityLevel: 4,
    });
    checkGraph(session, manifest);
    return { provider, note, run: (values, batch) => runOnce(session, manifest, values, batch) };
  } catch (error) {
    if (error instanceof TwinlensError) throw error;
    throw new TwinlensError(
      'INVALID_ARGUMENT',
      `ONNX Runtime can't load the model: ${asTwinlensError(error).message}`,
      { cause: error },
    );
  }
}
