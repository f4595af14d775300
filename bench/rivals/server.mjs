/**
 * A rival while it runs: started with one setting on free ports, in a group of processes of its own, so that what it
 * starts ends with it and can be stopped with it while others are measured.
 */
// @ts-check
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { root } from '../../scripts/run.mjs';
import { pause } from '../figures.mjs';

const START_MS = 120_000;
const LOOK_MS = 200;
const END_MS = 10_000;
const PROBE_MS = 5_000;

/** Held together until all are known, so that they differ. @param {number} count */
async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => server.listening || once(server, 'listening')));
  const ports = servers.map((server) => /** @type {import('node:net').AddressInfo} */ (server.address()).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

/** @param {string} url */
async function answers(url) {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(PROBE_MS) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false; // Not there yet: whoever asks has a deadline.
  }
}

/**
 * Resolves when it can answer. Its output goes to .cache/bench/NAME.log.
 * @param {import('./rivals.mjs').Rival} rival
 * @param {import('./rivals.mjs').Setting} setting
 * @param {import('../models.mjs').BenchModel} model
 */
export async function startRival(rival, setting, model) {
  const ports = await freePorts(rival.ports);
  const { command, args, env } = rival.start(setting, ports);
  const logs = join(root, '.cache/bench/logs');
  mkdirSync(logs, { recursive: true });
  const log = createWriteStream(join(logs, `${rival.name}.log`));
  await once(log, 'open');
  const child = spawn(command, args, {
    cwd: join(root, 'bench/rivals'),
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...process.env, BENCH_MODEL: JSON.stringify(model.plain), PYTHONDONTWRITEBYTECODE: '1', ...env },
  });
  const ended = new Promise((resolve) => {
    child.once('exit', resolve);
    child.once('error', resolve);
  });
  let gone = false;
  ended.then(() => {
    gone = true;
  });

  /** @param {NodeJS.Signals} name to all of its processes */
  function signal(name) {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, name);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
    }
  }
  /** This program's end, however it comes, is its end too. */
  const endWithUs = () => signal('SIGKILL');
  process.once('exit', endWithUs);

  async function stop() {
    signal('SIGCONT');
    signal('SIGTERM');
    await Promise.race([ended, pause(END_MS)]);
    signal('SIGKILL');
    await ended;
    process.off('exit', endWithUs);
  }

  const late = performance.now() + START_MS;
  while (!(await answers(`http://127.0.0.1:${ports[0]}${rival.ready}`))) {
    if (!gone && performance.now() < late) {
      await pause(LOOK_MS);
      continue;
    }
    await stop();
    throw new Error(
      `${rival.title} ${gone ? 'ended' : `was not ready after ${START_MS / 1000} s`}; see .cache/bench/logs/${rival.name}.log.`,
    );
  }
  return { port: ports[0] ?? 0, stop, sleep: () => signal('SIGSTOP'), wake: () => signal('SIGCONT') };
}
