/** A steady load on a gateway: so many clients, each asking again when it was answered, never twice with the same bytes. */
// @ts-check

const REQUEST_MS = 30_000;
const COMMENT_BYTES = 16;

/**
 * The same JPEG with a comment behind its first marker: another picture for every cache, the same for every decoder.
 * @param {Uint8Array} jpeg
 * @param {number} number
 */
export function withComment(jpeg, number) {
  const comment = Buffer.alloc(4 + COMMENT_BYTES);
  comment.writeUInt16BE(0xfffe, 0);
  comment.writeUInt16BE(2 + COMMENT_BYTES, 2);
  comment.write(String(number), 4, 'latin1');
  return Buffer.concat([jpeg.subarray(0, 2), comment, jpeg.subarray(2)]);
}

/**
 * @typedef {object} LoadResult
 * @property {number} answered requests that were answered with 200
 * @property {Record<string, number>} failed the others, by status or by what broke
 * @property {number} seconds
 * @property {number} p99Ms of the answered ones
 */

/**
 * @param {string} url of the gateway
 * @param {{jpegs: readonly Uint8Array[], requests: number, clients: number}} options
 * @returns {Promise<LoadResult>} never rejects because of a request
 */
export async function load(url, { jpegs, requests, clients }) {
  /** @type {number[]} */
  const times = [];
  /** @type {Record<string, number>} */
  const failed = {};
  let next = 0;
  const client = async () => {
    while (next < requests) {
      const number = next++;
      const jpeg = jpegs[number % jpegs.length];
      if (!jpeg) throw new Error('There is no picture to send.');
      const begun = performance.now();
      const status = await ask(`${url}/v1/classify`, withComment(jpeg, number));
      if (status === '200') times.push(performance.now() - begun);
      else failed[status] = (failed[status] ?? 0) + 1;
    }
  };
  const begun = performance.now();
  await Promise.all(Array.from({ length: clients }, client));
  times.sort((one, other) => one - other);
  return {
    answered: times.length,
    failed,
    seconds: (performance.now() - begun) / 1000,
    p99Ms: times[Math.floor(times.length * 0.99)] ?? 0,
  };
}

/** @param {string} url @param {Buffer<ArrayBuffer>} body @returns {Promise<string>} the status, or what broke */
async function ask(url, body) {
  try {
    const response = await fetch(url, { method: 'POST', body, signal: AbortSignal.timeout(REQUEST_MS) });
    await response.arrayBuffer();
    return String(response.status);
  } catch (error) {
    return error instanceof Error && error.name === 'TimeoutError' ? 'no answer in time' : 'connection broken';
  }
}
