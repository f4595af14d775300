/**
 * The camera: opens, switches and closes it, lists the others, and turns what browsers throw into one
 * problem with a name. Guarantees: at most one camera is open, and a late answer of an earlier start
 * is closed at once. Knows no frames and no page.
 */
import { type ReadableStore, Store } from './store.ts';

export type CameraProblem = 'insecure' | 'unsupported' | 'no-camera' | 'denied' | 'busy' | 'lost' | 'unknown';
export type Facing = 'user' | 'environment';

export interface CameraDevice {
  readonly deviceId: string;
  readonly label: string;
}

export type CameraState =
  | { readonly state: 'off' }
  | { readonly state: 'starting' }
  | {
      readonly state: 'on';
      readonly stream: MediaStream;
      readonly deviceId: string;
      /** Which way it looks, where the browser tells. */
      readonly facing: Facing | undefined;
      readonly muted: boolean;
    }
  | { readonly state: 'failed'; readonly problem: CameraProblem };

export interface CameraView {
  readonly camera: CameraState;
  /** Named once the visitor has allowed a camera; browsers hide the names before. */
  readonly devices: readonly CameraDevice[];
}

export type CameraChoice = { readonly deviceId: string } | { readonly facing: Facing } | undefined;

/** The slice of `navigator.mediaDevices` that is used; undefined where the page may not have it. */
export type MediaSource = Pick<
  MediaDevices,
  'getUserMedia' | 'enumerateDevices' | 'addEventListener' | 'removeEventListener'
>;

export interface CameraOptions {
  readonly media: MediaSource | undefined;
  readonly secure: boolean;
}

export class Camera {
  readonly #options: CameraOptions;
  readonly #view = new Store<CameraView>({ camera: { state: 'off' }, devices: [] });
  #turn = 0;
  #choice: CameraChoice;
  readonly #onDeviceChange = () => {
    void this.#devicesChanged();
  };

  constructor(options: CameraOptions) {
    this.#options = options;
    options.media?.addEventListener('devicechange', this.#onDeviceChange);
  }

  get view(): ReadableStore<CameraView> {
    return this.#view;
  }

  /** Opens the chosen camera (default: the one that looks away), closing the one that is open. */
  async start(choice: CameraChoice = this.#choice): Promise<void> {
    const turn = this.#next();
    this.#choice = choice;
    const { media, secure } = this.#options;
    if (!media) return this.#show({ state: 'failed', problem: secure ? 'unsupported' : 'insecure' });
    this.#show({ state: 'starting' });
    let stream: MediaStream;
    try {
      stream = await open(media, choice);
    } catch (failure) {
      if (turn !== this.#turn) return;
      const problem = problemOf(failure);
      // A camera remembered from before may be gone: any other will do.
      if (problem === 'no-camera' && choice && 'deviceId' in choice) return this.start({ facing: 'environment' });
      return this.#show({ state: 'failed', problem });
    }
    const track = stream.getVideoTracks()[0];
    if (turn !== this.#turn || !track) {
      closeStream(stream);
      if (turn === this.#turn) this.#show({ state: 'failed', problem: 'no-camera' });
      return;
    }
    const settings = track.getSettings();
    const on = (muted: boolean) => {
      if (turn !== this.#turn) return;
      this.#show({ state: 'on', stream, deviceId: settings.deviceId ?? '', facing: facingOf(settings), muted });
    };
    track.addEventListener('mute', () => on(true));
    track.addEventListener('unmute', () => on(false));
    track.addEventListener('ended', () => {
      if (turn !== this.#turn) return;
      this.#next();
      this.#show({ state: 'failed', problem: 'lost' });
      void this.#list();
    });
    on(track.muted);
    await this.#list();
  }

  stop(): void {
    this.#next();
    this.#show({ state: 'off' });
  }

  /** The camera that looks the other way; on a device that does not tell, the next in the list. */
  async flip(): Promise<void> {
    const { camera, devices } = this.#view.get();
    if (camera.state !== 'on') return;
    if (camera.facing) return this.start({ facing: camera.facing === 'user' ? 'environment' : 'user' });
    const next = devices[(devices.findIndex((device) => device.deviceId === camera.deviceId) + 1) % devices.length];
    if (next) await this.start({ deviceId: next.deviceId });
  }

  close(): void {
    this.stop();
    this.#options.media?.removeEventListener('devicechange', this.#onDeviceChange);
  }

  /** Makes earlier starts stale and closes what is open. */
  #next(): number {
    const { camera } = this.#view.get();
    if (camera.state === 'on') closeStream(camera.stream);
    this.#turn += 1;
    return this.#turn;
  }

  async #devicesChanged(): Promise<void> {
    await this.#list();
    const { camera, devices } = this.#view.get();
    if (camera.state !== 'failed' || devices.length === 0) return;
    if (camera.problem === 'lost' || camera.problem === 'no-camera') await this.start();
  }

  async #list(): Promise<void> {
    if (!this.#options.media) return;
    const turn = this.#turn;
    const all = await this.#options.media.enumerateDevices().catch((): MediaDeviceInfo[] => []);
    if (turn !== this.#turn) return;
    const devices = all
      .filter((device) => device.kind === 'videoinput' && device.deviceId !== '')
      .map((device, index) => ({ deviceId: device.deviceId, label: cameraLabel(device.label, index) }));
    this.#view.update((view) => ({ ...view, devices }));
  }

  #show(camera: CameraState): void {
    this.#view.update((view) => ({ ...view, camera }));
  }
}

function open(media: MediaSource, choice: CameraChoice): Promise<MediaStream> {
  const which: MediaTrackConstraints =
    choice && 'deviceId' in choice
      ? { deviceId: { exact: choice.deviceId } }
      : { facingMode: { ideal: choice?.facing ?? 'environment' } };
  return media.getUserMedia({
    audio: false,
    video: { ...which, width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } },
  });
}

function closeStream(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}

function facingOf(settings: MediaTrackSettings): Facing | undefined {
  return settings.facingMode === 'user' || settings.facingMode === 'environment' ? settings.facingMode : undefined;
}

/** A name fit to show: without the USB ids that browsers append, without folders, never empty. */
export function cameraLabel(label: string, index: number): string {
  const short = label
    .replace(/\s*\([0-9a-f]{4}:[0-9a-f]{4}\)\s*$/i, '')
    .replace(/^.*[\\/]/, '')
    .trim();
  return short || `Camera ${index + 1}`;
}

/** What `getUserMedia` rejected with, by the names of the Media Capture specification. */
export function problemOf(failure: unknown): CameraProblem {
  const name = failure instanceof Error || failure instanceof DOMException ? failure.name : '';
  switch (name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return 'denied';
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'no-camera';
    case 'NotReadableError':
    case 'AbortError':
    case 'TrackStartError':
      return 'busy';
    case 'TypeError':
      return 'insecure';
    default:
      return 'unknown';
  }
}
