/** The page with a camera of 640 x 480 at 30 frames a second: frames shown, frames answered, and what the main thread does meanwhile. */
// @ts-check
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { root } from '../../scripts/run.mjs';
import { inBrowser } from './chromium.mjs';
import { photoPaths } from './photos.mjs';

const FRAMES_A_SECOND = 30;
const SLIDES = 8;
const SETTLE_MS = 4000;

/** @typedef {{frames: number, answered: number, longTasks: number, longest: number, animationFrames: number, seconds: number}} Live */

/** A clip that plays as the camera: every slide for a second, moved a little from frame to frame. @returns {Promise<string>} */
async function clip() {
  const path = join(root, '.cache/bench/camera-640x480.mjpeg');
  if (existsSync(path)) return path;
  /** @type {Buffer[]} */
  const frames = [];
  for (const photo of photoPaths(SLIDES)) {
    const slide = await sharp(photo)
      .resize(640 + FRAMES_A_SECOND, 480, { fit: 'cover' })
      .toBuffer();
    for (let left = 0; left < FRAMES_A_SECOND; left += 1) {
      const frame = sharp(slide).extract({ left, top: 0, width: 640, height: 480 });
      frames.push(await frame.jpeg({ quality: 90 }).toBuffer());
    }
  }
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, Buffer.concat(frames));
  return path;
}

/** Before the page's scripts run: counts the worker's answers as they arrive. */
function countAnswers() {
  let answers = 0;
  const Original = Worker;
  class Counted extends Original {
    constructor(/** @type {string | URL} */ url, /** @type {WorkerOptions | undefined} */ options) {
      super(url, options);
      this.addEventListener('message', ({ data }) => {
        if (data?.kind === 'value' && Array.isArray(data.value?.predictions)) answers += 1;
      });
    }
  }
  Reflect.set(window, 'Worker', Counted);
  Reflect.set(window, 'answersSoFar', () => answers);
}

/** Runs on the page. @param {number} ms @returns {Promise<Live>} */
function watch(ms) {
  const video = document.querySelector('video');
  if (!video) throw new Error('The page shows no camera picture.');
  const answersSoFar = Reflect.get(window, 'answersSoFar');
  return new Promise((resolve) => {
    let longTasks = 0;
    let longest = 0;
    let animationFrames = 0;
    let running = true;
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) {
        longTasks += 1;
        longest = Math.max(longest, duration);
      }
    }).observe({ type: 'longtask', buffered: false });
    const tick = () => {
      animationFrames += 1;
      if (running) requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
    /** @type {{frames: number, answers: number, at: number} | undefined} */
    let first;
    const frame = (/** @type {number} */ at, /** @type {VideoFrameCallbackMetadata} */ { presentedFrames }) => {
      const now = { frames: presentedFrames, answers: answersSoFar(), at };
      first ??= now;
      if (at - first.at < ms) {
        video.requestVideoFrameCallback(frame);
        return;
      }
      running = false;
      resolve({
        frames: now.frames - first.frames,
        answered: now.answers - first.answers,
        longTasks,
        longest,
        animationFrames,
        seconds: (at - first.at) / 1000,
      });
    };
    video.requestVideoFrameCallback(frame);
  });
}

/** @param {string} url of our page @param {number} seconds */
export async function live(url, seconds) {
  const path = await clip();
  return inBrowser(
    async (page) => {
      await page.addInitScript(countAnswers);
      await page.addInitScript(() => localStorage.setItem('twinlens.mode', 'only-device'));
      await page.goto(url);
      await page.locator('[data-testid="device-model"][data-version]').waitFor({ state: 'attached' });
      await page.locator('[data-testid="camera-start"]').first().click();
      await page.locator('[data-testid="top-label"]').waitFor();
      await page.waitForTimeout(SETTLE_MS);
      return page.evaluate(watch, seconds * 1000);
    },
    {
      args: [
        '--use-fake-device-for-media-stream',
        '--use-fake-ui-for-media-stream',
        `--use-file-for-fake-video-capture=${path}`,
      ],
    },
  );
}
