/**
 * ONNX Runtime's session of one model in this process: creates it on a provider that really runs it,
 * runs batches on it, and knows nothing of messages or pictures.
 */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { GatewayProvider } from '../../core/engine.ts';
import { asTwinlensError, TwinlensError } from '../../core/errors.ts';
import { checkGraph, type Manifest } from '../../core/manifest.ts';
import { tensorLength, tensorShape } from '../../core/normalize.ts';
import { checkProvider, executionProviders } from './providers.ts';
import type { Runtime } from './wire.ts';

export interface ModelSession {
  readonly provider: GatewayProvider;
  /** @param values batch * tensorLength elements; resolves to batch * classes scores */
  run(values: Float32Array, batch: number): Promise<Float32Array>;
  /** Gives its memory back; nothing is run afterwards. */
  release(): Promise<void>;
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

/**
 * The model is handed over as bytes, so that a graph with external data files finds none.
 * Errors: ENGINE_FAILED when the provider doesn't run it here, INVALID_ARGUMENT when the file is no graph that ONNX Runtime runs, or not the manifest's.
 */
export async function createSession(
  model: Uint8Array,
  manifest: Manifest,
  provider: GatewayProvider,
  { threads, arena }: Runtime,
): Promise<ModelSession> {
  if (manifest.input.datatype !== 'float32') {
    throw new TwinlensError(
      'INVALID_ARGUMENT',
      `Inputs of ${manifest.input.datatype} are not run yet; use a variant with float32 inputs.`,
    );
  }
  try {
    const blank = new Float32Array(tensorLength(manifest.input));
    await checkProvider(provider, model, (session) => runOnce(session, manifest, blank, 1));
    const session = await InferenceSession.create(model, {
      executionProviders: executionProviders(provider),
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      graphOptimizationLevel: 'all',
      enableCpuMemArena: arena === 'keep',
      // What goes wrong is thrown as well; its own lines on stderr would stand beside the JSON log.
      logSeverityLevel: 4,
    });
    checkGraph(session, manifest);
    return {
      provider,
      run: (values, batch) => runOnce(session, manifest, values, batch),
      release: () => session.release(),
    };
  } catch (error) {
    if (error instanceof TwinlensError) throw error;
    throw new TwinlensError(
      'INVALID_ARGUMENT',
      `ONNX Runtime can't load the model on ${provider}: ${asTwinlensError(error).message}`,
      { cause: error },
    );
  }
}
