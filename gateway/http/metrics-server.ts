/**
 * The metrics on a port of their own, for networks where only the scraper may see them. Guarantees that nothing else is
 * served there.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { asTwinlensError, TwinlensError } from '../../core/errors.ts';
import { expose, type Log, type Metrics } from '../telemetry/index.ts';

export interface MetricsServerOptions {
  readonly host: string;
  readonly port: number;
  readonly metrics: Metrics;
  readonly log: Log;
}

export interface MetricsServer {
  close(): Promise<void>;
}

/** Milliseconds for a whole request; a scrape is a few hundred bytes. */
const REQUEST_MS = 10_000;
/** Connections at once; a Prometheus needs one. */
const MAX_CONNECTIONS = 64;

export async function listenForMetrics(options: MetricsServerOptions): Promise<MetricsServer> {
  const { host, port, log } = options;
  const server = createServer({ requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS }, (request, response) => {
    answer(request, response, options).catch((error: unknown) => {
      log.error({ event_type: 'metrics_failed', err: error }, 'the metrics could not be told');
      response.destroy();
    });
  });
  server.maxConnections = MAX_CONNECTIONS;
  await bound(server, host, port).catch((cause: unknown) => {
    const why = asTwinlensError(cause).message;
    throw new TwinlensError(
      'UNAVAILABLE',
      `The metrics can't have port ${port} of ${host} (${why}); set TWINLENS_METRICS_PORT and TWINLENS_METRICS_HOST to free ones.`,
      { cause },
    );
  });
  log.info({ event_type: 'metrics_listening', host, port }, 'metrics have a port of their own');
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function bound(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

async function answer(
  { method, url, headers }: IncomingMessage,
  response: ServerResponse,
  { metrics }: MetricsServerOptions,
): Promise<void> {
  const say = (status: number, text: string) =>
    response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(text);
  if (url?.split('?', 1)[0] !== '/metrics') {
    say(404, 'Only /metrics is here.\n');
  } else if (method !== 'GET' && method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    say(405, 'Use GET.\n');
  } else {
    const { contentType, text } = await expose(metrics.registry, headers.accept);
    response.writeHead(200, { 'content-type': contentType, 'content-length': Buffer.byteLength(text) });
    response.end(method === 'HEAD' ? undefined : text);
  }
}
