/**
 * Load over WebSockets, in a process of its own. Closed: each socket asks again as soon as it was answered. Open: at
 * set times, whether or not earlier ones were answered, and each is timed from when it was to be sent, so that a
 * gateway (or generator) that stalls can't hide it. Bounded in sockets and in requests under way; only loopback.
 */
// @ts-check
import { readFileSync } from 'node:fs';
import { withComment } from '../scripts/steady-load.mjs';
import { watchCpu } from './cpu.mjs';
import { pause } from './figures.mjs';
import { serveOrders } from './helper.mjs';
import { OutcomeBook } from './outcomes.mjs';
import { frameMaker, headOfFrame, openSocket, textFrame } from './socket-client.mjs';

const MOST_SOCKETS = 1000;
const MOST_UNDER_WAY = 20_000;
/** Milliseconds for the answers that are still on their way at the end. */
const DRAIN_MS = 30_000;
const TICK_MS = 1;
/** More than any frame may have. */
const TOO_LARGE = 2 ** 31;

/**
 * @typedef {object} Common
 * @property {number} port
 * @property {readonly string[]} photos paths of JPEGs
 * @property {number} [rawSide] instead: gray pixels, so many wide and high; only for a gateway that keeps no answers
 * @property {boolean} [same] the same picture always, byte for byte
 * @property {number} seconds that are counted
 * @property {number} leadSeconds of the same load before them
 *
 * @typedef {{name: string, sockets: number, inFlight: number}} Group
 * @typedef {Common & {kind: 'closed', groups: readonly Group[]}} ClosedOrder
 *
 * @typedef {object} OpenParts
 * @property {number} sockets
 * @property {number} perSecond
 * @property {number} [broken] share of all requests that are broken, on top of `perSecond` good ones
 * @typedef {Common & OpenParts & {kind: 'open'}} OpenOrder
 *
 * @typedef {Pick<Common, 'port' | 'photos'> & {kind: 'burst', sockets: number, inFlight: number}} BurstOrder
 *
 * @typedef {object} TrafficReport
 * @property {Record<string, import('./outcomes.mjs').Outcomes>} groups of those that were answered in the counted time,
 *   or, of an open load, that were to be sent in it
 * @property {number} unanswered
 * @property {number} ownCpu share of all cores that the generator itself used
 */

/** Numbers go on from load to load: no picture is sent twice. */
let number = 0;
/** @type {Map<string, Buffer>} */
const files = new Map();

/** @param {string} path */
function bytesOf(path) {
  const bytes = files.get(path) ?? readFileSync(path);
  files.set(path, bytes);
  return bytes;
}

/** @param {Common} order @param {object} [more] of the message @returns {import('./socket-client.mjs').FrameMaker} */
function pictures({ photos, rawSide, same = false }, more = {}) {
  if (rawSide !== undefined) {
    const image = { encoding: 'rgb8', width: rawSide, height: rawSide };
    return frameMaker(Buffer.alloc(rawSide * rawSide * 3, 100), image, { more });
  }
  const makers = photos.map((path) => frameMaker(bytesOf(path), { encoding: 'jpeg' }, { more, same }));
  return (id) => {
    const make = makers[same ? 0 : id % makers.length];
    if (!make) throw new Error('There is no picture to send.');
    return make(id);
  };
}

/** @typedef {{group: string, since: number, socket?: Connection}} UnderWay */
/** @typedef {import('./socket-client.mjs').SocketClient} Connection */

/** Sockets, what was asked on them, and what became of it. */
class Load {
  /** @type {Map<number, UnderWay>} */
  underWay = new Map();
  /** @type {Map<string, OutcomeBook>} */
  books = new Map();
  /** @type {Connection[]} */
  all = [];
  closing = false;
  /** @type {(asked: UnderWay) => void} */
  onAnswer = () => undefined;
  /** Whether what ends now is counted. */
  counts = (/** @type {UnderWay} */ _asked) => true;

  /** @param {number} port @returns {Promise<Connection>} */
  async open(port) {
    const onEnd = () => {
      if (!this.closing) throw new Error('The gateway closed a connection.');
    };
    const socket = await openSocket(port, (text) => this.#receive(text), onEnd);
    this.all.push(socket);
    return socket;
  }

  /** @param {Connection} socket @param {import('./socket-client.mjs').FrameMaker} make @param {string} group @param {number} since */
  ask(socket, make, group, since) {
    if (this.underWay.size >= MOST_UNDER_WAY) throw new Error('Too many requests are under way.');
    number += 1;
    this.underWay.set(number, { group, since, socket });
    socket.send(...make(number));
    return number;
  }

  /** @param {UnderWay} asked @param {string} code */
  ended(asked, code) {
    if (!this.counts(asked)) return;
    const book = this.books.get(asked.group) ?? new OutcomeBook();
    this.books.set(asked.group, book);
    book.add(code, performance.now() - asked.since);
  }

  /** @param {string} text */
  #receive(text) {
    const { type, id, code } = JSON.parse(text);
    const asked = this.underWay.get(Number(id));
    if (!asked || (type !== 'result' && type !== 'error')) return;
    this.underWay.delete(Number(id));
    this.ended(asked, type === 'result' ? 'OK' : code);
    this.onAnswer(asked);
  }

  /** Waits for what is under way, and closes all. @returns {Promise<number>} requests that had no answer */
  async finish() {
    const from = performance.now();
    while (this.underWay.size > 0 && performance.now() - from < DRAIN_MS) await pause(10);
    this.closing = true;
    for (const socket of this.all) socket.end();
    return this.underWay.size;
  }

  /** @param {number} seconds */
  report(seconds) {
    return Object.fromEntries([...this.books].map(([group, book]) => [group, book.report(seconds)]));
  }
}

/** @param {ClosedOrder} order @returns {Promise<TrafficReport>} */
async function closed(order) {
  const { port, groups, seconds, leadSeconds } = order;
  if (groups.reduce((sum, { sockets }) => sum + sockets, 0) > MOST_SOCKETS) throw new Error('Too many sockets.');
  const load = new Load();
  const make = pictures(order);
  let going = true;
  let counted = false;
  load.counts = () => counted;
  load.onAnswer = ({ group, socket }) => {
    if (going && socket) load.ask(socket, make, group, performance.now());
  };
  for (const { name, sockets, inFlight } of groups) {
    for (let i = 0; i < sockets; i += 1) {
      const socket = await load.open(port);
      for (let j = 0; j < inFlight; j += 1) load.ask(socket, make, name, performance.now());
    }
  }
  await pause(leadSeconds * 1000);
  const stopWatch = watchCpu();
  const begun = performance.now();
  counted = true;
  await pause(seconds * 1000);
  const took = (performance.now() - begun) / 1000;
  const { own: ownCpu } = stopWatch();
  counted = false;
  going = false;
  const unanswered = await load.finish();
  return { groups: load.report(took), unanswered, ownCpu };
}

/** Ways of being broken, in turn. @param {Load} load @param {OpenOrder} order @param {readonly Connection[]} sockets */
function brokenRequests(load, order, sockets) {
  const late = pictures(order, { deadlineMs: 1 });
  const whole = pictures(order);
  const truncated = order.photos.map((path) => {
    const bytes = bytesOf(path);
    return frameMaker(bytes.subarray(0, bytes.length / 2), { encoding: 'jpeg' });
  });
  /** @type {((socket: Connection, since: number) => void)[]} */
  const ways = [
    (socket, since) =>
      load.ask(socket, (id) => truncated[id % truncated.length]?.(id) ?? whole(id), 'truncated', since),
    (socket, since) => load.ask(socket, late, 'past its deadline', since),
    (socket, since) => {
      const id = load.ask(socket, whole, 'cancelled', since);
      socket.send(textFrame({ type: 'cancel', id: String(id).padStart(10, '0') }));
    },
    (_socket, since) => {
      // The gateway closes the connection: each has its own.
      const end = (/** @type {string} */ code) => load.ended({ group: 'too large', since }, code);
      let code = 'no error';
      const told = (/** @type {string} */ text) => {
        const message = JSON.parse(text);
        if (message.type === 'error') code = message.code;
      };
      openSocket(order.port, told, () => end(code)).then(
        (own) => own.send(headOfFrame(TOO_LARGE)),
        () => end('no handshake'),
      );
    },
  ];
  let next = 0;
  return (/** @type {number} */ since) => {
    const socket = sockets[next % sockets.length];
    if (socket) ways[next % ways.length]?.(socket, since);
    next += 1;
  };
}

/** @param {OpenOrder} order @returns {Promise<TrafficReport>} */
async function open(order) {
  const { port, sockets: count, perSecond, seconds, leadSeconds, broken = 0 } = order;
  if (count > MOST_SOCKETS) throw new Error('Too many sockets.');
  const load = new Load();
  const make = pictures(order);
  /** @type {Connection[]} */
  const sockets = [];
  for (let i = 0; i < count; i += 1) sockets.push(await load.open(port));
  const others = broken > 0 ? [await load.open(port), await load.open(port)] : [];
  const sendBroken = brokenRequests(load, order, others);
  const total = Math.ceil(perSecond * (leadSeconds + seconds));
  const everyGood = broken / (1 - broken);
  const stopWatch = watchCpu();
  const begun = performance.now();
  load.counts = ({ since }) => since >= begun + leadSeconds * 1000;
  let bad = 0;
  for (let sent = 0; sent < total; ) {
    const now = performance.now();
    for (; sent < total; sent += 1) {
      const due = begun + (sent * 1000) / perSecond;
      if (due > now) break;
      const socket = sockets[sent % count];
      if (socket) load.ask(socket, make, 'good', due);
      for (; bad < Math.floor((sent + 1) * everyGood); bad += 1) sendBroken(due);
    }
    await pause(TICK_MS);
  }
  const { own: ownCpu } = stopWatch();
  const unanswered = await load.finish();
  return { groups: load.report(seconds), unanswered, ownCpu };
}

/** So many identical requests at once, of a picture that was not sent before. @param {BurstOrder} order @returns {Promise<TrafficReport>} */
async function burst({ port, photos, sockets: count, inFlight }) {
  if (count > MOST_SOCKETS) throw new Error('Too many sockets.');
  const load = new Load();
  const sockets = await Promise.all(Array.from({ length: count }, () => load.open(port)));
  number += 1;
  const picture = withComment(bytesOf(photos[0] ?? ''), number);
  const make = frameMaker(picture, { encoding: 'jpeg' }, { same: true });
  const stopWatch = watchCpu();
  const begun = performance.now();
  for (let i = 0; i < inFlight; i += 1) for (const socket of sockets) load.ask(socket, make, 'burst', begun);
  const unanswered = await load.finish();
  const { own: ownCpu } = stopWatch();
  return { groups: load.report((performance.now() - begun) / 1000), unanswered, ownCpu };
}

/** @param {ClosedOrder | OpenOrder | BurstOrder} order */
function work(order) {
  switch (order.kind) {
    case 'closed':
      return closed(order);
    case 'open':
      return open(order);
    case 'burst':
      return burst(order);
  }
}

serveOrders(work);
