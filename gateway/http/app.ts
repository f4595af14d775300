/**
 * The HTTP half of the gateway: routes, and what every answer has in common. Guarantees that every error is a
 * problem document with a request id. Knows nothing of how a picture is classified.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { resolve } from 'node:path';
import fastifyMultipart from '@fastify/multipart';
import fastifyStatic from '@fastify/static';
import fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { TwinlensError } from '../../core/errors.ts';
import { STREAM_PATH, SUBPROTOCOL } from '../../core/protocol.ts';
import type { Caller, ClientGate, Intake, OriginPolicy, ReportAllowance } from '../admission/index.ts';
import type { Health } from '../health/index.ts';
import { rawProblem } from '../problem.ts';
import type { Certificate } from '../secrets/index.ts';
import type { Registry } from '../serving/index.ts';
import { carriedTracing, expose, type Log, type Metrics, type Tracing } from '../telemetry/index.ts';
import { type Admin, serveAdmin } from './admin.ts';
import { UPLOADS } from './admin-imports.ts';
import { isAdmin } from './admin-path.ts';
import { limitArrival } from './arrival.ts';
import { classifyHandler } from './classify.ts';
import { admitClient, trackVisitors } from './client-door.ts';
import { deviceReportsHandler } from './device-reports.ts';
import { clientError, sendProblem, toKnown } from './errors.ts';
import { sendModelFile } from './files.ts';
import { allowPreflight, setHeaders } from './headers.ts';
import { serveHealth } from './health.ts';
import { openApi } from './openapi.ts';
import { findPage, readPage } from './page.ts';
import { parameters, READ, route, toVersion } from './route.ts';
import { createServer } from './server.ts';

export interface HttpOptions {
  readonly intake: Intake;
  readonly registry: Registry;
  readonly health: Health;
  readonly origins: OriginPolicy;
  readonly clients: ClientGate;
  /** From where a request comes. */
  readonly callerOf: (request: IncomingMessage) => Caller;
  /** Undefined: no TLS. */
  readonly certificate: Certificate | undefined;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Default: traces are carried, none is recorded. */
  readonly tracing?: Tracing | undefined;
  /** Of this software. */
  readonly version: string;
  /** False: the metrics have a port of their own. Default true. */
  readonly showMetrics?: boolean | undefined;
  /** Folder of the exported page; undefined: none is served. */
  readonly page: string | undefined;
  /** Bytes of one picture. */
  readonly maxBytes: number;
  /** Milliseconds in which a whole request must have arrived; 0: no limit. */
  readonly requestMs: number;
  /** Calls `run` once after `ms` milliseconds; returns the way to call it off. */
  readonly after: (ms: number, run: () => void) => () => void;
  /** Undefined: pages are not asked for reports. */
  readonly deviceReports?: ReportAllowance | undefined;
  /** Open WebSockets. */
  readonly sockets: () => number;
  /** Undefined: there is no admin API. */
  readonly admin?: Admin | undefined;
}

const REQUEST_ID = /^[A-Za-z0-9._:-]{1,64}$/;

export async function createHttp(options: HttpOptions): Promise<FastifyInstance> {
  const { intake, registry, origins, metrics, maxBytes, callerOf, tracing = carriedTracing } = options;
  // Fastify has little to say that the log does not have already.
  const { log } = options;
  const loggerInstance: FastifyBaseLogger = log.child(
    { event_type: 'http' },
    { level: log.isLevelEnabled('warn') ? 'warn' : log.level },
  );
  const app = fastify({
    serverFactory: (handler) => createServer(handler, options),
    loggerInstance,
    logController: new fastify.LogController({ disableRequestLogging: true, requestIdLogLabel: 'request_id' }),
    genReqId: ({ headers }) => {
      const given = headers['x-request-id'];
      return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
    },
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: 256 },
    // The drain is ours: requests are let in or refused by the gate, on every transport alike.
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => {
      setHeaders(request, reply, { origins, secure: callerOf(request.raw).secure });
      sendProblem(reply, toKnown(error, request));
    },
    clientErrorHandler: (error, socket) => {
      // All else is a connection that broke or a handshake of TLS that failed, and nobody could read an answer.
      const isHttp = /^(?:HPE|ERR_HTTP)_/.test(error.code ?? '');
      if (!isHttp || !socket.writable) socket.destroy();
      else socket.end(rawProblem(clientError(error), randomUUID()));
    },
  });

  trackVisitors(app);
  app.addHook('onRequest', async (request, reply) => {
    request.caller = callerOf(request.raw);
    setHeaders(request, reply, { origins, secure: request.caller.secure });
    if (request.routeOptions.url !== UPLOADS) limitArrival(request.raw, options.requestMs, request.id, options.after);
    if (allowPreflight(request, reply, origins)) return reply.code(204).send();
    admitClient(request, reply, options);
  });
  app.addHook('onSend', (request, reply, _payload, done) => {
    // A client that kept its connection would send the next request into the end of it, and get no answer. One whose
    // body was not read keeps it: closing could lose the answer.
    if (intake.gate.draining && request.raw.complete) reply.header('connection', 'close');
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    const { id, method, url } = request;
    metrics.sent('http', sentBytes(method, reply));
    done();
    if (!log.isLevelEnabled('debug')) return;
    // Without the query: some put secrets there.
    const [path] = url.split('?', 1);
    const line = { event_type: 'http', request_id: id, method, path, status: reply.statusCode };
    log.debug({ ...line, total_time: reply.elapsedTime / 1000 }, 'answered');
  });
  app.setErrorHandler((error, request, reply) => {
    const known = toKnown(error, request);
    if (known.code === 'INTERNAL') {
      log.error({ event_type: 'http_failed', request_id: request.id, err: known.cause ?? known }, known.message);
    }
    return sendProblem(reply, known);
  });
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0]?.slice(0, 200);
    return sendProblem(
      reply,
      new TwinlensError('NOT_FOUND', `There is nothing at ${path}; /openapi.json lists the paths.`),
    );
  });

  // A client that asks before it sends (curl does, above 1 MiB) is spared what would be refused.
  app.server.on('checkContinue', (request, response) => {
    const most = isAdmin(request.url ?? '') ? (options.admin?.maxUploadBytes ?? 0) : maxBytes;
    if (!(Number(request.headers['content-length']) > most)) response.writeContinue();
    app.server.emit('request', request, response);
  });

  // The body of a picture is read by its handler, bounded, while it arrives.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
  // Files that are too large are cut off and found out by their length.
  await app.register(fastifyMultipart, { throwFileSizeLimit: false });

  route(app, '/v1/classify', ['POST'], classifyHandler({ intake, tracing, maxBytes, after: options.after }));
  const reports = { allowance: options.deviceReports, metrics, after: options.after };
  route(app, '/v1/device-reports', ['POST'], deviceReportsHandler(reports));
  route(app, '/v1/models', READ, async () => ({ models: registry.list() }));
  route(app, '/v1/models/:name', READ, async (request) => registry.detail(parameters(request).name));
  route(app, '/v1/models/:name/versions/:version/files/*', READ, async (request, reply) => {
    const { name, version, '*': path } = parameters(request);
    return sendModelFile(request, reply, registry.file(name, toVersion(version), path));
  });
  route(app, STREAM_PATH, READ, async () => {
    throw new TwinlensError('INVALID_ARGUMENT', `Open a WebSocket here, with the subprotocol ${SUBPROTOCOL}.`);
  });

  const { health, version, sockets } = options;
  serveHealth(app, { health, gate: intake.gate, registry, version, sockets });
  if (options.showMetrics ?? true) {
    route(app, '/metrics', READ, async ({ headers }, reply) => {
      const { contentType, text } = await expose(metrics.registry, headers.accept);
      reply.headers({ 'content-type': contentType, vary: 'accept' });
      return text;
    });
  }
  const description = openApi(options.version);
  route(app, '/openapi.json', READ, async () => description);

  if (options.admin) await serveAdmin(app, { ...options.admin, door: intake.gate, log, after: options.after });
  await servePage(app, options.page);
  return app;
}

/** Of the body of an answer that left whole. */
function sentBytes(method: string, reply: FastifyReply): number {
  if (method === 'HEAD' || reply.statusCode === 304 || !reply.raw.writableFinished) return 0;
  const bytes = Number(reply.getHeader('content-length'));
  // NaN where it was not told before the answer began.
  return Number.isFinite(bytes) ? bytes : 0;
}

async function servePage(app: FastifyInstance, folder: string | undefined): Promise<void> {
  const page = folder === undefined ? undefined : await readPage(resolve(folder));
  if (folder === undefined || !page) {
    const text =
      folder === undefined
        ? 'This gateway serves no page (TWINLENS_PAGE is empty). The API is described at /openapi.json.\n'
        : 'The page has not been built. Run: npm run build, then start again. The API works: /openapi.json.\n';
    app.route({
      method: [...READ],
      url: '/',
      handler: (_request, reply) => reply.code(404).type('text/plain; charset=utf-8').send(text),
    });
    return;
  }
  await app.register(fastifyStatic, {
    root: resolve(folder),
    serve: false,
    preCompressed: true,
    index: false,
    cacheControl: false,
  });
  app.route({
    method: [...READ],
    url: '/*',
    handler: (request: FastifyRequest, reply: FastifyReply) => {
      const found = findPage(page, request.url);
      if (found) {
        return reply
          .headers({ 'cache-control': found.cacheControl, 'content-security-policy': found.policy })
          .sendFile(found.file);
      }
      const missing = page.get('/404.html');
      if (!missing || !request.headers.accept?.includes('text/html')) return reply.callNotFound();
      return reply
        .code(404)
        .headers({ 'cache-control': 'no-store', 'content-security-policy': missing.policy })
        .sendFile(missing.file);
    },
  });
}
