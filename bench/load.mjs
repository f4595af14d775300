/**
 * A bounded load on a gateway over HTTP, and its report: throughput, latency, errors and memory over time.
 *
 *   npm run load -- [--url http://127.0.0.1:8080] [--connections 32] [--seconds 30] [--model NAME] [--token-file FILE]
 *   npm run load -- --soak          # ten minutes, with the line of the memory
 *
 * Without --url it starts a gateway of its own. Other machines than this one only with --remote: a load is an attack
 * on those who don't expect it. Exits with 1 when a request failed. No picture is sent twice with the same bytes.
 */
// @ts-check
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import autocannon from 'autocannon';
import { withComment } from '../scripts/steady-load.mjs';
import { machine, residentBytes } from './figures.mjs';
import { picture, startGateway } from './gateway.mjs';

const MOST_CONNECTIONS = 1000;
const MOST_SECONDS = 3600;
const SOAK_SECONDS = 600;
/** Looks at the memory, evenly over the time. */
const LOOKS = 20;
const REQUEST_SECONDS = 30;

const { values } = parseArgs({
  options: {
    url: { type: 'string' },
    connections: { type: 'string', default: '32' },
    seconds: { type: 'string' },
    model: { type: 'string' },
    'token-file': { type: 'string' },
    soak: { type: 'boolean', default: false },
    remote: { type: 'boolean', default: false },
  },
});

/** @param {string} name @param {string} text @param {number} most */
function bounded(name, text, most) {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > most) {
    throw new Error(`--${name} must be a whole number from 1 to ${most}.`);
  }
  return number;
}

const connections = bounded('connections', values.connections, MOST_CONNECTIONS);
const seconds = bounded('seconds', values.seconds ?? String(values.soak ? SOAK_SECONDS : 30), MOST_SECONDS);
if (values.url !== undefined && !values.remote) {
  const { hostname } = new URL(values.url);
  if (!['localhost', '127.0.0.1', '[::1]'].includes(hostname)) {
    throw new Error(`${hostname} is another machine. Add --remote if those who run it agree.`);
  }
}

/** Growth of a line through the points, in units a hour. @param {readonly {seconds: number, bytes: number}[]} points */
function slopeAnHour(points) {
  const mean = (/** @type {readonly number[]} */ list) => list.reduce((sum, value) => sum + value, 0) / list.length;
  const at = mean(points.map((point) => point.seconds));
  const bytes = mean(points.map((point) => point.bytes));
  const above = points.reduce((sum, point) => sum + (point.seconds - at) * (point.bytes - bytes), 0);
  const below = points.reduce((sum, point) => sum + (point.seconds - at) ** 2, 0);
  return (above / below) * 3600;
}

const own = values.url === undefined ? await startGateway() : undefined;
const url = own?.base ?? values.url ?? '';
const token =
  values['token-file'] && readFileSync(values['token-file'], 'utf8').trim().split('\n')[0]?.split(':').at(-1);
/** @type {{seconds: number, bytes: number}[]} */
const memory = [];
const begun = performance.now();
const look = () => {
  if (own) memory.push({ seconds: (performance.now() - begun) / 1000, bytes: residentBytes(own.pid) });
};
const looking = setInterval(look, (seconds * 1000) / LOOKS);

try {
  let sent = 0;
  const result = await autocannon({
    url: `${url}/v1/classify${values.model ? `?model=${values.model}` : ''}`,
    method: 'POST',
    connections,
    duration: seconds,
    timeout: REQUEST_SECONDS,
    headers: { 'content-type': 'image/jpeg', ...(token ? { authorization: `Bearer ${token}` } : {}) },
    requests: [
      {
        setupRequest: (request) => {
          sent += 1;
          return { ...request, body: withComment(picture(sent), sent) };
        },
      },
    ],
  });
  look();
  const { latency, requests, errors, timeouts, non2xx } = result;
  process.stdout.write(
    [
      `${machine()}; ${connections} connections, ${seconds} s${own ? ', on a gateway of its own' : `, on ${url}`}`,
      `answered:   ${result['2xx']} (${requests.average.toFixed(1)} a second)`,
      `latency:    p50 ${latency.p50} ms, p90 ${latency.p90} ms, p99 ${latency.p99} ms, longest ${latency.max} ms`,
      `failed:     ${non2xx} refused, ${errors - timeouts} broken, ${timeouts} late`,
      '',
    ].join('\n'),
  );
  // The first fifth is left out: buffers and arenas reach their size.
  const settled = memory.slice(Math.ceil(LOOKS / 5));
  const first = settled[0];
  const last = settled.at(-1);
  if (first && last) {
    const mb = (/** @type {number} */ bytes) => (bytes / 1e6).toFixed(0);
    const most = Math.max(...settled.map(({ bytes }) => bytes));
    process.stdout.write(
      `memory:     ${mb(first.bytes)} MB after ${first.seconds.toFixed(0)} s, ${mb(last.bytes)} MB at the end, ${mb(most)} MB at most; line through ${settled.length} looks: ${(slopeAnHour(settled) / 1e6).toFixed(1)} MB an hour\n`,
    );
  }
  if (non2xx + errors > 0) process.exitCode = 1;
} finally {
  clearInterval(looking);
  await own?.stop();
}
