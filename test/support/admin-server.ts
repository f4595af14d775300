/**
 * The gateway's HTTP half with its admin API on a real port, over operations and an importer that the test controls and
 * over real uploads, imports and folders.
 */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseManifest } from '../../core/manifest.ts';
import { createAccess } from '../../gateway/access.ts';
import { AdminGate, Gate, Intake, originPolicy } from '../../gateway/admission/index.ts';
import { Health } from '../../gateway/health/index.ts';
import { createHttp } from '../../gateway/http/index.ts';
import { createStaging, type Download, Imports, Uploads } from '../../gateway/packages/index.ts';
import type { Usage } from '../../gateway/resources/index.ts';
import { createLog, createMetrics } from '../../gateway/telemetry/index.ts';
import { FakeImporter } from '../doubles/fake-importer.ts';
import { FakeOperations } from '../doubles/fake-operations.ts';
import { FakeRegistry, noResults } from '../doubles/fake-registry.ts';
import { platformClock } from './registry.ts';

export interface AdminServerOptions {
  readonly token?: string;
  readonly maxUploadBytes?: number;
  readonly requestMs?: number;
  /** Origins that CORS lets use the rest of the API. */
  readonly origins?: readonly string[];
  readonly download?: Download;
  /** False: as with an empty TWINLENS_DATA. */
  readonly keeps?: boolean;
  /** Folder of the exported page; left out: none is served. */
  readonly page?: string;
  /** Timers of uploads, imports and requests; the platform's when left out. */
  readonly after?: (ms: number, run: () => void) => () => void;
}

export interface AdminServer {
  readonly url: string;
  readonly port: number;
  readonly operations: FakeOperations;
  readonly importer: FakeImporter;
  readonly gate: Gate;
  readonly log: readonly Readonly<Record<string, unknown>>[];
  /** Folder of the published models. */
  readonly root: string;
  /** Folders of uploads and imports on the disk. */
  staged(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** Of a machine with nothing to do. */
const IDLE: Usage = {
  memoryBytes: 0,
  memoryLimitBytes: 1,
  ownBytes: 0,
  disk: undefined,
  eventLoopMs: 0,
  gpus: undefined,
};
const noDownload: Download = () => Promise.reject(new Error('No download was expected.'));

export async function startAdminServer(options: AdminServerOptions = {}): Promise<AdminServer> {
  const { token, maxUploadBytes = 100_000, requestMs = 60_000, origins = [], keeps = true } = options;
  const { after = platformClock.after, download = noDownload } = options;
  const folder = await mkdtemp(join(tmpdir(), 'twinlens-admin-'));
  const root = join(folder, 'models');
  const lines: Record<string, unknown>[] = [];
  const log = createLog('debug', { write: (line) => void lines.push(JSON.parse(line)) });
  const operations = new FakeOperations();
  const builtIn = new URL('../../models/efficientnet-lite0/model.json', import.meta.url);
  const importer = new FakeImporter(parseManifest(JSON.parse(await readFile(builtIn, 'utf8'))));
  const staging = keeps ? createStaging(join(folder, 'staging')) : undefined;
  await staging?.sweep();
  const uploads = new Uploads({ staging, maxBytes: maxUploadBytes, after, log });
  const imports = new Imports({
    staging,
    root,
    uploads,
    importer: importer.run,
    download,
    target: operations,
    maxBytes: maxUploadBytes,
    today: Date.now,
    after,
    log,
  });
  const registry = new FakeRegistry();
  const metrics = createMetrics();
  const gate = new Gate({ maxHeldBytes: 1_000_000 });
  const { adminTokens, clients, callerOf, certificate } = createAccess({
    configuration: {
      adminToken: { text: token, file: undefined },
      clientTokensFile: undefined,
      rate: undefined,
      tls: undefined,
      trustedProxies: [],
    },
    clock: platformClock,
    today: Date.now,
    log,
    limited: metrics.rateLimited,
  });
  const app = await createHttp({
    intake: new Intake({ gate, registry, results: noResults, clock: platformClock, log, metrics, deadlineMs: 1000 }),
    registry,
    origins: originPolicy(origins),
    clients,
    callerOf,
    certificate,
    log,
    metrics,
    version: '0.0.0',
    page: options.page,
    maxBytes: 1000,
    requestMs,
    after,
    sockets: () => 0,
    health: new Health({
      facts: () => ({ usage: IDLE, ready: true, running: [], wantsGpu: false }),
      draining: () => gate.draining,
      limits: { memoryShare: 0, diskBytes: 0, eventLoopMs: 0 },
      now: platformClock.now,
    }),
    admin: {
      gate: new AdminGate({ tokens: adminTokens, now: platformClock.now, log }),
      operations,
      uploads,
      imports,
      maxUploadBytes,
    },
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    operations,
    importer,
    gate,
    log: lines,
    root,
    staged: () => readdir(join(folder, 'staging')),
    close: async () => {
      await Promise.all([imports.close(), uploads.close()]);
      app.server.closeAllConnections();
      await app.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
