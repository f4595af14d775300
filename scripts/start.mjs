/** `npm start`: builds what is stale, runs the production gateway and says where it is. */
// @ts-check
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { buildGateway, buildPage } from './build.mjs';
import { root } from './run.mjs';

await buildGateway();
await buildPage();

const gateway = spawn(process.execPath, ['--enable-source-maps', 'dist/gateway/main.js'], {
  cwd: root,
  stdio: ['ignore', 'pipe', 'inherit'],
  // As in the image: what glibc reads when a process begins can't be set by the gateway for itself.
  env: { MALLOC_ARENA_MAX: '2', ...process.env },
});

let url = '';

/** @param {string} line a line of the gateway's log */
function announce(line) {
  if (!/"event_type":"(?:listening|ready)"/.test(line)) return;
  const event = JSON.parse(line);
  if (event.event_type === 'listening') {
    url = event.url;
    return;
  }
  process.stdout.write(
    `\n  Twinlens is at ${url}\n  Try:  curl --data-binary @photo.jpg ${url}/v1/classify\n  Stop: Ctrl+C\n\n`,
  );
}

createInterface({ input: gateway.stdout }).on('line', (line) => {
  process.stdout.write(`${line}\n`);
  announce(line);
});

for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.on(signal, () => gateway.kill(signal));
}
gateway.once('exit', (code, signal) => {
  process.exitCode = code ?? (signal === null ? 1 : 0);
});
