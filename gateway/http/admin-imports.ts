/** `/v1/admin/uploads` and `/v1/admin/imports/...`: hand in a model, read its report, publish it. */
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { importRequestSchema, publishSchema } from '../../core/admin.ts';
import { TwinlensError } from '../../core/errors.ts';
import type { Imports, Uploads } from '../packages/index.ts';
import { ACTOR, ADMIN } from './admin-path.ts';
import { untilStall } from './arrival.ts';
import { readJson, readQuery } from './json.ts';
import { parameters, routeMethods } from './route.ts';

export interface ImportRoutes {
  readonly uploads: Uploads;
  readonly imports: Imports;
  readonly after: (ms: number, run: () => void) => () => void;
}

/** The one path whose body may take as long as it needs, as long as it moves. */
export const UPLOADS = `${ADMIN}/uploads`;

/** Milliseconds without a byte after which an upload counts as broken. */
const STALL_MS = 30_000;

const uploadQuery = z.strictObject({ fileName: z.string().min(1).max(400) });

export function routeImports(app: FastifyInstance, { uploads, imports, after }: ImportRoutes): void {
  routeMethods(app, UPLOADS, {
    post: async (request, reply) => {
      const { fileName } = readQuery(request, uploadQuery);
      const upload = await uploads.receive(fileName, bodyOf(request, after), announced(request));
      return reply.code(201).send(upload);
    },
  });
  routeMethods(app, `${ADMIN}/imports`, {
    get: async () => ({ imports: imports.list() }),
    post: async (request, reply) => reply.code(202).send(imports.start(await readJson(request, importRequestSchema))),
  });
  routeMethods(app, `${ADMIN}/imports/:id`, {
    get: async (request) => imports.get(parameters(request).id),
    delete: async (request, reply) => {
      await imports.discard(parameters(request).id);
      return reply.code(204).send();
    },
  });
  routeMethods(app, `${ADMIN}/imports/:id/publish`, {
    post: async (request) => imports.publish(parameters(request).id, await readJson(request, publishSchema), ACTOR),
  });
}

function bodyOf({ body, headers }: FastifyRequest, after: ImportRoutes['after']): AsyncIterable<unknown> {
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    throw new TwinlensError('UNSUPPORTED_MEDIA', 'The body is compressed (Content-Encoding); send the file as it is.');
  }
  // Left open on failure: closing it would lose the answer.
  const chunks = body instanceof Readable ? body.iterator({ destroyOnReturn: false }) : Readable.from([]);
  return untilStall(chunks, STALL_MS, after);
}

function announced({ headers }: FastifyRequest): number | undefined {
  const length = headers['content-length'];
  return length === undefined ? undefined : Number(length);
}
