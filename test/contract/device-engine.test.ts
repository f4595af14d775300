/** The contract on the browser's engine: the real worker in the real Chromium, called from here. */
import type { CancelSignal, EngineEvent, EngineStatus, InferenceEngine } from '../../core/engine.ts';
import { type ErrorBody, fromErrorBody } from '../../core/errors.ts';
import { openHarness, startHarness } from '../e2e/harness/open.ts';
import { describeInferenceEngine } from './inference-engine.ts';

interface Reply {
  readonly outcome: { readonly value: unknown } | { readonly error: ErrorBody };
  readonly status: EngineStatus;
  readonly events: readonly EngineEvent[];
}

/** Bytes travel as base64: the browser's driver speaks JSON. */
const toText = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

describeInferenceEngine("the browser's worker through its proxy", async () => {
  const server = await startHarness();
  const { page, close } = await openHarness(server.url);
  const listeners = new Set<(event: EngineEvent) => void>();
  let status: EngineStatus = { state: 'empty' };
  let next = 0;

  const call = async (method: 'load' | 'classify' | 'unload', params: unknown, signal?: CancelSignal) => {
    next += 1;
    const id = `call${next}`;
    const abort = () => void page.evaluate((name) => Reflect.get(window, name)?.abort(), id);
    if (!signal?.aborted) signal?.addEventListener('abort', abort, { once: true });
    const reply = (await page.evaluate(
      async ([name, what, given, aborted]) => {
        const { engine, events, outcome } = window.harness;
        const controller = new AbortController();
        if (aborted) controller.abort();
        Reflect.set(window, name, controller);
        const run = () => {
          if (what === 'load') return engine.load(given.spec, { signal: controller.signal });
          if (what === 'unload') return engine.unload();
          const data = Uint8Array.from(atob(given.image.data), (char) => char.charCodeAt(0));
          const top = given.options.top === 'NaN' ? { top: Number.NaN } : {};
          const options = { ...given.options, ...top, signal: controller.signal };
          return engine.classify({ ...given.image, data }, options);
        };
        const ended = await outcome<unknown>(run());
        return { outcome: ended, status: engine.status, events: events.splice(0) };
      },
      [id, method, JSON.parse(JSON.stringify(params)), signal?.aborted ?? false] as const,
    )) as Reply;
    signal?.removeEventListener('abort', abort);
    status = reply.status;
    for (const event of reply.events) for (const listener of listeners) listener(event);
    if ('error' in reply.outcome) throw fromErrorBody(reply.outcome.error);
    return reply.outcome.value;
  };

  const engine: InferenceEngine = {
    get status() {
      return status;
    },
    load: (spec, { signal } = {}) => call('load', { spec }, signal) as ReturnType<InferenceEngine['load']>,
    classify: (image, { signal, ...options } = {}) => {
      const top = Number.isNaN(options.top) ? { top: 'NaN' } : {};
      const params = { image: { ...image, data: toText(image.data) }, options: { ...options, ...top } };
      return call('classify', params, signal) as ReturnType<InferenceEngine['classify']>;
    },
    unload: async () => void (await call('unload', {})),
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  return {
    engine,
    close: async () => {
      await close();
      await server.close();
    },
  };
});
