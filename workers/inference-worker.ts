/**
 * The composition root of the inference worker: builds the engine and translates between its methods
 * and the messages of `wire.ts`. Every call is answered exactly once.
 */
import '../core/no-eval.ts';
import { TwinlensError, toErrorBody } from '../core/errors.ts';
import { type FromWorker, type Method, type Params, parseParams, parseToWorker, type Result } from './wire.ts';
import { WorkerEngine } from './worker-engine.ts';

type Handler<M extends Method> = (engine: WorkerEngine, params: Params<M>, signal: AbortSignal) => Promise<Result<M>>;

const handlers: { readonly [M in Method]: Handler<M> } = {
  load: (engine, { spec }, signal) => engine.load(spec, { signal }),
  unload: async (engine) => {
    await engine.unload();
    return {};
  },
  describe: (engine, { spec }, signal) => engine.describe(spec, signal),
  classify: async (engine, { image, options }, signal) => own(await engine.classify(image, { ...options, signal })),
  prepare: (engine, { picture }) => engine.prepare(picture),
  classifyPrepared: async (engine, { prepared, options }, signal) =>
    own(await engine.classifyPrepared(prepared, { ...options, signal })),
  classifyPicture: async (engine, { picture, options }, signal) =>
    own(await engine.classifyPicture(picture, { ...options, signal })),
  encode: (engine, { picture }) => engine.encode(picture),
  capabilities: (engine) => engine.capabilities(),
  clearStore: async (engine) => {
    await engine.clearStore();
    return {};
  },
};

/** The wire's own copy of a classification, whose list is not read-only. */
const own = <T extends { readonly predictions: readonly unknown[] }>(value: T) => ({
  ...value,
  predictions: [...value.predictions] as T['predictions'][number][],
});

let engine: WorkerEngine | undefined;
const inFlight = new Map<number, AbortController>();

function post(message: FromWorker, transfer: Transferable[] = []): void {
  self.postMessage(message, { transfer });
}

/** Big results move instead of being copied. */
function buffersOf(value: object): Transferable[] {
  const found = 'pixels' in value ? value.pixels : 'data' in value ? value.data : undefined;
  return found instanceof Uint8Array && found.buffer instanceof ArrayBuffer ? [found.buffer] : [];
}

async function call<M extends Method>(id: number, method: M, params: unknown): Promise<void> {
  const abort = new AbortController();
  inFlight.set(id, abort);
  try {
    if (!engine) throw new TwinlensError('INTERNAL', 'The worker was called before it was started.');
    const value = await handlers[method](engine, parseParams(method, params), abort.signal);
    post({ kind: 'value', id, value }, buffersOf(value));
  } catch (error) {
    post({ kind: 'error', id, error: toErrorBody(error) });
  } finally {
    inFlight.delete(id);
  }
}

self.onmessage = (event: MessageEvent) => {
  const message = parseToWorker(event.data);
  switch (message.kind) {
    case 'start': {
      const { gatewayUrl, backend } = message;
      // After the answer of the call that found it out.
      const onNeedsReplacement = (reason: string) => setTimeout(() => post({ kind: 'replace', reason }));
      engine = new WorkerEngine({ gatewayUrl, backend, onNeedsReplacement });
      engine.subscribe((happened) => post({ kind: 'event', event: happened }));
      return;
    }
    case 'call':
      void call(message.id, message.method, message.params);
      return;
    case 'cancel':
      inFlight.get(message.id)?.abort();
      return;
    default: {
      const impossible: never = message;
      throw new TwinlensError('INTERNAL', `Unknown message: ${JSON.stringify(impossible)}`);
    }
  }
};

post({ kind: 'hello' });
