/**
 * A probe: the forked process that answers one question about a model that nobody trusts yet, so that whatever the
 * file does to ONNX Runtime happens here. Always on the CPU. Knows no package: it is given a file and what to ask of it.
 */
import { readFile } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { asTwinlensError, TwinlensError, toErrorBody } from '../../core/errors.ts';
import { normalizeInto, tensorLength, tensorShape } from '../../core/normalize.ts';
import { prepareRgb } from '../../core/resize.ts';
import { decodeImage } from './decode.ts';
import { checkSelfContained } from './onnx-file.ts';
import { numbersOf } from './onnx-numbers.ts';
import { type Answer, type GraphValue, parseQuestion, type Question, type RecordOrder } from './probe-wire.ts';

/** ONNX Runtime's messages go on for many lines; the first one says what is wrong. */
function firstLine(error: unknown): string {
  return (asTwinlensError(error).message.split('\n')[0] ?? '').replace(/\.$/, '').slice(0, 500);
}

/** Why a model can't be loaded. Of an opset that it does not know ONNX Runtime says so amid its own source code. */
function loadFault(error: unknown): string {
  const opset = /Opset (\d+) is under development/i.exec(asTwinlensError(error).message)?.[1];
  return opset === undefined ? firstLine(error) : `opset ${opset} is newer than any that it knows`;
}

async function readModel(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ERR_FS_FILE_TOO_LARGE')) throw cause;
    const message = 'An ONNX file has at most 2 GiB, as every protobuf file; export the model with smaller weights.';
    throw new TwinlensError('PAYLOAD_TOO_LARGE', message, { cause });
  }
}

async function read(path: string): Promise<Uint8Array> {
  const file = await readModel(path);
  checkSelfContained(file);
  return file;
}

async function open(file: Uint8Array, threads: number): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(file, {
      executionProviders: ['cpu'],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      graphOptimizationLevel: 'all',
      logSeverityLevel: 4,
    });
  } catch (error) {
    throw new TwinlensError(
      'INVALID_ARGUMENT',
      `ONNX Runtime can't load the model: ${loadFault(error)}. Check the file with onnx.checker, or export it again with an older opset.`,
      { cause: error },
    );
  }
}

function describe(value: InferenceSession.ValueMetadata): GraphValue {
  if (!value.isTensor) return { name: value.name, datatype: 'sequence', shape: [] };
  return { name: value.name, datatype: value.type, shape: [...value.shape] };
}

async function inspect(path: string): Promise<Answer> {
  const file = await read(path);
  const session = await open(file, 1);
  return {
    kind: 'inspected',
    inputs: session.inputMetadata.map(describe),
    outputs: session.outputMetadata.map(describe),
    numbers: numbersOf(file),
  };
}

async function scoresOf(
  session: InferenceSession,
  order: RecordOrder,
  data: Float32Array,
  batch: number,
): Promise<Float32Array[]> {
  const input = new Tensor('float32', data, tensorShape(order.input, batch));
  const outputs = await session.run({ [order.input.name]: input }, [order.output]);
  const scores = outputs[order.output]?.data;
  if (!(scores instanceof Float32Array) || scores.length % batch !== 0) {
    throw new TwinlensError('INVALID_ARGUMENT', `The output ${order.output} gave no float32 numbers.`);
  }
  const each = scores.length / batch;
  // Copies: the runtime may use its buffer again.
  return Array.from({ length: batch }, (_, at) => Float32Array.from(scores.subarray(at * each, (at + 1) * each)));
}

async function runTogether(session: InferenceSession, order: RecordOrder, inputs: readonly Float32Array[]) {
  const length = tensorLength(order.input);
  const data = new Float32Array(length * inputs.length);
  for (const [at, values] of inputs.entries()) data.set(values, at * length);
  try {
    return { ok: true, scores: await scoresOf(session, order, data, inputs.length) } as const;
  } catch (error) {
    return { ok: false, reason: firstLine(error) } as const;
  }
}

async function record(order: RecordOrder): Promise<Answer> {
  const session = await open(await read(order.path), order.threads);
  const inputs: Float32Array[] = [];
  for (const data of order.pictures) {
    const pixels = prepareRgb(await decodeImage({ encoding: 'png', data }, order.maxPixels), order.input);
    const values = new Float32Array(tensorLength(order.input));
    normalizeInto(pixels, order.input, values, 0);
    inputs.push(values);
  }
  const scores: Float32Array[] = [];
  let runMs = Number.POSITIVE_INFINITY;
  try {
    for (const values of inputs) {
      const begun = performance.now();
      scores.push(...(await scoresOf(session, order, values, 1)));
      runMs = Math.min(runMs, performance.now() - begun);
    }
  } catch (error) {
    if (error instanceof TwinlensError) throw error;
    throw new TwinlensError('INVALID_ARGUMENT', `The model fails when it runs: ${firstLine(error)}.`, { cause: error });
  }
  const together = order.together ? await runTogether(session, order, inputs) : undefined;
  return { kind: 'recorded', scores, runMs, together };
}

function answer(question: Question): Promise<Answer> {
  switch (question.kind) {
    case 'inspect':
      return inspect(question.path);
    case 'record':
      return record(question);
    default: {
      const impossible: never = question;
      throw new TwinlensError('INTERNAL', `A probe was asked ${JSON.stringify(impossible)}.`);
    }
  }
}

process.once('message', (value) => {
  void (async () => {
    let said: Answer;
    try {
      said = await answer(parseQuestion(value));
    } catch (error) {
      said = { kind: 'failed', error: toErrorBody(error) };
    }
    process.send?.(said);
  })();
});

// Without its gateway a probe has nobody to answer.
process.on('disconnect', () => process.exit(0));
// Signals of the terminal reach every process; the gateway decides when its probes end.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
