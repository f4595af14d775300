/**
 * Puts together what the admin API works on: the gate, the uploads and the imports over the gateway's data folder. Where
 * that folder is missing or can't be used, everything but handing in models still works.
 */
import { join } from 'node:path';
import { asTwinlensError } from '../core/errors.ts';
import { AdminGate, type TokenBook } from './admission/index.ts';
import type { Configuration } from './configuration/index.ts';
import type { Admin } from './http/index.ts';
import { createStaging, type Importer, Imports, type Staging, Uploads } from './packages/index.ts';
import type { Clock } from './scheduling/index.ts';
import type { ModelOperations } from './serving/index.ts';
import { downloadFile } from './sources/index.ts';
import type { Log } from './telemetry/index.ts';

export interface AdminOptions {
  readonly configuration: Pick<Configuration, 'data' | 'maxUploadBytes'>;
  /** Undefined: only this machine may ask. */
  readonly tokens: TokenBook | undefined;
  readonly operations: ModelOperations;
  readonly importer: Importer;
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  readonly today: () => number;
  readonly log: Log;
}

export async function createAdmin(options: AdminOptions): Promise<Admin & { close(): Promise<void> }> {
  const { configuration, tokens, operations, importer, clock, today, log } = options;
  const { data, maxUploadBytes } = configuration;
  const staging = await stagingIn(data, log);
  const uploads = new Uploads({ staging, maxBytes: maxUploadBytes, after: clock.after, log });
  const imports = new Imports({
    staging,
    root: join(data ?? '', 'models'),
    uploads,
    importer,
    download: ({ url, path, ...rest }) => downloadFile(url, { into: path, ...rest }),
    target: operations,
    maxBytes: maxUploadBytes,
    today,
    after: clock.after,
    log,
  });
  return {
    gate: new AdminGate({ tokens, now: clock.now, log }),
    operations,
    uploads,
    imports,
    maxUploadBytes,
    async close() {
      await Promise.all([imports.close(), uploads.close()]);
    },
  };
}

async function stagingIn(data: string | undefined, log: Log): Promise<Staging | undefined> {
  if (data === undefined) return undefined;
  const staging = createStaging(join(data, 'staging'));
  try {
    await staging.sweep();
  } catch (error) {
    // Each upload tries again.
    log.warn({ event_type: 'uploads_unavailable' }, asTwinlensError(error).message);
  }
  return staging;
}
