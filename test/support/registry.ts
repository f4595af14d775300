/** A real registry with real instances in this process, for tests below the gateway's sockets. */

import { fileURLToPath } from 'node:url';
import { parseConfiguration } from '../../gateway/configuration/index.ts';
import { createImporter } from '../../gateway/packages/index.ts';
import { allowanceHere, Cgroup } from '../../gateway/resources/index.ts';
import { createRegistry, type ServingObserver } from '../../gateway/serving/index.ts';
import { createSources } from '../../gateway/sources/index.ts';
import { runtime } from './runtime.ts';

export const platformClock = {
  now: () => performance.now(),
  after: (ms: number, callback: () => void) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

export interface LogLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string | undefined;
}

export interface RegistryUnderTest {
  readonly registry: Awaited<ReturnType<typeof createRegistry>>;
  readonly log: readonly LogLine[];
  /** Why instances ended, in order. */
  readonly exits: readonly string[];
  /** Resolves when `condition` holds; looks again whenever the registry tells or logs something. */
  until(condition: () => boolean): Promise<void>;
}

/** Two instances unless the environment says otherwise: what is compared at a start where it doesn't has a test of its own. */
export async function startRegistry(
  environment: Record<string, string> = {},
  allowance = allowanceHere(new Cgroup(), 0),
): Promise<RegistryUnderTest> {
  const log: LogLine[] = [];
  const exits: string[] = [];
  let watchers: (() => void)[] = [];
  const look = () => {
    for (const watcher of [...watchers]) watcher();
  };
  const write = (level: LogLine['level']) => (fields: object, message?: string) => {
    log.push({ level, fields: { ...fields }, message });
    queueMicrotask(look);
  };
  const observer: ServingObserver = {
    requestFinished: look,
    batchRan: look,
    queueChanged: () => undefined,
    instanceExited: ({ reason }) => {
      exits.push(reason);
      look();
    },
    versionState: look,
    loadEnded: look,
    canaryShare: look,
    shadowCompared: look,
    canaryRolledBack: look,
    breakerChanged: look,
    degraded: look,
  };
  const configuration = parseConfiguration({
    TWINLENS_PROVIDER: 'cpu',
    TWINLENS_DATA: '',
    TWINLENS_INSTANCES: '2',
    ...environment,
  });
  const written = { info: write('info'), warn: write('warn'), error: write('error') };
  const shared = { configuration, clock: platformClock, log: written, random: Math.random };
  const importer = createImporter({
    providers: configuration.providers,
    runtime,
    maxPixels: configuration.maxPixels,
    maxBytes: configuration.maxUploadBytes,
    batchMax: configuration.batchMax,
    imagenetNames: fileURLToPath(new URL('../../models/efficientnet-lite0/classes.json', import.meta.url)),
  });
  const sources = createSources({ ...shared, importer, now: Date.now, mlflowToken: undefined });
  const registry = await createRegistry({
    ...shared,
    allowance,
    sources,
    observer,
    today: Date.now,
  });
  return {
    registry,
    log,
    exits,
    until: (condition) =>
      new Promise((resolve) => {
        const watcher = () => {
          if (!condition()) return;
          watchers = watchers.filter((other) => other !== watcher);
          resolve();
        };
        watchers.push(watcher);
        watcher();
      }),
  };
}
