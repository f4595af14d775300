/**
 * The page's composition root: builds engine, client, router and controllers, and passes events between
 * them. Loaded after the page has painted. Owns every listener on window and document.
 */

import '../../core/no-eval.ts';
import { TwinlensClient } from '../../client/index.ts';
import type { NoticeCode } from '../../core/engine.ts';
import { TwinlensError } from '../../core/errors.ts';
import type { GatewayCondition, RoutingMode } from '../../core/routing.ts';
import { createDeviceEngine } from '../../workers/index.ts';
import type { Answer } from './answer.ts';
import { Camera } from './camera.ts';
import { browserClock } from './clock.ts';
import { toCsv, toJson } from './export.ts';
import { copyFrame, type LiveFrame, VideoFrames } from './frames.ts';
import { History, isHistoryEntry } from './history.ts';
import { openKeyValue } from './key-value.ts';
import { LiveLoop } from './live.ts';
import { DeviceModel, specOf } from './model.ts';
import { ModelUpdates } from './model-updates.ts';
import { PhotoAnswers } from './photo-answers.ts';
import { Photos } from './photos.ts';
import { thumbnail, thumbnailOfPixels } from './pictures.ts';
import { Preferences, pageStorage } from './preferences.ts';
import { isCachedAnswer, ResultCache } from './result-cache.ts';
import { EngineRouter } from './router.ts';
import { type Smoothed, type Steadiness, smooth, steady } from './smoothing.ts';
import { type ReadableStore, Store } from './store.ts';

export interface LiveAnswer {
  /** The newest frame's own. */
  readonly answer: Answer;
  readonly smoothed: Smoothed;
  readonly steadiness: Steadiness;
}

export interface EngineNotice {
  readonly id: number;
  readonly code: NoticeCode;
  readonly message: string;
}

/** Milliseconds in which one frame must be answered, fallback included. */
const FRAME_DEADLINE_MS = 3_000;
/** Classes asked for while live: more than are shown, so that fading ones keep their score. */
const LIVE_TOP = 12;
const HALF_LIFE_MS = 160;
const MAX_NOTICES = 3;

export type Runtime = ReturnType<typeof startRuntime>;

export function startRuntime() {
  const gatewayUrl = process.env.NEXT_PUBLIC_GATEWAY_URL ?? '';
  const preferences = new Preferences(pageStorage());
  const client = new TwinlensClient({ url: gatewayUrl });
  const engine = createDeviceEngine({ gatewayUrl });
  const router = new EngineRouter({ mode: preferences.mode, clock: browserClock });
  const cache = new ResultCache({ values: openKeyValue('twinlens-results', isCachedAnswer), today: Date.now });
  const history = new History({
    values: openKeyValue('twinlens-history', isHistoryEntry),
    today: Date.now,
    newId: newId,
  });
  const model = new DeviceModel({
    engine,
    remembered: preferences,
    findName: async () => {
      const models = await client.models();
      const found = models.find((entry) => entry.default) ?? models[0];
      if (!found) throw new TwinlensError('MODEL_NOT_FOUND', 'The gateway has no model.');
      return found.name;
    },
  });
  const updates = new ModelUpdates({
    model,
    offers: () => client.models(),
    clock: browserClock,
    random: Math.random,
    visible: () => document.visibilityState === 'visible',
  });
  const camera = new Camera({
    media: typeof navigator.mediaDevices?.getUserMedia === 'function' ? navigator.mediaDevices : undefined,
    secure: window.isSecureContext,
  });
  const frames = new VideoFrames();
  const liveAnswer = new Store<LiveAnswer | undefined>(undefined);
  const online = new Store(navigator.onLine);
  const notices = new Store<readonly EngineNotice[]>([]);

  const photoAnswers = new PhotoAnswers({
    engine,
    gateway: (image, options) => client.classify(image, options),
    describe: () => model.describe(),
    router,
    cache,
    clock: browserClock,
  });
  const photos = new Photos({
    newId,
    urls: { create: (file) => URL.createObjectURL(file), revoke: (url) => URL.revokeObjectURL(url) },
    answer: async (file, name, signal) => {
      const { answer, prepared } = await photoAnswers.answer(file, signal);
      const picture = prepared
        ? thumbnailOfPixels(prepared.pixels, prepared.width, prepared.height)
        : await thumbnailOfFile(file);
      if (!signal.aborted) history.add(answer, name, picture);
      return answer;
    },
  });

  async function answerFrame(frame: LiveFrame, signal: AbortSignal): Promise<void> {
    try {
      const answer = await router.classify(
        {
          device: async (attempt) => {
            const copy = await copyFrame(frame);
            const { status } = engine;
            const classes = status.state === 'ready' ? status.model.classes : LIVE_TOP;
            return engine.classifyPicture(copy, { ...attempt, top: Math.min(LIVE_TOP, classes) });
          },
          gateway: async (attempt) => {
            await model.describe();
            const image = await engine.encode(await copyFrame(frame), { signal: attempt.signal });
            if (attempt.signal.aborted) throw new TwinlensError('CANCELLED', 'The frame was cancelled.');
            const { manifest } = model.view.get();
            return client.classify(image, {
              ...attempt,
              top: Math.min(LIVE_TOP, manifest?.output.classes ?? LIVE_TOP),
              stream: 'live',
              priority: 'high',
              ...(manifest ? { model: manifest.name } : {}),
            });
          },
        },
        { deadlineMs: FRAME_DEADLINE_MS, signal },
      );
      if (!signal.aborted) showLive(answer);
    } finally {
      frame.close();
    }
  }

  function showLive(answer: Answer): void {
    const now = browserClock.now();
    const before = liveAnswer.get();
    const notSureBelow = model.view.get().manifest?.notSureBelow ?? 0;
    const smoothed = smooth(before?.smoothed, answer.result.predictions, now, {
      halfLifeMs: HALF_LIFE_MS,
      notSureBelow,
      model: specOf({ name: answer.result.model, version: answer.result.version }),
    });
    const name = smoothed.notSure ? 'Not sure' : (smoothed.predictions[0]?.label ?? 'Not sure');
    liveAnswer.set({ answer, smoothed, steadiness: steady(before?.steadiness, name, now) });
  }

  const live = new LiveLoop<LiveFrame>({ source: frames, answer: answerFrame, clock: browserClock });

  // The gateway's connection, as the router sees it.
  function gatewayCondition(): GatewayCondition {
    const { state } = client;
    const before = router.view.get().gateway;
    switch (state.state) {
      case 'open':
        return { state: 'ready' };
      case 'idle':
        return { state: 'connecting' };
      case 'connecting':
        // After a failed attempt it stays unreachable until it is really open.
        return before.state === 'unreachable' && state.attempt > 1 ? before : { state: 'connecting' };
      case 'waiting':
        return { state: 'unreachable', reason: state.reason };
      case 'closed':
        return { state: 'unreachable', reason: state.error?.message ?? 'The page is not connected to it.' };
      default: {
        const never: never = state;
        return never;
      }
    }
  }
  client.subscribe((event) => {
    switch (event.type) {
      case 'state':
        router.setGateway(gatewayCondition());
        if (event.state.state === 'open') {
          model.networkBack();
          updates.check();
          photos.retryUnavailable();
        }
        return;
      case 'goodbye':
        router.setGateway({ state: 'draining' });
        return;
      case 'model':
        updates.heard(event);
        return;
      default:
        event satisfies never;
    }
  });

  let wasReady = false;
  model.view.subscribe(() => {
    router.setDevice(model.condition);
    const ready = model.view.get().model.state === 'ready';
    if (ready && !wasReady) {
      photos.retryUnavailable();
      // Another version may have come while this one was loading.
      updates.check();
    }
    wasReady = ready;
  });

  let lastNotice = 0;
  engine.subscribe((event) => {
    // Which backend was chosen and why is told where the engine is described; it needs no banner.
    if (event.type !== 'notice' || event.code === 'BACKEND_CHOSEN' || event.code === 'WEBGPU_REJECTED') return;
    lastNotice += 1;
    const { code, message } = event;
    const others = notices.get().filter((notice) => notice.code !== code);
    notices.set([...others, { id: lastNotice, code, message }].slice(-MAX_NOTICES));
  });

  function applyMode(mode: RoutingMode): void {
    router.setMode(mode);
    if (mode === 'only-device') {
      client.close();
      router.setGateway(gatewayCondition());
    } else client.connect();
    model.setMode(mode);
    updates.setMode(mode);
    // In gateway modes pictures are still prepared here, by the manifest.
    if (mode === 'only-gateway') void model.describe().catch(() => undefined);
  }

  // The camera and the loop follow each other.
  camera.view.subscribe(() => {
    const { camera: state } = camera.view.get();
    live.pause('muted', state.state === 'on' && state.muted);
    if (state.state === 'on') {
      if (state.deviceId) preferences.camera = state.deviceId;
      live.start();
    } else {
      live.stop();
      liveAnswer.set(undefined);
    }
  });
  const followVisibility = () => {
    live.pause('hidden', document.visibilityState === 'hidden');
    if (document.visibilityState === 'visible' && wasReady) updates.check();
  };
  document.addEventListener('visibilitychange', followVisibility);
  followVisibility();
  const followNetwork = () => {
    online.set(navigator.onLine);
    if (!navigator.onLine) return;
    if (router.view.get().mode !== 'only-device') client.connect();
    model.networkBack();
    updates.check();
  };
  window.addEventListener('online', followNetwork);
  window.addEventListener('offline', followNetwork);

  applyMode(preferences.mode);
  void cache.open();
  void history.open();
  registerServiceWorker();

  return {
    camera,
    live,
    frames,
    photos,
    history,
    cache,
    model,
    updates,
    router: router.view,
    liveAnswer: liveAnswer as ReadableStore<LiveAnswer | undefined>,
    online: online as ReadableStore<boolean>,
    notices: notices as ReadableStore<readonly EngineNotice[]>,
    dismiss: (id: number) => notices.update((list) => list.filter((notice) => notice.id !== id)),
    setMode: (mode: RoutingMode) => {
      preferences.mode = mode;
      applyMode(mode);
    },
    startCamera: () => camera.start(preferences.camera ? { deviceId: preferences.camera } : undefined),
    reconnect: () => {
      if (router.view.get().mode !== 'only-device') client.connect();
    },
    /** Puts the answer on screen and its picture into the history. */
    keepLive: (video: HTMLVideoElement) => {
      const shown = liveAnswer.get();
      if (!shown) return;
      const { answer, smoothed } = shown;
      const result = { ...answer.result, predictions: smoothed.predictions.slice(0, 5), notSure: smoothed.notSure };
      history.add({ ...answer, result }, 'camera', thumbnail(video, video.videoWidth, video.videoHeight));
    },
    exportJson: () => download('twinlens-history.json', 'application/json', toJson(history.view.get().entries)),
    exportCsv: () => download('twinlens-history.csv', 'text/csv;charset=utf-8', toCsv(history.view.get().entries)),
    capabilities: () => engine.capabilities(),
    clearStore: async () => {
      await engine.clearStore();
      await cache.clear();
    },
  };
}

/** `crypto.randomUUID` is missing on insecure origins. */
function newId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

async function thumbnailOfFile(file: Blob): Promise<string> {
  try {
    const bitmap = await createImageBitmap(file);
    const picture = thumbnail(bitmap, bitmap.width, bitmap.height);
    bitmap.close();
    return picture;
  } catch {
    return ''; // A format that only the gateway can read; the history shows the name alone.
  }
}

function download(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The download has begun once the click returns, but some browsers read the URL later.
  browserClock.after(60_000, () => URL.revokeObjectURL(url));
}

function registerServiceWorker(): void {
  if (process.env.NODE_ENV !== 'production' || !window.isSecureContext || !('serviceWorker' in navigator)) return;
  // Without it the page works, only not offline.
  navigator.serviceWorker.register('/service-worker.js').catch(() => undefined);
}
