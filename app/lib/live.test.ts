import { expect, test } from 'vitest';
import { TwinlensError } from '../../core/errors.ts';
import { FakeClock, settle } from '../../test/doubles/fake-clock.ts';
import { type FrameSource, LiveLoop } from './live.ts';

/** A camera whose frames are numbers; `show` is the driver delivering one. */
class NumberCamera implements FrameSource<number> {
  newest = 0;
  waiting: (() => void) | undefined;

  onNext(callback: () => void): () => void {
    this.waiting = callback;
    return () => {
      this.waiting = undefined;
    };
  }

  take(): number {
    return this.newest;
  }

  async show(frame: number): Promise<void> {
    this.newest = frame;
    const callback = this.waiting;
    this.waiting = undefined;
    callback?.();
    await settle();
  }
}

function setUp() {
  const clock = new FakeClock(0);
  const camera = new NumberCamera();
  const asked: number[] = [];
  const open: { readonly done: () => void; readonly fail: (error: Error) => void; readonly signal: AbortSignal }[] = [];
  const loop = new LiveLoop<number>({
    source: camera,
    clock,
    answer: (frame, signal) => {
      asked.push(frame);
      return new Promise<void>((done, fail) => open.push({ done, fail, signal }));
    },
  });
  const answerLast = async () => {
    open.at(-1)?.done();
    await settle();
  };
  return { clock, camera, asked, open, loop, answerLast };
}

test('one frame is in flight; when it is answered the newest is taken and those between are never asked', async () => {
  const { camera, asked, loop, answerLast } = setUp();
  loop.start();
  await camera.show(1);
  await camera.show(2);
  await camera.show(3);
  expect(asked).toEqual([1]);
  await answerLast();
  expect(asked).toEqual([1, 3]);
});

test('the same frame is not asked twice', async () => {
  const { camera, asked, loop, answerLast } = setUp();
  loop.start();
  await camera.show(1);
  await answerLast();
  expect(asked).toEqual([1]);
});

test('a hidden page stands still and goes on with the newest frame when it is back', async () => {
  const { camera, asked, loop, answerLast } = setUp();
  loop.start();
  await camera.show(1);
  await answerLast();
  loop.pause('hidden', true);
  expect(loop.view.get().live).toEqual({ state: 'paused', reason: 'hidden' });
  expect(camera.waiting).toBeUndefined();
  await camera.show(2);
  loop.pause('hidden', false);
  await camera.show(3);
  expect(asked).toEqual([1, 3]);
  expect(loop.view.get().live).toEqual({ state: 'running' });
});

test('two reasons to pause must both end', async () => {
  const { loop } = setUp();
  loop.start();
  loop.pause('hidden', true);
  loop.pause('muted', true);
  loop.pause('hidden', false);
  expect(loop.view.get().live).toEqual({ state: 'paused', reason: 'muted' });
  loop.pause('muted', false);
  expect(loop.view.get().live).toEqual({ state: 'running' });
});

test('stopping aborts the frame in flight and asks no more', async () => {
  const { camera, asked, open, loop, answerLast } = setUp();
  loop.start();
  await camera.show(1);
  loop.stop();
  expect(open[0]?.signal.aborted).toBe(true);
  await answerLast();
  await camera.show(2);
  expect(asked).toEqual([1]);
  expect(loop.view.get()).toMatchObject({ live: { state: 'stopped' }, fps: 0 });
});

test('started again right after stopping, the loop runs although the old frame is still open', async () => {
  const { camera, asked, open, loop } = setUp();
  loop.start();
  await camera.show(1);
  loop.stop();
  loop.start();
  await camera.show(2);
  expect(asked).toEqual([1]);
  open[0]?.fail(new TwinlensError('CANCELLED', 'stopped'));
  await settle();
  expect(asked).toEqual([1, 2]);
  expect(loop.view.get().problem).toBeUndefined();
});

test('a failure is shown, the next frame waits half a second, and the next answer clears it', async () => {
  const { clock, camera, asked, open, loop, answerLast } = setUp();
  loop.start();
  await camera.show(1);
  open[0]?.fail(new TwinlensError('UNAVAILABLE', 'Nobody there.'));
  await settle();
  await camera.show(2);
  expect(asked).toEqual([1]);
  expect(loop.view.get().problem).toMatchObject({ code: 'UNAVAILABLE', message: 'Nobody there.' });
  await clock.advance(500);
  expect(asked).toEqual([1, 2]);
  await answerLast();
  expect(loop.view.get().problem).toBeUndefined();
});

test('frames a second are counted over the answers of the last two seconds', async () => {
  const { clock, camera, loop, answerLast } = setUp();
  loop.start();
  for (let frame = 0; frame < 50; frame += 1) {
    await camera.show(frame);
    await answerLast();
    await clock.advance(100);
  }
  expect(loop.view.get().fps).toBeCloseTo(10, 5);
});
