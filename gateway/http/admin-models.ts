/** `/v1/admin/models/...`: every change answers the model as it is afterwards. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  type AdminModel,
  canaryRequestSchema,
  labelNameSchema,
  labelSchema,
  promoteSchema,
  versionPolicySchema,
} from '../../core/admin.ts';
import { TwinlensError } from '../../core/errors.ts';
import type { ModelOperations } from '../serving/index.ts';
import { ACTOR, ADMIN } from './admin-path.ts';
import { check, readJson } from './json.ts';
import { type Handlers, parameters, routeMethods, toVersion } from './route.ts';

export interface ModelRoutes {
  readonly operations: ModelOperations;
  readonly after: (ms: number, run: () => void) => () => void;
}

/** Milliseconds that an answer waits for what it asked for: models are large, and so are their downloads. */
const ANSWER_MS = 600_000;

type Change = (name: string, request: FastifyRequest) => Promise<void>;

export function routeModels(app: FastifyInstance, { operations, after }: ModelRoutes): void {
  const path = `${ADMIN}/models/:name`;

  /** Carries out a change and answers the model after it. */
  const changing = (change: Change) => async (request: FastifyRequest, reply: FastifyReply) => {
    const { name } = parameters(request);
    operations.model(name);
    await withinAnswer(change(name, request), after);
    return remaining(operations, name) ?? reply.code(204).send();
  };
  const change = (end: string, handlers: Readonly<Partial<Record<keyof Handlers, Change>>>) => {
    const entries = Object.entries(handlers).map(([method, run]) => [method, changing(run)]);
    routeMethods(app, `${path}/${end}`, Object.fromEntries(entries));
  };

  routeMethods(app, path, { get: async (request) => operations.model(parameters(request).name) });
  change('versions/:version/load', { post: (name, request) => operations.load(name, versionOf(request), ACTOR) });
  change('versions/:version/unload', { post: (name, request) => operations.unload(name, versionOf(request), ACTOR) });
  change('versions/:version', { delete: (name, request) => operations.remove(name, versionOf(request), ACTOR) });
  change('promote', {
    post: async (name, request) => operations.promote(name, (await readJson(request, promoteSchema)).version, ACTOR),
  });
  change('rollback', { post: (name) => operations.rollback(name, ACTOR) });
  change('follow-newest', { post: (name) => operations.followNewest(name, ACTOR) });
  change('hold', { post: (name) => operations.hold(name, ACTOR) });
  change('labels/:label', {
    put: async (name, request) => {
      const { version } = await readJson(request, labelSchema);
      await operations.setLabel(name, labelOf(request), version, ACTOR);
    },
    delete: async (name, request) => operations.removeLabel(name, labelOf(request), ACTOR),
  });
  change('policy', {
    put: async (name, request) => operations.setPolicy(name, await readJson(request, versionPolicySchema), ACTOR),
  });
  change('canary', {
    put: async (name, request) => operations.setCanary(name, await readJson(request, canaryRequestSchema), ACTOR),
    delete: (name) => operations.endCanary(name, ACTOR),
  });
}

const versionOf = (request: FastifyRequest) => toVersion(parameters(request).version);
const labelOf = (request: FastifyRequest) => check(labelNameSchema, parameters(request).label, 'label');

/** Undefined when the last version took the model with it. */
function remaining(operations: ModelOperations, name: string): AdminModel | undefined {
  return operations.models().find((model) => model.name === name);
}

/** Rejects with DEADLINE_EXCEEDED when `work` takes too long for an answer; it goes on all the same. */
async function withinAnswer(work: Promise<void>, after: ModelRoutes['after']): Promise<void> {
  let stop = (): void => undefined;
  const late = new Promise<never>((_resolve, reject) => {
    stop = after(ANSWER_MS, () =>
      reject(new TwinlensError('DEADLINE_EXCEEDED', 'It is not done yet and goes on; look at the model again later.')),
    );
  });
  try {
    await Promise.race([work, late]);
  } finally {
    stop();
  }
}
