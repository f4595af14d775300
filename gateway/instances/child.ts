/**
 * An instance: the forked process that decodes images and runs ONNX Runtime, so that neither a long
 * run nor a crash in native code touches the sockets. Serves only after its goldens passed, and every batch
 * size ran, on the provider that will run. Ends when its parent is gone. Knows no queue: it runs what it is sent, in order.
 */
import { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { GatewayProvider } from '../../core/engine.ts';
import { asTwinlensError, TwinlensError, toErrorBody } from '../../core/errors.ts';
import { checkGolden } from '../../core/golden.ts';
import { type Manifest, parseClassNames, variantOf } from '../../core/manifest.ts';
import { normalizeInto, tensorLength } from '../../core/normalize.ts';
import { prepareRgb } from '../../core/resize.ts';
import { probabilities } from '../../core/scores.ts';
import { BatchRunner } from './batch-runner.ts';
import { largestBatch } from './batches.ts';
import { decodeImage } from './decode.ts';
import { checkGpuRoom } from './gpu-room.ts';
import { checkSelfContained } from './onnx-file.ts';
import { pace, usualPhoto } from './pace.ts';
import { readPackageFile, readPackageJson } from './package-files.ts';
import { MessageReader, PIPE_FD, writeMessage } from './pipe.ts';
import { firstThatWorks } from './provider-chain.ts';
import { createSession, type ModelSession } from './session.ts';
import { type RunCost, warmUp } from './warm-up.ts';
import { type FromInstance, parseToInstance, type RunItem, type ToInstance } from './wire.ts';

type LoadOrder = Extract<ToInstance, { type: 'load' }>;

interface Model {
  /** Why the providers before the session's don't run it. */
  readonly note: string | undefined;
  readonly session: ModelSession;
  /** What runs cost, where the warm-up measured it. */
  readonly costs: readonly RunCost[];
  readonly batches: BatchRunner;
}

const reader = new MessageReader((message) => receive(parseToInstance(message)));
// In a variable, because the types of Node 20 don't know `onread`.
const options = {
  fd: PIPE_FD,
  // Pictures are read straight to where they stay.
  onread: {
    buffer: () => reader.room,
    callback: (bytes: number) => {
      reader.filled(bytes);
      return true;
    },
  },
};
const pipe = new Socket(options);

function send(message: FromInstance): void {
  writeMessage(pipe, message);
}

async function checkGoldens(
  folder: string,
  manifest: Manifest,
  session: ModelSession,
  maxPixels: number,
): Promise<void> {
  for (const golden of manifest.goldens) {
    const data = await readPackageFile(folder, manifest, golden.image);
    const pixels = prepareRgb(await decodeImage({ encoding: 'png', data }, maxPixels), manifest.input);
    const values = new Float32Array(tensorLength(manifest.input));
    normalizeInto(pixels, manifest.input, values, 0);
    const { ok, message } = checkGolden(golden, probabilities(await session.run(values, 1), manifest.output));
    if (!ok) throw new TwinlensError('ENGINE_FAILED', `The model is not right on ${session.provider}: ${message}.`);
  }
}

async function load(order: LoadOrder): Promise<Model> {
  const { folder, manifest, maxPixels } = order;
  send({ type: 'stage', stage: 'load' });
  const file = await readPackageFile(folder, manifest, variantOf(manifest).file);
  checkSelfContained(file);
  const classNames = parseClassNames(
    await readPackageJson(folder, manifest, manifest.output.classNames),
    manifest.output,
  );
  const { value, note } = await firstThatWorks(order.providers, (provider) => open(file, order, provider));
  const { session, costs } = value;
  const onThreads = session.provider !== 'cpu' || order.decodeOnThreads;
  const decoding = { maxPixels, onThreads };
  return { session, costs, note, batches: new BatchRunner({ manifest, classNames, session, decoding }) };
}

/** A session that is right, and has run every batch size, on this provider. */
async function open(
  file: Uint8Array,
  order: LoadOrder,
  provider: GatewayProvider,
): Promise<Pick<Model, 'session' | 'costs'>> {
  const { folder, manifest, runtime, maxPixels } = order;
  await checkGpuRoom(provider, runtime.gpuMemoryPercent);
  const session = await createSession(file, manifest, provider, runtime);
  try {
    send({ type: 'stage', stage: 'goldens' });
    await checkGoldens(folder, manifest, session, maxPixels);
    send({ type: 'stage', stage: 'warm-up' });
    const length = tensorLength(manifest.input);
    const costs = await warmUp(
      largestBatch(session.provider, order.batchMax, manifest),
      (size) => session.run(new Float32Array(size * length), size),
      order.measure ? () => performance.now() : undefined,
    );
    return { session, costs };
  } catch (error) {
    await session.release();
    throw error;
  }
}

/** Milliseconds for which a look at the memory counts: each opens a file. */
const RSS_MS = 250;
let rss = { bytes: 0, at: Number.NEGATIVE_INFINITY };
function residentBytes(): number {
  const now = performance.now();
  if (now - rss.at > RSS_MS) rss = { bytes: process.memoryUsage.rss(), at: now };
  return rss.bytes;
}

let model: Promise<Model> | undefined;
async function run(id: number, order: readonly RunItem[]): Promise<void> {
  try {
    if (!model) throw new TwinlensError('INTERNAL', 'A run was sent before the model.');
    const { batches } = await model;
    const { items, infer, batchSize } = await batches.run(order);
    send({ type: 'ran', id, items, infer, batchSize, residentBytes: residentBytes() });
  } catch (error) {
    const failed = toErrorBody(asTwinlensError(error, 'ENGINE_FAILED'));
    const items = order.map(() => ({ ok: false, error: failed }) as const);
    send({ type: 'ran', id, items, infer: 0, batchSize: 0, residentBytes: residentBytes() });
  }
}

let photo: Promise<Uint8Array> | undefined;
async function tryPace(ms: number): Promise<void> {
  let perSecond = 0;
  try {
    photo ??= usualPhoto();
    if (model) perSecond = await pace((await model).batches, await photo, ms);
  } catch {
    // One that can't answer is no quick one; requests hear why.
  }
  send({ type: 'paced', perSecond });
}

function begin(order: LoadOrder): void {
  model = load(order);
  model.then(
    ({ session: { provider }, note, costs }) =>
      send({ type: 'loaded', provider, note, costs, residentBytes: residentBytes() }),
    (error) => send({ type: 'loadFailed', error: toErrorBody(error) }),
  );
}

function receive(message: ToInstance): void {
  switch (message.type) {
    case 'load':
      begin(message);
      return;
    case 'run':
      void run(message.id, message.items);
      return;
    case 'pace':
      void tryPace(message.ms);
      return;
    default: {
      const impossible: never = message;
      throw new TwinlensError('INTERNAL', `An instance was sent ${JSON.stringify(impossible)}.`);
    }
  }
}

// Without its gateway an instance has nobody to answer.
pipe.on('end', () => process.exit(0));
pipe.on('error', () => process.exit(0));
// Ctrl+C, a closed terminal and service managers reach every process; the gateway decides when its instances end.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
