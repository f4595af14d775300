/**
 * Every setting of the gateway, in groups: the one table that configuration, its documentation and its tests are
 * made of. A setting `maxBytes` is the variable TWINLENS_MAX_BYTES and the key "maxBytes" of a configuration file; a
 * few have the name that programs of all kinds read.
 */
import { GATEWAY_PROVIDERS, isGatewayProvider } from '../../core/engine.ts';
import { parseNetwork } from '../networks.ts';
import { choice, type ListRule, list, share, text, textLike, whole } from './setting.ts';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

const isOrigin = (part: string) => URL.canParse(part) && new URL(part).origin === part;
const origins: ListRule = {
  kind: 'origins such as `https://example.com`',
  must: 'origins such as https://example.com, without a path, separated by commas, or *',
  accepts: (part) => part === '*' || isOrigin(part),
};
const providers: ListRule = {
  kind: '`tensorrt`, `cuda`, `webgpu`, `cpu`, or `auto` alone',
  must: `auto, or some of ${GATEWAY_PROVIDERS.join(', ')} in the order in which they are tried`,
  accepts: (part) => part === 'auto' || isGatewayProvider(part),
};
const fallbacks: ListRule = {
  kind: '`primary=fallback`',
  must: 'names of models such as primary=fallback, separated by commas',
  accepts: (part) => /^[^=@:\s]+=[^=@:\s]+$/.test(part),
};
const networks: ListRule = {
  kind: 'addresses and networks such as `10.0.0.0/8`',
  must: 'addresses or networks such as 127.0.0.1, 10.0.0.0/8 or fd00::/8, separated by commas',
  accepts: (part) => parseNetwork(part) !== undefined,
};
const address = {
  kind: 'http or https address',
  must: 'an http or https address',
  accepts: (given: string) => given === '' || /^https?:$/.test(URL.canParse(given) ? new URL(given).protocol : ''),
};
const versions = {
  kind: '`latest:N` or `all`',
  must: 'all or latest:N, such as latest:1',
  accepts: (given: string) => /^(?:all|latest:[1-9]\d?)$/.test(given),
};
const token = {
  kind: 'text of at least 16 characters',
  must: 'at least 16 characters',
  accepts: (given: string) => given === '' || given.length >= 16,
};

export const groups = {
  Network: {
    host: text('127.0.0.1', { about: 'Address to listen on; `0.0.0.0` for every interface.' }),
    port: whole(8080, [0, 65_535], { about: 'TCP port.', none: 'a free port is picked' }),
    page: text('out', {
      about: 'Folder of the exported page.',
      none: 'the gateway serves no page',
      emptyCounts: true,
    }),
    origins: list(
      [],
      { about: 'Origins that may use the API from another site. `*` allows all.', none: 'the same origin only' },
      origins,
    ),
    trustedProxies: list(
      [],
      {
        about:
          'Reverse proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed. What comes through one never counts as this machine.',
        none: 'such headers are ignored',
      },
      networks,
    ),
    tlsCertFile: text('', {
      about:
        'File with the certificate and its chain (PEM), for https and wss on the one port. Read again when it changes.',
      none: 'no TLS',
    }),
    tlsKeyFile: text('', { about: 'File with the private key of the certificate (PEM).', none: 'no TLS' }),
  },
  Models: {
    models: text('models', { about: 'Folder with one folder a model package.' }),
    data: text('data', {
      about:
        'Folder of the gateway’s own, for what it must keep: published models, labels, journal. One gateway a folder.',
      none: 'nothing is kept',
      emptyCounts: true,
    }),
    defaultModel: text('', {
      about: 'Model that answers when a request names none.',
      none: 'the first by name',
    }),
    fallbacks: list(
      [],
      {
        about:
          'Models that stand in for others, as `primary=fallback`: while the primary fails or has no version that can answer, `stable` of the fallback answers, and says so. A fallback may have its own. Requests that name a version never fall back.',
        none: 'none',
      },
      fallbacks,
    ),
    versions: textLike('latest:1', versions, {
      about: 'Versions of a model that are served unless an operator says otherwise.',
    }),
    swap: choice('availability', ['availability', 'resource'], {
      about: '`availability`: a new version is loaded beside the old one. `resource`: the old one is unloaded first.',
    }),
    pollMs: whole(5000, [0, 3_600_000], {
      about: 'Time between two looks into the model folders, beside watching them.',
      unit: 'ms',
      none: 'only watching',
    }),
    checkMs: whole(12 * 3_600_000, [0, 30 * 86_400_000], {
      about: 'Time between two checks of sources that can’t notify (catalogues, MLflow).',
      unit: 'ms',
      none: 'only on demand',
    }),
    catalogues: list(['models/catalogue.json'], {
      about: 'Catalogues of models: files or http(s) addresses.',
      none: 'none',
      emptyCounts: true,
    }),
    catalogueMirror: textLike('', address, {
      about:
        'Server that holds the catalogues’ files by their sha256 or file name, asked before the addresses in the catalogues.',
      none: 'no mirror',
    }),
    follow: list([], {
      about: 'Models of the catalogues that are fetched and served; operators may add others.',
      none: 'none',
    }),
    mlflow: textLike('', address, { about: 'MLflow tracking server.', none: 'none' }),
    mlflowModels: list([], {
      about: 'Its registered models to serve: `name`, `name@version` or `name:alias`.',
      none: 'none',
    }),
    mlflowToken: text('', { about: 'Bearer token for MLflow.', none: 'none' }),
    mlflowTokenFile: text('', { about: 'File that holds the bearer token for MLflow.', none: 'none' }),
    maxUploadBytes: whole(GIB, [1024, 1024 * GIB], {
      about: 'Size of one uploaded or fetched model, packed and unpacked alike.',
      unit: 'bytes',
    }),
    journalMax: whole(1000, [10, 100_000], { about: 'Entries of the journal that are kept.' }),
  },
  Access: {
    adminToken: textLike('', token, {
      about: 'Token of the admin API and page.',
      none: 'only this machine may use the admin API',
    }),
    adminTokenFile: text('', {
      about:
        'File that holds the admin token. `/run/secrets/twinlens-admin-token` is read when it is there. Read again when it changes.',
      none: 'none',
    }),
    clientTokensFile: text('', {
      about: 'File of client tokens, one `name:token` a line. Read again when it changes.',
      none: 'the API is open to all',
    }),
    ratePerSecond: whole(0, [0, 1_000_000], {
      about:
        'Requests a second of one client (a token’s name, else an address; over IPv6 a network of 64 bits); beyond it `RATE_LIMITED`.',
      none: 'no limit',
    }),
    rateBurst: whole(50, [1, 1_000_000], {
      about: 'Requests that a client that was quiet may send at once, where there is a rate.',
    }),
  },
  Execution: {
    provider: list(
      ['auto'],
      {
        about:
          'Execution providers of ONNX Runtime in the order in which an instance tries them, goldens included; it takes the first that works, and none besides. `auto` is cuda, then cpu. Where an order is given and not its first one runs, answers and metrics say that they are degraded.',
      },
      providers,
    ),
    instances: whole(0, [0, 64], {
      about:
        'Child processes that run a model. On the CPU, where neither these nor their threads are given, the ways to share out the cores are compared when a model is loaded while the gateway has nothing else to serve, and the one that answers most pictures serves; it is kept in the data folder (`splits.json`), so that a model is measured once a machine. [Scaling](scaling.md) says what that costs and gives.',
      none: 'measured, no more than memory has room for; with threads given, cores / threads; on a GPU 2',
    }),
    threads: whole(0, [0, 256], {
      about: 'ONNX Runtime threads of one instance.',
      none: 'measured together with the instances; with instances given, cores / instances',
    }),
    arena: choice('keep', ['keep', 'release'], {
      about:
        'What ONNX Runtime does on the CPU with the memory of a run: `keep` it for the next one, or `release` it, which is slower.',
    }),
    gpuMemoryPercent: whole(90, [0, 100], {
      about:
        'Share of a GPU’s memory in use, by whomever, from which on no session is made on it (cuda, tensorrt): the next provider of the order is tried, or else the load fails, is tried again, and what serves goes on. Sessions that are there keep what they have; one that gets no more memory fails its batch with `ENGINE_FAILED`.',
      unit: 'percent',
      none: 'not checked',
    }),
    batchMax: whole(0, [0, 1024], {
      about:
        'Largest batch, never above the manifest’s. How many of those that wait run together follows from what runs cost, which is measured at warm-up and while serving, and from their deadlines: who can’t be in time any more is passed over for those who can, but refused only at his deadline.',
      unit: 'pictures',
      none: 'the provider’s default (cpu 4, cuda 32)',
    }),
    batchWaitMs: whole(2, [0, 1000], {
      about:
        'Time that the first request of a batch may wait for others while an instance is idle, at most: it waits only where a run together is expected to save more than the wait costs, so seldom on a CPU, and never when it comes alone.',
      unit: 'ms',
      none: 'it never waits',
    }),
  },
  Degradation: {
    breakerFailures: whole(5, [0, 1000], {
      about:
        'Failures of a version’s engine in a row after which nothing is sent to it for a while; mistakes of clients don’t count.',
      none: 'it is never turned away from',
    }),
    breakerMs: whole(10_000, [1, 3_600_000], {
      about: 'Time until such a version is tried again, by one request.',
      unit: 'ms',
    }),
  },
  Cache: {
    cacheEntries: whole(1000, [0, 100_000], {
      about:
        'Answers that are kept and given again for the same picture, model version and number of predictions. About 1 kB each, 15 kB at most; answers with more than 100 predictions are not kept.',
      none: 'no cache, and identical requests in flight run each by itself',
    }),
    cacheTtlMs: whole(0, [0, 30 * 86_400_000], {
      about: 'Time that an answer is kept. A version always answers the same, so there is seldom a need for an end.',
      unit: 'ms',
      none: 'until another takes its place or its version is unloaded',
    }),
  },
  Limits: {
    queueMax: whole(256, [1, 100_000], { about: 'Waiting requests of a model version; beyond it `QUEUE_FULL`.' }),
    queueMs: whole(250, [0, 600_000], {
      about:
        'Time that a request may expect to wait for its turn, by how fast the model version answers: where more have waited than that for a second, further ones are answered `QUEUE_FULL`, but never while fewer than 32 wait. Bursts may fill the queue up to TWINLENS_QUEUE_MAX.',
      unit: 'ms',
      none: 'only TWINLENS_QUEUE_MAX counts',
    }),
    deadlineMs: whole(10_000, [1, 600_000], { about: 'Deadline of a request that names none.', unit: 'ms' }),
    maxBytes: whole(32 * MIB, [1024, GIB], { about: 'Size of one body or frame.', unit: 'bytes' }),
    maxHeldBytes: whole(0, [0, 1024 * GIB], {
      about:
        'Size of the pictures that all requests together may hold; beyond it `QUEUE_FULL`. At least TWINLENS_MAX_BYTES.',
      unit: 'bytes',
      none: 'a quarter of the memory, 512 MiB at most',
    }),
    memoryBytes: whole(0, [0, 1024 * GIB], {
      about: 'Memory that the gateway and its instances may use together.',
      unit: 'bytes',
      none: 'what the control group (container) allows, else the machine’s',
    }),
    memoryShedPercent: whole(90, [0, 100], {
      about:
        'Share of the memory in use from which on requests are refused with `QUEUE_FULL`, before the kernel ends processes. Counts where memory is limited, by a container or TWINLENS_MEMORY_BYTES.',
      unit: 'percent',
      none: 'never',
    }),
    requestMs: whole(60_000, [0, 3_600_000], {
      about: 'Time in which a whole HTTP request must have arrived.',
      unit: 'ms',
      none: 'no limit',
    }),
    maxPixels: whole(64 * MIB, [1, GIB], {
      about: 'Width times height of one picture, checked in its header before it is decoded.',
      unit: 'pixels',
    }),
    maxInFlight: whole(32, [1, 10_000], { about: 'Requests of one socket that may wait for an answer.' }),
    maxSockets: whole(10_000, [1, 1_000_000], { about: 'Open sockets; beyond it the handshake answers 503.' }),
    maxUnreadBytes: whole(4 * MIB, [1024, GIB], {
      about: 'Size of the answers that one socket may leave unread before it is closed.',
      unit: 'bytes',
    }),
    pingMs: whole(30_000, [0, 3_600_000], {
      about: 'Time between the gateway’s own pings of a socket.',
      unit: 'ms',
      none: 'no pings',
    }),
    drainMs: whole(20_000, [0, 600_000], {
      about: 'Time that SIGTERM leaves for requests in flight.',
      unit: 'ms',
      none: 'they are ended at once',
    }),
  },
  Telemetry: {
    metricsPort: whole(0, [0, 65_535], {
      about: 'Port of its own for `/metrics`, which the main port then does not have.',
      none: 'the metrics are on the main port',
    }),
    metricsHost: text('', { about: 'Address of that port.', none: 'the address of the main port' }),
    healthDiskBytes: whole(128 * MIB, [0, 1024 * GIB], {
      about: 'Space that must be free on the disk of the data folder; with less, `/health` answers 503.',
      unit: 'bytes',
      none: 'not checked',
    }),
    healthLagMs: whole(1000, [0, 60_000], {
      about: 'Delay of the event loop beyond which `/health` answers 503.',
      unit: 'ms',
      none: 'not checked',
    }),
    logLevel: choice('info', ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
      about: 'Lowest level that is logged.',
    }),
    deviceReports: choice('off', ['off', 'on'], {
      about:
        'Whether pages are asked to report how many pictures their devices classified and how fast: numbers only, never in mode `only-device`. The page says so to its visitors.',
    }),
    otlpEndpoint: textLike('', address, {
      about: 'OpenTelemetry collector that gets the traces of requests, over HTTP; `/v1/traces` is appended.',
      none: 'none are exported',
    }),
    traceShare: share(1, {
      about: 'Share of the requests without a `traceparent` of their own that are traced.',
      none: 'only those with one',
    }),
    logSuccesses: share(1, {
      about:
        'Share of the answered requests that are logged, chosen by their ids; those that failed are logged always.',
      none: 'only failures',
    }),
  },
};

export const settings = {
  ...groups.Network,
  ...groups.Models,
  ...groups.Access,
  ...groups.Execution,
  ...groups.Degradation,
  ...groups.Cache,
  ...groups.Limits,
  ...groups.Telemetry,
};

export type Settings = typeof settings;
export type SettingName = keyof Settings;
/** Every setting's value. */
export type Values = { readonly [Name in SettingName]: Settings[Name]['fallback'] };

/** Settings whose variable is one that programs of all kinds share. */
const SHARED: ReadonlyMap<string, string> = new Map([['otlpEndpoint', 'OTEL_EXPORTER_OTLP_ENDPOINT']]);

export const variableOf = (name: string): string =>
  SHARED.get(name) ?? `TWINLENS_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
