/** An OTLP collector for tests: takes traces over HTTP as JSON and keeps their spans. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';

const attribute = z.object({ key: z.string(), value: z.record(z.string(), z.unknown()) });
const span = z.object({
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string().optional(),
  name: z.string(),
  kind: z.number(),
  startTimeUnixNano: z.string(),
  endTimeUnixNano: z.string(),
  attributes: z.array(attribute),
  status: z.object({ code: z.number() }),
});
const body = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes: z.array(attribute) }),
      scopeSpans: z.array(z.object({ spans: z.array(span) })),
    }),
  ),
});

export type CollectedSpan = z.infer<typeof span>;

export class Collector {
  readonly spans: CollectedSpan[] = [];
  /** Names of the services that sent something. */
  readonly services = new Set<unknown>();
  /** Paths and content types of what came. */
  readonly requests: string[] = [];
  readonly #server: Server;
  #changed = (): void => undefined;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async listen(): Promise<Collector> {
    const server = createServer();
    const collector = new Collector(server);
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => void chunks.push(chunk));
      request.on('end', () => {
        collector.requests.push(`${request.url} ${request.headers['content-type']}`);
        collector.#take(Buffer.concat(chunks).toString('utf8'));
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      });
    });
    await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: 0 }, resolve));
    return collector;
  }

  get url(): string {
    // After listen on a TCP port it is an address.
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}`;
  }

  /** The spans of one trace, once there are `count` of them. Rejects after 20 s. */
  async trace(traceId: string, count: number): Promise<readonly CollectedSpan[]> {
    const found = () => this.spans.filter((one) => one.traceId === traceId);
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${found().length} of ${count} spans came within 20 s`)), 20_000);
      const look = () => {
        if (found().length < count) return;
        clearTimeout(timer);
        resolve();
      };
      this.#changed = look;
      look();
    });
    return found();
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #take(text: string): void {
    for (const { resource, scopeSpans } of body.parse(JSON.parse(text)).resourceSpans) {
      this.services.add(resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue);
      for (const { spans } of scopeSpans) this.spans.push(...spans);
    }
    this.#changed();
  }
}
