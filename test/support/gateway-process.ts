/**
 * The real gateway as a child process, for integration and end-to-end tests: compiled code (`tsc -p gateway`,
 * which vitest's global setup runs), a free port, its log read line by line. Knows no test framework.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Ended, ended } from './processes.ts';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** One line of the gateway's log. */
export type LogLine = Readonly<Record<string, unknown>>;

export interface GatewayExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface GatewayProcess {
  /** Such as http://127.0.0.1:40123, without a slash at the end. */
  readonly url: string;
  /** The same for WebSockets: ws://127.0.0.1:40123/v1/stream. */
  readonly streamUrl: string;
  readonly pid: number;
  /** Every line so far, oldest first. */
  readonly log: readonly LogLine[];
  /** Everything written to stderr so far. */
  readonly errors: string;
  readonly exited: Promise<GatewayExit>;
  /** Resolves with the first line, past or to come, that `match` accepts. Rejects when the process ends first. */
  logged(match: (line: LogLine) => boolean, timeoutMs?: number): Promise<LogLine>;
  /** Does not read its log any more (its pipe fills), or closes it (its writes fail). */
  deafen(how: 'stop' | 'close'): void;
  /** Sends a signal; nothing when the process has ended. */
  kill(signal: NodeJS.Signals): void;
  /** Sends `signal` (SIGTERM) and waits for the end; after 40 s it kills and rejects. May be called again. */
  stop(signal?: NodeJS.Signals): Promise<GatewayExit>;
}

export interface GatewayProcessOptions {
  /** TWINLENS_... settings; unless given TWINLENS_PORT is 0, TWINLENS_PAGE and TWINLENS_DATA are empty, and see `UNMEASURED`. */
  readonly env?: Readonly<Record<string, string>>;
  /** The Node that runs it; this one when left out. */
  readonly node?: string;
  /** Waits until every model can answer (default). False: only until the port is bound. */
  readonly ready?: boolean;
  /** Milliseconds for the start. */
  readonly timeoutMs?: number;
}

/** Splits of the machine are compared at a start where they are not set: for seconds, with all processors. Few tests are about it. */
const UNMEASURED = { TWINLENS_INSTANCES: '2' };
const STOP_MS = 40_000;

// The tests' own end, also by a test that failed, must not leave gateways behind.
const running = new Set<ChildProcess>();
const killAll = () => {
  for (const child of running) child.kill('SIGKILL');
};
process.once('exit', killAll);
process.once('SIGTERM', () => {
  killAll();
  process.kill(process.pid, 'SIGTERM');
});

/** Runs dist/gateway/main.js. Rejects with what the process wrote when it ends before it listens. */
export async function startGateway(options: GatewayProcessOptions = {}): Promise<GatewayProcess> {
  const { env = {}, ready = true, timeoutMs = 60_000, node = process.execPath } = options;
  const child = spawn(node, ['--enable-source-maps', 'dist/gateway/main.js'], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...withoutOurs(process.env),
      TWINLENS_PORT: '0',
      TWINLENS_PAGE: '',
      TWINLENS_DATA: '',
      ...UNMEASURED,
      ...env,
    },
  });
  const gateway = watch(child);
  try {
    const listening = await gateway.logged((line) => line.event_type === 'listening', timeoutMs);
    if (typeof listening.url !== 'string') throw new Error('The listening line has no url.');
    if (ready) await gateway.logged((line) => line.event_type === 'ready', timeoutMs);
    const url = listening.url;
    return Object.assign(gateway, { url, streamUrl: `${url.replace(/^http/, 'ws')}/v1/stream` });
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

/** Runs the gateway until it ends by itself, as it does with a wrong configuration. */
export function runGateway(env: Readonly<Record<string, string>>): Promise<Ended> {
  const child = spawn(process.execPath, ['dist/gateway/main.js'], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...withoutOurs(process.env), TWINLENS_PORT: '0', TWINLENS_PAGE: '', TWINLENS_DATA: '', ...env },
  });
  return ended(child, STOP_MS);
}

/** The environment without what configures a gateway or the command line. */
export function withoutOurs(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('TWINLENS_')));
}

interface Waiter {
  readonly match: (line: LogLine) => boolean;
  readonly resolve: (line: LogLine) => void;
  readonly reject: (error: Error) => void;
}

type Watched = Omit<GatewayProcess, 'url' | 'streamUrl'>;

function watch(child: ChildProcess): Watched {
  const { stdout, stderr } = child;
  if (!stdout || !stderr || child.pid === undefined) throw new Error('The gateway could not be started.');
  running.add(child);
  const log: LogLine[] = [];
  const waiters = new Set<Waiter>();
  let errors = '';
  let ended: GatewayExit | undefined;
  const reader = createInterface({ input: stdout });
  reader.on('line', (text) => {
    const line = parseLine(text);
    log.push(line);
    for (const waiter of waiters) {
      if (waiter.match(line)) waiter.resolve(line);
    }
  });
  stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const endedError = () =>
    new Error(`The gateway ended (${ended?.code ?? ended?.signal}).\n${errors}\n${JSON.stringify(log.slice(-5))}`);
  const exited = new Promise<GatewayExit>((resolve) => {
    child.once('close', (code, signal) => {
      ended = { code, signal };
      running.delete(child);
      for (const waiter of waiters) waiter.reject(endedError());
      resolve(ended);
    });
  });

  return {
    pid: child.pid,
    log,
    get errors() {
      return errors;
    },
    exited,
    logged: (match, timeoutMs = 30_000) =>
      new Promise((resolve, reject) => {
        const known = log.find(match);
        if (known) return resolve(known);
        if (ended) return reject(endedError());
        const leave = () => {
          clearTimeout(timer);
          waiters.delete(waiter);
        };
        const waiter: Waiter = {
          match,
          resolve: (line) => {
            leave();
            resolve(line);
          },
          reject: (error) => {
            leave();
            reject(error);
          },
        };
        const timer = setTimeout(() => {
          const last = JSON.stringify(log.slice(-5));
          waiter.reject(new Error(`The gateway did not log it within ${timeoutMs} ms.\n${errors}\n${last}`));
        }, timeoutMs);
        waiters.add(waiter);
      }),
    deafen: (how) => {
      if (how === 'stop') reader.pause();
      else stdout.destroy();
    },
    kill: (signal) => {
      child.kill(signal);
    },
    stop: async (signal = 'SIGTERM') => {
      if (ended) return ended;
      child.kill(signal);
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      const exit = await exited;
      clearTimeout(timer);
      if (exit.signal === 'SIGKILL' && signal !== 'SIGKILL') {
        throw new Error(`The gateway did not end within ${STOP_MS} ms of ${signal}.`);
      }
      return exit;
    },
  };
}

function parseLine(text: string): LogLine {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : { text };
  } catch {
    return { text };
  }
}
