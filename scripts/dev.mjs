/**
 * `npm run dev`: page and gateway with hot reload. Next serves the page on 3000 and talks to the
 * gateway on 8080, which restarts whenever its compiled files change.
 */
// @ts-check
import { spawn } from 'node:child_process';
import { buildGateway } from './build.mjs';
import { bin, root } from './run.mjs';

const PAGE_PORT = process.env.PORT ?? '3000';
const GATEWAY_PORT = process.env.TWINLENS_PORT ?? '8080';

await buildGateway();

/** @type {import('node:child_process').ChildProcess[]} */
const children = [];

/** @param {readonly string[]} args @param {Record<string, string>} [env] */
function begin(args, env = {}) {
  const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } });
  child.once('exit', (code) => stop(code ?? 0));
  children.push(child);
}

let stopping = false;
/** @param {number} code */
function stop(code) {
  if (stopping) return;
  stopping = true;
  process.exitCode = code;
  for (const child of children) child.kill('SIGTERM');
}

for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.on(signal, () => stop(0));

begin([bin('typescript', 'tsc'), '-p', 'gateway', '--watch', '--preserveWatchOutput']);
begin(['--watch', '--watch-preserve-output', '--enable-source-maps', 'dist/gateway/main.js'], {
  TWINLENS_PORT: GATEWAY_PORT,
  TWINLENS_PAGE: '',
  TWINLENS_ORIGINS: `http://localhost:${PAGE_PORT}`,
});
begin([bin('next'), 'dev', '--port', PAGE_PORT], {
  NEXT_TELEMETRY_DISABLED: '1',
  NEXT_PUBLIC_GATEWAY_URL: `http://localhost:${GATEWAY_PORT}`,
});
process.stdout.write(`Page: http://localhost:${PAGE_PORT}  Gateway: http://localhost:${GATEWAY_PORT}\n`);
