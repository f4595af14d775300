/**
 * `/v1/admin`: what an operator can do with the models, behind the admin gate. Guarantees that nothing under it is
 * answered before the gate has let the request in, that no other site may read an answer, and that every change and
 * every refusal is logged. What is done is done by serving and packages.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { AdminOverview } from '../../core/admin.ts';
import { errorRow, TwinlensError } from '../../core/errors.ts';
import type { AdminGate, Gate } from '../admission/index.ts';
import type { Imports, Uploads } from '../packages/index.ts';
import type { ModelOperations } from '../serving/index.ts';
import type { Log } from '../telemetry/index.ts';
import { routeImports } from './admin-imports.ts';
import { routeModels } from './admin-models.ts';
import { ACTOR, ADMIN } from './admin-path.ts';
import { routeSources } from './admin-sources.ts';
import { discardRest } from './body.ts';
import { toKnown } from './errors.ts';
import { readQuery } from './json.ts';
import { routeMethods } from './route.ts';

/** What the admin API works on. */
export interface Admin {
  readonly gate: AdminGate;
  readonly operations: ModelOperations;
  readonly uploads: Uploads;
  readonly imports: Imports;
  readonly maxUploadBytes: number;
}

export interface AdminRoutes extends Admin {
  /** Of the gateway: it closes for a drain. */
  readonly door: Gate;
  readonly log: Log;
  readonly after: (ms: number, run: () => void) => () => void;
}

/** Entries of the journal that the overview has. */
const NEWEST_ENTRIES = 50;

const wholeNumber = (max: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(1).max(max));

const journalQuery = z.strictObject({
  limit: wholeNumber(1000).optional(),
  before: wholeNumber(Number.MAX_SAFE_INTEGER).optional(),
});

export async function serveAdmin(app: FastifyInstance, options: AdminRoutes): Promise<void> {
  await app.register(async (inside) => {
    guard(inside, options);
    routeMethods(inside, ADMIN, { get: async () => overview(options) });
    routeMethods(inside, `${ADMIN}/session`, { get: async (_request, reply) => reply.code(204).send() });
    routeMethods(inside, `${ADMIN}/journal`, {
      get: async (request) => {
        const { limit, before } = readQuery(request, journalQuery);
        return { entries: options.operations.journal(limit ?? 100, before) };
      },
    });
    routeModels(inside, options);
    routeSources(inside, options);
    routeImports(inside, options);
  });
}

function guard(app: FastifyInstance, { gate, door, operations, log, after }: AdminRoutes): void {
  const refusals = new WeakMap<FastifyRequest, TwinlensError>();
  app.addHook('onRequest', async (request, reply) => {
    const { method, headers } = request;
    try {
      gate.check({ method, headers, caller: request.caller });
      if (method !== 'GET' && method !== 'HEAD') door.check();
    } catch (error) {
      if (error instanceof TwinlensError && errorRow(error.code).status === 401) {
        reply.header('www-authenticate', 'Bearer realm="twinlens"');
      }
      throw error;
    }
    // A disk that was full may have room again, which nobody tells; what is refused because of it would stay refused.
    if (operations.readOnly !== undefined) await operations.recheckDisk();
  });
  // Kept for the log; the answer is made where every error of HTTP is.
  app.setErrorHandler((error, request) => {
    const known = toKnown(error, request);
    refusals.set(request, known);
    throw known;
  });
  // Whatever refused it: a body that nobody reads any more must not keep the connection.
  app.addHook('onResponse', async (request, reply) => {
    discardRest(request.raw, after);
    const { method, id } = request;
    const refusal = refusals.get(request);
    const line = {
      event_type: 'admin',
      request_id: id,
      actor: ACTOR,
      address: request.caller.address,
      method,
      path: request.url.split('?', 1)[0],
      status: reply.statusCode,
      total_time: reply.elapsedTime / 1000,
      ...(refusal ? { code: refusal.code, reason: refusal.message } : {}),
    };
    // The page asks for the overview every few seconds.
    const reading = method === 'GET' && reply.statusCode < 400;
    log[reading ? 'debug' : 'info'](line, reply.statusCode < 400 ? 'done' : 'refused');
  });
}

function overview({ gate, operations, imports, maxUploadBytes }: Admin): AdminOverview {
  const { readOnly } = operations;
  return {
    models: [...operations.models()],
    sources: [...operations.sources()],
    imports: [...imports.list()],
    journal: [...operations.journal(NEWEST_ENTRIES)],
    access: gate.access,
    ...(readOnly === undefined ? {} : { readOnly }),
    limits: { maxUploadBytes },
  };
}
