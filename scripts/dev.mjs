/**
 * `npm run dev`: page and gateway with hot reload. Next serves the page on 3000 and talks to the
 * gateway on 8080, which is restarted after every compilation without mistakes.
 */
// @ts-check
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { bin, root } from './run.mjs';

const PAGE_PORT = process.env.PORT ?? '3000';
const GATEWAY_PORT = process.env.TWINLENS_PORT ?? '8080';

/** @type {Set<import('node:child_process').ChildProcess>} */
const children = new Set();

/** @param {readonly string[]} args @param {Record<string, string>} [env] @param {'inherit' | 'pipe'} [stdout] */
function begin(args, env = {}, stdout = 'inherit') {
  const child = spawn(process.execPath, args, {
    cwd: root,
    stdio: ['ignore', stdout, 'inherit'],
    env: { ...process.env, ...env },
  });
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

let stopping = false;
function stop() {
  stopping = true;
  for (const child of children) child.kill('SIGTERM');
}
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.on(signal, stop);

/** @type {import('node:child_process').ChildProcess | undefined} */
let gateway;

function startGateway() {
  if (stopping) return;
  gateway = begin(['--enable-source-maps', 'dist/gateway/main.js'], {
    TWINLENS_PORT: GATEWAY_PORT,
    TWINLENS_PAGE: '',
    TWINLENS_ORIGINS: `http://localhost:${PAGE_PORT}`,
  });
}

/** Not `node --watch`: it makes the gateway's child processes report their imports to it as messages. */
function restartGateway() {
  const old = gateway;
  if (!old || old.exitCode !== null || old.signalCode !== null) return startGateway();
  old.once('exit', startGateway);
  old.kill('SIGTERM');
}

const compiler = begin([bin('typescript', 'tsc'), '-p', 'gateway', '--watch', '--preserveWatchOutput'], {}, 'pipe');
if (compiler.stdout) {
  createInterface({ input: compiler.stdout }).on('line', (line) => {
    if (line.trim() !== '') process.stdout.write(`${line}\n`);
    if (line.includes('Found 0 errors')) restartGateway();
  });
}
begin([bin('next'), 'dev', '--port', PAGE_PORT], {
  NEXT_TELEMETRY_DISABLED: '1',
  NEXT_PUBLIC_GATEWAY_URL: `http://localhost:${GATEWAY_PORT}`,
});
process.stdout.write(`Page: http://localhost:${PAGE_PORT}  Gateway: http://localhost:${GATEWAY_PORT}\n`);
