/**
 * Load over HTTP, in a process of its own: so many connections, each asking again as soon as it was answered. Reports
 * what came back within the time, how long it took, and what share of the cores this process itself used. No picture
 * goes out twice with the same bytes. Only loopback.
 */
// @ts-check
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { withComment } from '../scripts/steady-load.mjs';
import { watchCpu } from './cpu.mjs';
import { pause, quantile } from './figures.mjs';
import { serveOrders } from './helper.mjs';
import { AnswerReader, requestHead } from './http-message.mjs';
import { frame } from './rivals/forms.mjs';

/** Milliseconds for the answers that are still on their way at the end. */
const DRAIN_MS = 30_000;
const MOST_CONNECTIONS = 1000;
const SAMPLE_CHARACTERS = 300;

/**
 * @typedef {object} LoadOrder
 * @property {number} port
 * @property {string} path
 * @property {import('./rivals/forms.mjs').Form} form
 * @property {readonly string[]} photos paths
 * @property {number} connections
 * @property {number} seconds
 */

/**
 * @typedef {object} LoadReport
 * @property {number} perSecond answers with 200
 * @property {number} p50
 * @property {number} p90
 * @property {number} p99 milliseconds
 * @property {Record<string, number>} failed by status, or by what broke
 * @property {number} ownCpu share of all cores that the generator itself used
 * @property {number} machineCpu share of all cores that were busy, with whatever
 * @property {string} sample the beginning of the last answer
 */

/** @type {Map<string, Buffer>} */
const kept = new Map();
/** @param {string} path */
function photo(path) {
  const there = kept.get(path);
  if (there) return there;
  const bytes = readFileSync(path);
  kept.set(path, bytes);
  return bytes;
}

let number = 0;

/** @param {LoadOrder} order @returns {Promise<LoadReport>} */
async function load({ port, path, form, photos, connections, seconds }) {
  if (connections > MOST_CONNECTIONS) throw new Error(`At most ${MOST_CONNECTIONS} connections.`);
  const jpegs = photos.map(photo);
  /** @type {number[]} */
  const times = [];
  /** @type {Record<string, number>} */
  const failed = {};
  let sample = '';
  let going = true;
  const fail = (/** @type {string} */ why) => {
    failed[why] = (failed[why] ?? 0) + 1;
  };

  /** @returns {Promise<void>} when the connection has had its last answer */
  const connection = () =>
    new Promise((resolve) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      const reader = new AnswerReader();
      let sent = 0;
      const next = () => {
        if (!going) {
          socket.end();
          resolve();
          return;
        }
        number += 1;
        const jpeg = withComment(/** @type {Buffer} */ (jpegs[number % jpegs.length]), number);
        const { type, parts, more } = frame(form, jpeg);
        const bytes = parts.reduce((sum, part) => sum + part.length, 0);
        sent = performance.now();
        socket.cork();
        socket.write(requestHead({ host: `127.0.0.1:${port}`, path, type, bytes, more }));
        for (const part of parts) socket.write(part);
        socket.uncork();
      };
      socket.once('connect', next);
      socket.on('data', (part) => {
        const answer = reader.add(part);
        if (!answer) return;
        if (answer.status !== 200) {
          if (going) fail(String(answer.status));
          sample = answer.body.slice(0, SAMPLE_CHARACTERS);
        } else if (going) {
          times.push(performance.now() - sent);
          sample = answer.body.slice(0, SAMPLE_CHARACTERS);
        }
        next();
      });
      socket.on('error', (error) => fail(error.message));
      socket.once('close', () => {
        if (!going) resolve();
        else {
          fail('closed');
          setTimeout(() => connection().then(resolve), 10);
        }
      });
    });

  const stopWatch = watchCpu();
  const begun = performance.now();
  const all = Promise.all(Array.from({ length: connections }, connection));
  await pause(seconds * 1000);
  const perSecond = times.length / ((performance.now() - begun) / 1000);
  const { machine: machineCpu, own: ownCpu } = stopWatch();
  going = false;
  const [p50, p90, p99] = [0.5, 0.9, 0.99].map((share) => quantile(times, share));
  await Promise.race([all, pause(DRAIN_MS).then(() => fail('not answered'))]);
  return { perSecond, p50: p50 ?? 0, p90: p90 ?? 0, p99: p99 ?? 0, failed, ownCpu, machineCpu, sample };
}

serveOrders(load);
