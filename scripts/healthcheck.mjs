/**
 * Asks the gateway on this machine whether it can answer; exit code 0 for yes, 1 for no. For HEALTHCHECK in an image that
 * has no curl. The address may be given: `node scripts/healthcheck.mjs http://127.0.0.1:8080/health/live`.
 */
// @ts-check
import { get } from 'node:http';
import { get as getTls } from 'node:https';

const DEADLINE_MS = 4000;
const ANY_ADDRESS = ['', '0.0.0.0', '::'];

function ownAddress() {
  const { TWINLENS_HOST: host = '', TWINLENS_PORT: port = '8080', TWINLENS_TLS_CERT_FILE: certificate } = process.env;
  const name = ANY_ADDRESS.includes(host) ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host;
  return `${certificate ? 'https' : 'http'}://${name}:${port}/health/ready`;
}

const url = new URL(process.argv[2] ?? ownAddress());
// The certificate is for the name that clients use, and this never leaves the machine.
const request = url.protocol === 'https:' ? getTls(url, { rejectUnauthorized: false }, judge) : get(url, judge);
request.setTimeout(DEADLINE_MS, () => request.destroy(new Error(`no answer within ${DEADLINE_MS} ms`)));
request.once('error', ({ message }) => {
  process.stderr.write(`${url.href}: ${message}\n`);
  process.exitCode = 1;
});

/** @param {import('node:http').IncomingMessage} response */
function judge(response) {
  response.resume();
  if (response.statusCode === 200) return;
  process.stderr.write(`${url.href}: status ${response.statusCode}\n`);
  process.exitCode = 1;
}
