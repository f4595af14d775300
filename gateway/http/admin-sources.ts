/** `/v1/admin/sources/...`: look for new versions at once, and choose what is kept current. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { followSchema } from '../../core/admin.ts';
import { TwinlensError } from '../../core/errors.ts';
import type { ModelOperations } from '../serving/index.ts';
import { ACTOR, ADMIN } from './admin-path.ts';
import { check } from './json.ts';
import { parameters, routeMethods } from './route.ts';

export function routeSources(app: FastifyInstance, { operations }: { readonly operations: ModelOperations }): void {
  const status = (name: string) => {
    const found = operations.sources().find((source) => source.name === name);
    if (found) return found;
    throw new TwinlensError('NOT_FOUND', `There is no source ${name.slice(0, 100)}; GET ${ADMIN} lists them.`);
  };
  const modelOf = (request: FastifyRequest) => check(followSchema, { model: parameters(request).model }, 'path').model;

  routeMethods(app, `${ADMIN}/sources/:name/check`, {
    post: (request) => operations.check(parameters(request).name),
  });
  routeMethods(app, `${ADMIN}/sources/:name/follows/:model`, {
    put: async (request) => {
      const { name } = status(parameters(request).name);
      await operations.follow(name, modelOf(request), ACTOR);
      return status(name);
    },
    delete: async (request) => {
      const { name } = status(parameters(request).name);
      await operations.unfollow(name, modelOf(request), ACTOR);
      return status(name);
    },
  });
}
