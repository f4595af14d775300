import { expect, test } from 'vitest';
import { settle } from '../../test/doubles/fake-clock.ts';
import { Camera, cameraLabel, type MediaSource, problemOf } from './camera.ts';

class FakeTrack extends EventTarget {
  muted = false;
  stopped = false;
  readonly settings: MediaTrackSettings;
  constructor(settings: MediaTrackSettings) {
    super();
    this.settings = settings;
  }
  getSettings(): MediaTrackSettings {
    return this.settings;
  }
  stop(): void {
    this.stopped = true;
  }
}

/** The platform's camera list, with the answer to the next `getUserMedia` in the test's hands. */
class FakeMedia extends EventTarget {
  readonly asked: MediaStreamConstraints[] = [];
  readonly tracks: FakeTrack[] = [];
  devices: { kind: string; deviceId: string; label: string }[] = [];
  next: (() => Promise<FakeTrack>) | undefined;

  async getUserMedia(constraints: MediaStreamConstraints) {
    this.asked.push(constraints);
    const track = this.next ? await this.next() : new FakeTrack({ deviceId: 'a' });
    this.tracks.push(track);
    return { getVideoTracks: () => [track], getTracks: () => [track] };
  }
  async enumerateDevices() {
    return this.devices;
  }
}

function setUp() {
  const media = new FakeMedia();
  // The fake has the members that Camera uses and no others.
  const camera = new Camera({ media: media as unknown as MediaSource, secure: true });
  return { media, camera, state: () => camera.view.get().camera };
}

const rejectWith = (name: string) => () => Promise.reject(new DOMException('no', name));

test.each([
  ['NotAllowedError', 'denied'],
  ['NotFoundError', 'no-camera'],
  ['OverconstrainedError', 'no-camera'],
  ['NotReadableError', 'busy'],
  ['SomethingElse', 'unknown'],
] as const)('%s is the problem %s', async (name, problem) => {
  const { media, camera, state } = setUp();
  media.next = rejectWith(name);
  await camera.start();
  expect(state()).toEqual({ state: 'failed', problem });
  expect(problemOf(new DOMException('no', name))).toBe(problem);
});

test('without media devices an insecure page says so, a secure one that the browser has none', async () => {
  for (const [secure, problem] of [
    [false, 'insecure'],
    [true, 'unsupported'],
  ] as const) {
    const camera = new Camera({ media: undefined, secure });
    await camera.start();
    expect(camera.view.get().camera).toEqual({ state: 'failed', problem });
  }
});

test('a start that answers after stop is closed at once', async () => {
  const { media, camera, state } = setUp();
  const track = new FakeTrack({ deviceId: 'a' });
  let release: () => void = () => undefined;
  media.next = () =>
    new Promise((resolve) => {
      release = () => resolve(track);
    });
  const starting = camera.start();
  camera.stop();
  release();
  await starting;
  expect(track.stopped).toBe(true);
  expect(state()).toEqual({ state: 'off' });
});

test('choosing another camera closes the one that is open', async () => {
  const { media, camera, state } = setUp();
  await camera.start();
  await camera.start({ deviceId: 'b' });
  expect(media.tracks[0]?.stopped).toBe(true);
  expect(media.asked[1]?.video).toMatchObject({ deviceId: { exact: 'b' } });
  expect(state().state).toBe('on');
});

test('a chosen camera that is gone gives way to any other', async () => {
  const { media, camera, state } = setUp();
  media.next = async () => {
    media.next = undefined;
    throw new DOMException('gone', 'OverconstrainedError');
  };
  await camera.start({ deviceId: 'gone' });
  expect(state().state).toBe('on');
  expect(media.asked[1]?.video).not.toHaveProperty('deviceId');
});

test('mute and unmute are passed on', async () => {
  const { media, camera, state } = setUp();
  await camera.start();
  media.tracks[0]?.dispatchEvent(new Event('mute'));
  expect(state()).toMatchObject({ state: 'on', muted: true });
  media.tracks[0]?.dispatchEvent(new Event('unmute'));
  expect(state()).toMatchObject({ state: 'on', muted: false });
});

test('a camera that was unplugged is lost, and comes back when one is plugged in', async () => {
  const { media, camera, state } = setUp();
  await camera.start();
  media.tracks[0]?.dispatchEvent(new Event('ended'));
  expect(state()).toEqual({ state: 'failed', problem: 'lost' });
  media.devices = [{ kind: 'videoinput', deviceId: 'a', label: 'Cam' }];
  media.dispatchEvent(new Event('devicechange'));
  await settle();
  await settle();
  expect(state().state).toBe('on');
});

test('flip asks for the other side where the side is known, else for the next camera', async () => {
  const { media, camera } = setUp();
  media.next = async () => new FakeTrack({ deviceId: 'a', facingMode: 'environment' });
  await camera.start();
  await camera.flip();
  expect(media.asked[1]?.video).toMatchObject({ facingMode: { ideal: 'user' } });
  media.next = undefined;
  media.devices = ['a', 'b'].map((deviceId) => ({ kind: 'videoinput', deviceId, label: deviceId }));
  await camera.start(undefined);
  await camera.flip();
  expect(media.asked.at(-1)?.video).toMatchObject({ deviceId: { exact: 'b' } });
});

test('camera names lose USB ids and folders and are never empty', () => {
  expect(cameraLabel('HD Webcam C270 (046d:0825)', 0)).toBe('HD Webcam C270');
  expect(cameraLabel('/some/folder/clip.mjpeg', 0)).toBe('clip.mjpeg');
  expect(cameraLabel('', 1)).toBe('Camera 2');
});
