/**
 * The gateway's composition root: reads the environment, builds everything, binds the port and drains on
 * SIGTERM, SIGINT or SIGHUP. Nothing else reads `process.env` or ends the process.
 */
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { asTwinlensError } from '../core/errors.ts';
import { createAccess } from './access.ts';
import { createAdmin } from './admin.ts';
import { Gate, Intake, originPolicy, ReportAllowance } from './admission/index.ts';
import { type Configuration, parseConfiguration } from './configuration/index.ts';
import { createHttp, listenForMetrics, type MetricsServer } from './http/index.ts';
import { createImporter } from './packages/index.ts';
import { allowanceHere, Cgroup, heldBytesThatFit } from './resources/index.ts';
import { Results } from './results/index.ts';
import { readSecret } from './secrets/index.ts';
import { createRegistry, type Registry } from './serving/index.ts';
import { attachSockets } from './sockets/index.ts';
import { createSources } from './sources/index.ts';
import { createLog, createMetrics, createTracing, type Log, type Metrics, stdoutSink } from './telemetry/index.ts';
import { createVitals } from './vitals.ts';

/** Milliseconds for requests to end after they were told to, and for answers to leave. */
const LAST_WORDS_MS = 1000;
const ADMIN_ACCESS = {
  token: 'the admin API takes the configured token',
  loopback: 'no admin token is configured, so only this machine may use the admin API; set TWINLENS_ADMIN_TOKEN',
} as const;
const CLIENT_ACCESS = {
  token: 'the API takes the configured client tokens',
  open: 'the API is open to all who can connect',
} as const;
/** Milliseconds within which signals count as one. */
const REPEAT_MS = 500;

/** Class names of the built-in model, two levels up from dist/gateway/main.js. */
const IMAGENET_NAMES = fileURLToPath(new URL('../../models/efficientnet-lite0/classes.json', import.meta.url));

const clock = {
  now: () => performance.now(),
  after: (ms: number, run: () => void) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** Resolves with whether `work` was done within `ms`. */
async function within(ms: number, work: Promise<unknown>): Promise<boolean> {
  let stop = (): void => undefined;
  const late = new Promise<false>((resolve) => {
    stop = clock.after(ms, () => resolve(false));
  });
  const done = await Promise.race([work.then(() => true), late]);
  stop();
  return done;
}

function softwareVersion(): string {
  // Two levels up from dist/gateway/main.js.
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const { version }: { version?: unknown } = JSON.parse(text);
  return typeof version === 'string' ? version : 'unknown';
}

async function start(configuration: Configuration, log: Log, metrics: Metrics): Promise<() => Promise<void>> {
  const version = softwareVersion();
  const access = createAccess({ configuration, clock, today: Date.now, log, limited: metrics.rateLimited });
  const { clients, callerOf, certificate, adminTokens } = access;
  const importer = createImporter({
    providers: configuration.providers,
    threads: configuration.threads || 1,
    maxPixels: configuration.maxPixels,
    maxBytes: configuration.maxUploadBytes,
    batchMax: configuration.batchMax,
    imagenetNames: IMAGENET_NAMES,
  });
  const sources = createSources({
    configuration,
    mlflowToken: configuration.mlflow && readSecret(configuration.mlflow.token, { name: 'TWINLENS_MLFLOW_TOKEN' }),
    importer,
    clock,
    now: Date.now,
    random: Math.random,
    log,
    observer: metrics.sources,
  });
  const cgroup = new Cgroup();
  const allowance = allowanceHere(cgroup, configuration.memoryBytes);
  const registry = await createRegistry({
    configuration,
    allowance,
    clock,
    log,
    observer: metrics.observer,
    sources,
    today: Date.now,
    random: Math.random,
  });
  const { operations } = registry;
  const admin = await createAdmin({
    configuration,
    tokens: adminTokens,
    operations,
    importer,
    clock,
    today: Date.now,
    log,
  });
  const vitals = await createVitals({ configuration, allowance, cgroup, registry, metrics, log, clock });
  const gate = new Gate({
    maxHeldBytes: Math.max(configuration.maxHeldBytes || heldBytesThatFit(allowance), configuration.maxBytes),
    overload: vitals.overload,
  });
  const results = new Results({
    entries: configuration.cacheEntries,
    ttlMs: configuration.cacheTtlMs,
    clock,
    observer: metrics.results,
  });
  const { deadlineMs, logSuccesses } = configuration;
  const intake = new Intake({ gate, registry, results, clock, log, metrics, deadlineMs, logSuccesses });
  const origins = originPolicy(configuration.origins);
  const tracing = await createTracing({
    endpoint: configuration.otlpEndpoint,
    share: configuration.traceShare,
    version,
    now: clock.now,
    log,
  });
  const shared = { intake, registry, origins, clients, callerOf, log, metrics, tracing, after: clock.after };
  const app = await createHttp({
    ...shared,
    version,
    deviceReports: configuration.deviceReports === 'on' ? new ReportAllowance(clock.now) : undefined,
    showMetrics: configuration.metricsPort === 0,
    page: configuration.page,
    maxBytes: configuration.maxBytes,
    requestMs: configuration.requestMs,
    certificate,
    sockets: () => sockets.count,
    admin,
    health: vitals.health(() => gate.draining),
  });
  const sockets = attachSockets(app.server, {
    ...shared,
    server: `twinlens ${version}`,
    deviceReports: configuration.deviceReports === 'on',
    limits: {
      maxInFlight: configuration.maxInFlight,
      maxBytes: configuration.maxBytes,
      maxPixels: configuration.maxPixels,
    },
    maxSockets: configuration.maxSockets,
    maxUnreadBytes: configuration.maxUnreadBytes,
    pingMs: configuration.pingMs,
    messageMs: configuration.requestMs,
  });
  metrics.watchReady(() => registry.ready && !gate.draining);
  follow(registry, metrics, log);
  registry.subscribe(({ event, model, version }) => {
    if (event === 'retired') results.forget(model, version);
  });
  let metricsServer: MetricsServer | undefined;
  try {
    const { metricsHost: host, metricsPort: port } = configuration;
    if (port !== 0) metricsServer = await listenForMetrics({ host, port, metrics, log });
    await app.listen({ host: configuration.host, port: configuration.port });
  } catch (error) {
    await metricsServer?.close();
    await within(LAST_WORDS_MS, registry.close());
    throw error;
  }
  log.info({ event_type: 'admin_access', access: admin.gate.access }, ADMIN_ACCESS[admin.gate.access]);
  log.info({ event_type: 'client_access', access: clients.access }, CLIENT_ACCESS[clients.access]);
  const scheme = certificate ? 'https' : 'http';
  const url = addressOf(app.server.address(), configuration.host, scheme);
  log.info({ event_type: 'listening', url, version }, 'listening');
  sayWhenReady();

  function sayWhenReady(): void {
    const say = () => {
      if (!registry.ready) return false;
      log.info({ event_type: 'ready', models: registry.list().map(({ name }) => name) }, 'every model can answer');
      return true;
    };
    if (say()) return;
    const stop = registry.subscribe(() => {
      if (say()) stop();
    });
  }

  return async function drain() {
    access.close();
    log.info({ event_type: 'draining', in_flight: gate.inside, sockets: sockets.count }, 'shutting down');
    registry.drain();
    const answered = gate.drain();
    const left = sockets.drain();
    if (!(await within(configuration.drainMs, answered))) {
      log.warn({ event_type: 'drain_late', in_flight: gate.inside }, 'requests are ended unanswered');
      gate.cancelAll();
      await within(LAST_WORDS_MS, answered);
    }
    await within(LAST_WORDS_MS, left);
    await sockets.close();
    if (!(await within(LAST_WORDS_MS, app.close()))) app.server.closeAllConnections();
    // Instances that do not end by then end with the process.
    vitals.close();
    await within(
      LAST_WORDS_MS,
      Promise.all([admin.close(), registry.close(), metricsServer?.close(), tracing.close()]),
    );
    log.info({ event_type: 'stopped' }, 'stopped');
  };
}

/** Tells metrics and log what serving tells everybody. */
function follow(registry: Registry, metrics: Metrics, log: Log): void {
  registry.subscribe(({ event, model, version, label }) => {
    const fields = { model, model_version: version };
    if (event === 'retired') {
      metrics.retired(model, version);
      log.info({ event_type: 'model_unloaded', ...fields }, 'a version was unloaded');
    } else if (event === 'label') {
      if (label === 'stable') metrics.stableMoved(model, version);
      log.info({ event_type: 'label_moved', ...fields, label }, 'a label names another version');
    }
  });
  // Those that were there before anybody listened.
  for (const { name, labels } of registry.list()) {
    const { stable } = labels;
    if (stable !== undefined) metrics.stableMoved(name, stable);
  }
}

function addressOf(address: AddressInfo | string | null, host: string, scheme: 'http' | 'https'): string {
  if (address === null || typeof address === 'string') return String(address);
  // 0.0.0.0 and :: are no addresses that one can open.
  const shown = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `${scheme}://${shown}:${address.port}`;
}

function startFailure(error: unknown, { host, port }: Configuration): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} of ${host} is in use. End what uses it, or take another: TWINLENS_PORT=${port + 1} npm start`;
    case 'EACCES':
      return `Port ${port} of ${host} may not be used by this user. Take one above 1023: TWINLENS_PORT=8080 npm start`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `This machine has no address ${host}. Set TWINLENS_HOST to one of its own, or to 0.0.0.0 for all.`;
    default:
      return asTwinlensError(error).message;
  }
}

async function main(): Promise<void> {
  // ONNX Runtime's builds for Linux would send usage data to its makers; instances inherit this.
  process.env.ORT_DISABLE_TELEMETRY ??= '1';
  let configuration: Configuration;
  try {
    configuration = parseConfiguration(process.env);
  } catch (error) {
    process.stderr.write(`${asTwinlensError(error).message}\n`);
    process.exitCode = 1;
    return;
  }
  const sink = stdoutSink();
  const log = createLog(configuration.logLevel, sink);
  const metrics = createMetrics();
  metrics.watchLog(() => sink.lost);
  /** Nobody may keep the process by not reading its last words. */
  const end = (status: number) => void within(LAST_WORDS_MS, sink.drained()).then(() => process.exit(status));
  const die = (error: unknown) => {
    log.fatal({ event_type: 'crashed', err: error }, 'a fault that nothing caught; the process ends');
    end(1);
  };
  process.on('uncaughtException', die);
  process.on('unhandledRejection', die);

  let drain: () => Promise<void>;
  try {
    drain = await start(configuration, log, metrics);
  } catch (error) {
    process.stderr.write(`${startFailure(error, configuration)}\n`);
    end(1);
    return;
  }
  let stoppingSince: number | undefined;
  const stop = (signal: NodeJS.Signals) => {
    if (stoppingSince !== undefined) {
      // Who asks again does not want to wait. One Ctrl+C may come twice: from the terminal and from npm.
      if (clock.now() - stoppingSince > REPEAT_MS) process.exit(signal === 'SIGINT' ? 130 : 143);
      return;
    }
    stoppingSince = clock.now();
    drain().then(() => end(0), die);
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, stop);
}

await main();
