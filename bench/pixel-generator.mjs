/**
 * Load of raw pixels over one WebSocket, in a process of its own: so many requests in flight, the next one as soon as
 * one is answered. Pixels need no decoding and no resize, so that what is left is the run and the server around it.
 */
// @ts-check
import sharp from 'sharp';
import { watchCpu } from './cpu.mjs';
import { pause, quantile } from './figures.mjs';
import { serveOrders } from './helper.mjs';
import { frameMaker, openSocket } from './socket-client.mjs';

/** Milliseconds for the answers that are still on their way at the end. */
const DRAIN_MS = 30_000;

/**
 * @typedef {object} PixelOrder
 * @property {number} port
 * @property {readonly string[]} photos paths; brought to the size here
 * @property {number} side of the model's input
 * @property {number} inFlight
 * @property {number} seconds
 */

/** @type {Map<string, import('./socket-client.mjs').FrameMaker[]>} */
const made = new Map();

/** @param {readonly string[]} photos @param {number} side */
async function makers(photos, side) {
  const key = `${side} ${photos.join(' ')}`;
  const there = made.get(key);
  if (there) return there;
  const image = { encoding: 'rgb8', width: side, height: side };
  const list = [];
  for (const path of photos) {
    const pixels = await sharp(path).resize(side, side).removeAlpha().toColourspace('srgb').raw().toBuffer();
    list.push(frameMaker(pixels, image));
  }
  made.set(key, list);
  return list;
}

let number = 0;

/** @param {PixelOrder} order @returns {Promise<import('./generator.mjs').LoadReport>} */
async function load({ port, photos, side, inFlight, seconds }) {
  const frames = await makers(photos, side);
  /** @type {Map<string, number>} */
  const sent = new Map();
  /** @type {number[]} */
  const times = [];
  /** @type {Record<string, number>} */
  const failed = {};
  let sample = '';
  let going = true;
  /** @type {() => void} */
  let drained = () => undefined;
  const fail = (/** @type {string} */ why) => {
    failed[why] = (failed[why] ?? 0) + 1;
  };

  const socket = await openSocket(
    port,
    (text) => {
      const message = JSON.parse(text);
      const from = sent.get(message.id);
      if (from === undefined) return;
      sent.delete(message.id);
      sample = text.slice(0, 300);
      if (message.type === 'result') {
        if (going) times.push(performance.now() - from);
      } else fail(message.code);
      if (going) next();
      else if (sent.size === 0) drained();
    },
    () => {
      if (going) fail('closed');
      drained();
    },
  );
  function next() {
    number += 1;
    const maker = frames[number % frames.length];
    if (!maker) throw new Error('There are no pictures to send.');
    sent.set(String(number).padStart(10, '0'), performance.now());
    socket.send(...maker(number));
  }

  const stopWatch = watchCpu();
  const begun = performance.now();
  for (let i = 0; i < inFlight; i += 1) next();
  await pause(seconds * 1000);
  const perSecond = times.length / ((performance.now() - begun) / 1000);
  const { machine: machineCpu, own: ownCpu } = stopWatch();
  going = false;
  const [p50, p90, p99] = [0.5, 0.9, 0.99].map((share) => quantile(times, share));
  const last = new Promise((resolve) => {
    drained = () => resolve(undefined);
    if (sent.size === 0) drained();
  });
  await Promise.race([last, pause(DRAIN_MS).then(() => fail('not answered'))]);
  socket.end();
  return { perSecond, p50: p50 ?? 0, p90: p90 ?? 0, p99: p99 ?? 0, failed, ownCpu, machineCpu, sample };
}

serveOrders(load);
