/**
 * transformers.js as its users set it up: the image-classification pipeline over a local model folder, runtime served
 * by the same server. The same code runs on the page and in a worker.
 */
// @ts-nocheck the library's types are only there once it is installed
import { env, pipeline } from '@huggingface/transformers';
import wasmUrl from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url';

env.allowRemoteModels = false;
env.allowLocalModels = true;
env.localModelPath = '/_next/static/bench/models/';
// Without its factory beside it, so that it is compiled while it comes and not copied into the Cache API first.
env.backends.onnx.wasm.wasmPaths = { wasm: wasmUrl };

/**
 * @param {{model: string, inputName: string, threads?: number}} options threads left out: the library's own choice
 * @returns {Promise<(photo: Blob) => Promise<string>>} the best of five class names
 */
export async function openClassifier({ model, inputName, threads }) {
  if (threads !== undefined) env.backends.onnx.wasm.numThreads = threads;
  // fp32 means the file as it is: by its own choice it would look for a quantised one.
  const classify = await pipeline('image-classification', model, { dtype: 'fp32' });
  // Our graph's input has a name of its own; the library calls all of them `pixel_values`.
  const session = classify.model.sessions.model;
  classify.model.sessions.model = {
    inputNames: ['pixel_values'],
    outputNames: session.outputNames,
    config: session.config,
    run: ({ pixel_values }) => session.run({ [inputName]: pixel_values }, ['logits']),
  };
  return async (photo) => (await classify(photo, { top_k: 5 }))[0].label;
}
