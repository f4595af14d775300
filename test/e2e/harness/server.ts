/**
 * A small gateway for the worker's own tests: serves a folder of pages and the built-in model at the
 * gateway's addresses, counts what is asked for, and can be told to fail in chosen ways.
 */
import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Manifest, parseManifest } from '../../../core/manifest.ts';
import type { ModelDetail } from '../../../core/protocol.ts';

const MODEL = fileURLToPath(new URL('../../../models/efficientnet-lite0/', import.meta.url));
export const manifest: Manifest = parseManifest(JSON.parse(readFileSync(join(MODEL, 'model.json'), 'utf8')));

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
  '.png': 'image/png',
};

export interface Faults {
  /** Every request for a model or its files is dropped: the gateway is away. */
  away?: boolean;
  /** The weights come with one byte changed. */
  damaged?: boolean;
  /** The weights stop half way and stay open. */
  stuck?: boolean;
}

export interface HarnessServer {
  readonly url: string;
  readonly faults: Faults;
  /** Paths asked for, in order. */
  readonly requests: string[];
  /** Resolves when the weights have been asked for and stand half way (`stuck`). */
  stuckOnce(): Promise<void>;
  close(): Promise<void>;
}

export interface HarnessOptions {
  /** Folder with index.html. */
  readonly folder: string;
  readonly port?: number;
  /** Without the headers of cross-origin isolation. */
  readonly isolated?: boolean;
  /** Versions that the gateway says it has; all are the built-in package. */
  readonly versions?: readonly number[];
  /** Goldens that the manifest names; fewer where each takes seconds. */
  readonly goldens?: number;
  /** Every golden expects what the model does not say. */
  readonly wrongGolden?: boolean;
}

function detailOf(options: HarnessOptions): ModelDetail {
  const { name, title } = manifest;
  const { versions = [manifest.version], wrongGolden = false } = options;
  const goldens = manifest.goldens
    .slice(0, options.goldens ?? manifest.goldens.length)
    .map((golden) => (wrongGolden ? { ...golden, top: [{ index: 3, score: 0.9 }] } : golden));
  const details = versions.map((version) => ({
    version,
    state: 'available' as const,
    manifest: { ...manifest, version, goldens },
  }));
  return { name, title, default: true, versions: [...versions], labels: {}, details };
}

export async function startHarnessServer(options: HarnessOptions): Promise<HarnessServer> {
  const faults: Faults = {};
  const requests: string[] = [];
  let onStuck: () => void = () => undefined;
  const stuck = new Promise<void>((resolve) => {
    onStuck = resolve;
  });
  const detail = detailOf(options);
  const base = `/v1/models/${manifest.name}`;
  const files = new RegExp(`^${base}/versions/\\d+/files/(.+)$`);

  const json = (response: ServerResponse, status: number, body: unknown) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };

  const sendModelFile = (response: ServerResponse, path: string) => {
    const bytes = readFileSync(join(MODEL, path));
    const isModel = path.endsWith('.onnx');
    if (isModel && faults.damaged) bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': bytes.length });
    if (isModel && faults.stuck) {
      response.write(bytes.subarray(0, bytes.length >> 1), () => onStuck());
      return;
    }
    response.end(bytes);
  };

  const sendPage = (response: ServerResponse, path: string) => {
    const inside = normalize(path).replace(/^[/.]+/, '');
    const file = join(options.folder, inside === '' ? 'index.html' : inside);
    if (!existsSync(file) || !statSync(file).isFile()) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, {
      'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
      'content-length': statSync(file).size,
    });
    createReadStream(file).pipe(response);
  };

  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const path = decodeURIComponent((request.url ?? '/').split('?')[0] ?? '/');
    requests.push(path);
    if (options.isolated !== false) {
      response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
      response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
    }
    response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
    if (!path.startsWith('/v1/')) return sendPage(response, path);
    if (faults.away) return void request.socket.destroy();
    const file = files.exec(path)?.[1];
    if (path === '/v1/models') return json(response, 200, { models: [detail] });
    if (path === base) return json(response, 200, detail);
    if (file !== undefined && Object.hasOwn(manifest.files, file)) return sendModelFile(response, file);
    return json(response, 404, { status: 404, code: 'MODEL_NOT_FOUND', title: 'Not found', detail: `No ${path}` });
  });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://localhost:${port}`,
    faults,
    requests,
    stuckOnce: () => stuck,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
