/**
 * The admin page's composition root: builds gate, poller, desk and the rest, and passes events between them. Loaded
 * after the page has painted. Owns every listener on window and document.
 */
import '../../../core/no-eval.ts';
import { TwinlensClient } from '../../../client/index.ts';
import type { AdminModel, ImportReport, SourceStatus } from '../../../core/admin.ts';
import { TwinlensError } from '../../../core/errors.ts';
import { ENCODINGS_IN_WORDS, SNIFF_BYTES, sniffEncoding } from '../../../core/sniff.ts';
import { browserClock } from '../clock.ts';
import { AdminApi } from './api.ts';
import { Desk } from './desk.ts';
import { Gate } from './gate.ts';
import { Journal } from './journal.ts';
import { NewModel } from './new-model.ts';
import { Overview } from './overview.ts';
import { sendFile } from './send-file.ts';
import { Trial } from './trial.ts';

export type AdminConsole = ReturnType<typeof startConsole>;

/** Classes shown of each version's answer. */
const TRIAL_TOP = 3;

export function startConsole() {
  const base = process.env.NEXT_PUBLIC_GATEWAY_URL ?? '';
  const gate: Gate = new Gate({ storage: tabStorage(), today: Date.now, api: () => api });
  const client = new TwinlensClient({ url: base, token: () => gate.token });
  const api = new AdminApi({
    base,
    fetch: (url, init) => fetch(url, { ...init, cache: 'no-store', redirect: 'error', credentials: 'omit' }),
    sendFile,
    clock: browserClock,
    today: Date.now,
    token: () => gate.token,
  });
  const overview = new Overview({
    ask: () => api.overview(),
    clock: browserClock,
    today: Date.now,
    onAnswer: () => gate.answered(),
    onFailure: (error) => gate.failed(error),
  });
  const journal = new Journal({ fetch: (limit, before) => api.journal(limit, before) });
  const desk = new Desk({
    clock: browserClock,
    model: (name) => overview.model(name),
    perform: async (change) => {
      try {
        show(await guarded(() => api.change(change)));
      } finally {
        overview.refresh();
      }
    },
  });
  const newModel = new NewModel({
    upload: (file, fileName, options) => guarded(() => api.upload(file, fileName, options)),
    startImport: (request) => guarded(() => api.startImport(request)),
    onReport: (report) => {
      overview.put({ report });
      overview.refresh();
    },
    maxUploadBytes: () => overview.view.get().overview?.limits.maxUploadBytes,
  });
  const trial = new Trial({
    classify: async (file, model, signal) => {
      const data = new Uint8Array(await file.arrayBuffer());
      const encoding = sniffEncoding(data.subarray(0, SNIFF_BYTES));
      if (!encoding) {
        throw new TwinlensError('UNSUPPORTED_MEDIA', `The gateway can’t read this photo; use ${ENCODINGS_IN_WORDS}.`);
      }
      return client.classifyHttp({ encoding, data }, { model, top: TRIAL_TOP, signal });
    },
    stableOf: (model) => overview.model(model)?.labels.stable,
    urls: { create: (file) => URL.createObjectURL(file), revoke: (url) => URL.revokeObjectURL(url) },
  });

  /** A session that ended shows the sign-in, whoever found out. */
  async function guarded<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (failure) {
      if (failure instanceof TwinlensError && failure.code === 'UNAUTHENTICATED') {
        gate.failed({ code: failure.code, message: failure.message, retryable: false });
      }
      throw failure;
    }
  }

  function show(answer: AdminModel | SourceStatus | ImportReport | undefined): void {
    if (!answer) return;
    if ('versions' in answer) overview.put({ model: answer });
    else if ('offers' in answer) overview.put({ source: answer });
    else overview.put({ report: answer });
  }

  gate.view.subscribe(() => {
    const { state } = gate.view.get();
    const out = state === 'closed' || state === 'refused';
    overview.pause('signed-out', out);
    if (!out) return;
    // What was seen with the token is not left on the screen without it.
    overview.clear();
    journal.clear();
    trial.close();
  });
  overview.view.subscribe(() => {
    const entries = overview.view.get().overview?.journal;
    if (entries) journal.latest(entries);
  });
  const followVisibility = () => overview.pause('hidden', document.visibilityState === 'hidden');
  document.addEventListener('visibilitychange', followVisibility);
  window.addEventListener('online', () => overview.refresh());
  // Leaving ends an upload, so the browser asks first.
  window.addEventListener('beforeunload', (event) => {
    if (newModel.isUnderWay) event.preventDefault();
  });
  followVisibility();
  overview.refresh();

  return { gate, overview, journal, desk, newModel, trial };
}

/** The tab's storage, or undefined where the browser's settings forbid even to look at it. */
function tabStorage(): Storage | undefined {
  try {
    return globalThis.sessionStorage;
  } catch {
    return undefined;
  }
}
