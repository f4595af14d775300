/**
 * The page's composition root: builds engine, client, router and controllers, and passes events between
 * them. Loaded after the page has painted. Owns every listener on window and document.
 */

import '../../core/no-eval.ts';
import { TwinlensClient } from '../../client/index.ts';
import type { NoticeCode } from '../../core/engine.ts';
import { TwinlensError } from '../../core/errors.ts';
import type { RoutingMode } from '../../core/routing.ts';
import { createDeviceEngine } from '../../workers/index.ts';
import { Camera } from './camera.ts';
import { browserClock } from './clock.ts';
import { DeviceReports } from './device-reports.ts';
import { toCsv, toJson } from './export.ts';
import { type LiveFrame, VideoFrames } from './frames.ts';
import { gatewayCondition } from './gateway-condition.ts';
import { History, isHistoryEntry } from './history.ts';
import { openKeyValue } from './key-value.ts';
import { LiveLoop } from './live.ts';
import { LiveAnswers } from './live-answers.ts';
import { DeviceModel } from './model.ts';
import { ModelUpdates } from './model-updates.ts';
import { PhotoAnswers } from './photo-answers.ts';
import { Photos } from './photos.ts';
import { thumbnail, thumbnailOfFile, thumbnailOfPixels } from './pictures.ts';
import { download, newId, registerServiceWorker } from './platform.ts';
import { Preferences, pageStorage } from './preferences.ts';
import { isCachedAnswer, ResultCache } from './result-cache.ts';
import { EngineRouter } from './router.ts';
import { type ReadableStore, Store } from './store.ts';

export interface EngineNotice {
  readonly id: number;
  readonly code: NoticeCode;
  readonly message: string;
}

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
    newId,
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
  const online = new Store(navigator.onLine);
  const reports = new DeviceReports(preferences.mode, {
    clock: browserClock,
    // A beacon may outlive the page. One that does not arrive is lost; nothing depends on it.
    send: (report) => {
      const body = new Blob([JSON.stringify(report)], { type: 'application/json' });
      navigator.sendBeacon(`${gatewayUrl}/v1/device-reports`, body);
    },
  });
  const notices = new Store<readonly EngineNotice[]>([]);

  const liveAnswers = new LiveAnswers({
    engine,
    gateway: (image, options) => client.classify(image, options),
    model,
    router,
    clock: browserClock,
    onAnswer: (answer) => reports.answered(answer),
  });
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
      reports.answered(answer);
      const picture = prepared
        ? thumbnailOfPixels(prepared.pixels, prepared.width, prepared.height)
        : await thumbnailOfFile(file);
      if (!signal.aborted) history.add(answer, name, picture);
      return answer;
    },
  });

  const live = new LiveLoop<LiveFrame>({
    source: frames,
    answer: (frame, signal) => liveAnswers.answer(frame, signal),
    clock: browserClock,
  });

  const followGateway = () => router.setGateway(gatewayCondition(client.state, router.view.get().gateway));
  client.subscribe((event) => {
    switch (event.type) {
      case 'state':
        followGateway();
        if (event.state.state === 'open') {
          reports.asked(event.state.welcome.deviceReports);
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

  // It fetches the whole page once more: not while the first answer needs both cores and the line.
  let keepsPage = false;
  const keepPage = () => {
    if (keepsPage || model.view.get().model.state === 'loading') return;
    keepsPage = true;
    registerServiceWorker();
  };
  let wasReady = false;
  model.view.subscribe(() => {
    keepPage();
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
      followGateway();
    } else client.connect();
    model.setMode(mode);
    updates.setMode(mode);
    reports.setMode(mode);
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
      liveAnswers.clear();
    }
  });
  const followVisibility = () => {
    live.pause('hidden', document.visibilityState === 'hidden');
    if (document.visibilityState === 'visible' && wasReady) updates.check();
    // Often the last that a page hears; what is sent later, while it is torn down, may be lost.
    if (document.visibilityState === 'hidden') reports.leaving();
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
  window.addEventListener('pagehide', () => reports.leaving());

  applyMode(preferences.mode);
  void cache.open();
  void history.open();

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
    reporting: reports.reporting,
    liveAnswer: liveAnswers.view,
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
      const shown = liveAnswers.view.get();
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
