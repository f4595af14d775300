/**
 * The gateway's composition root: reads the environment, builds everything, binds the port and drains on
 * SIGTERM, SIGINT or SIGHUP. Nothing else reads `process.env` or ends the process.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { asTwinlensError } from '../core/errors.ts';
import { createAccess } from './access.ts';
import { addressOf, startFailure } from './address.ts';
import { createAdmin } from './admin.ts';
import { Gate, Intake, originPolicy, ReportAllowance } from './admission/index.ts';
import { followServing, sayWhenReady, sayWhoMayAsk } from './announcements.ts';
import { type Configuration, parseConfiguration } from './configuration/index.ts';
import { createHttp, listenForMetrics, type MetricsServer } from './http/index.ts';
import { createImporter } from './packages/index.ts';
import { allowanceHere, Cgroup, heldBytesThatFit } from './resources/index.ts';
import { Results } from './results/index.ts';
import { readSecret } from './secrets/index.ts';
import { createRegistry } from './serving/index.ts';
import { attachSockets } from './sockets/index.ts';
import { createSources } from './sources/index.ts';
import { createLog, createMetrics, createTracing, type Log, type Metrics, stdoutSink } from './telemetry/index.ts';
import { createVitals } from './vitals.ts';

/** Milliseconds for requests to end after they were told to, and for answers to leave. */
const LAST_WORDS_MS = 1000;
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
    runtime: {
      threads: configuration.threads || 1,
      arena: configuration.arena,
      gpuMemoryPercent: configuration.gpuMemoryPercent,
    },
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
  followServing(registry, metrics, log);
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
  sayWhoMayAsk({ admin: admin.gate.access, clients: clients.access }, log);
  const scheme = certificate ? 'https' : 'http';
  const url = addressOf(app.server.address(), configuration.host, scheme);
  log.info({ event_type: 'listening', url, version }, 'listening');
  sayWhenReady(registry, log);

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

async function main(): Promise<void> {
  // V8 counts the bytes of pictures as part of a heap of some ten megabytes, and would collect all of it after every few
  // dozen requests: a quarter of the processor time of this process (1.9 ms a request, 1.4 with this), for 13 MB.
  setFlagsFromString('--heap-growing-percent=500');
  // ONNX Runtime's builds for Linux would send usage data to its makers; instances inherit this.
  process.env.ORT_DISABLE_TELEMETRY ??= '1';
  // glibc gives each thread an arena of its own and never merges them: pictures of all sizes, decoded by many threads,
  // leave each full of holes. With two an instance took 180 MB instead of 230, from the start and without growing.
  process.env.MALLOC_ARENA_MAX ??= '2';
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
