/** A real gateway that serves a small page, for all tests of one file, and ways to ask it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { afterAll, beforeAll, expect } from 'vitest';
import { type GatewayProcess, startGateway } from './gateway-process.ts';

/** The site that CORS lets in. */
export const ORIGIN = 'https://app.example';
/** The page's first document. */
export const html = `<!doctype html><script>self.x=1</script><p>${'words '.repeat(500)}</p>`;

const FILES: Readonly<Record<string, string | Buffer>> = {
  'index.html': html,
  'index.html.br': brotliCompressSync(html),
  'about.html': '<p>about</p>',
  '404.html': '<p>not here</p>',
  'service-worker.js': 'self',
  'manifest.webmanifest': '{}',
  '_next/static/a.wasm': Buffer.from([0, 0x61, 0x73, 0x6d]),
  '_next/static/b.mjs': 'export {}',
};

export interface Served {
  readonly gateway: GatewayProcess;
  get(path: string, headers?: Record<string, string>, method?: string): Promise<Response>;
  /** The answer to `request` by a plain socket: fetch hides some of it. */
  raw(request: string): Promise<string>;
}

export function served(): Served {
  const page = mkdtempSync(join(tmpdir(), 'twinlens-page-'));
  let gateway: GatewayProcess;
  beforeAll(async () => {
    mkdirSync(join(page, '_next/static'), { recursive: true });
    for (const [file, content] of Object.entries(FILES)) writeFileSync(join(page, file), content);
    gateway = await startGateway({ env: { TWINLENS_PAGE: page, TWINLENS_ORIGINS: ORIGIN, TWINLENS_INSTANCES: '1' } });
  });
  afterAll(async () => {
    rmSync(page, { recursive: true });
    expect(await gateway.stop()).toEqual({ code: 0, signal: null });
    expect(gateway.errors).toBe('');
  });
  return {
    get gateway() {
      return gateway;
    },
    get: (path, headers = {}, method = 'GET') => fetch(gateway.url + path, { headers, method }),
    raw: (request) =>
      new Promise((resolve, reject) => {
        const { hostname, port } = new URL(gateway.url);
        const socket = connect(Number(port), hostname, () => socket.write(request));
        let text = '';
        socket.on('data', (chunk) => {
          text += chunk.toString('latin1');
        });
        socket.on('error', reject);
        socket.on('close', () => resolve(text));
      }),
  };
}
