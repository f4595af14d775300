/** How a route is registered, and what of a request's path handlers read. */
import type { FastifyInstance, FastifyRequest, RouteHandlerMethod } from 'fastify';
import { TwinlensError } from '../../core/errors.ts';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
export type Method = (typeof METHODS)[number];
export const READ = ['GET', 'HEAD'] as const;

/** The handler of each method that works at a path. */
export type Handlers = Readonly<Partial<Record<Lowercase<Method>, RouteHandlerMethod>>>;

/** Registers `handlers`, and for every other method the answer that tells which ones there are. */
export function routeMethods(app: FastifyInstance, url: string, handlers: Handlers): void {
  const handlerOf = (method: Method) => {
    switch (method) {
      case 'GET':
        return handlers.get;
      case 'HEAD':
        return handlers.head;
      case 'POST':
        return handlers.post;
      case 'PUT':
        return handlers.put;
      case 'PATCH':
        return handlers.patch;
      case 'DELETE':
        return handlers.delete;
      case 'OPTIONS':
        return handlers.options;
    }
  };
  const works = METHODS.filter((method) => handlerOf(method) !== undefined).join(', ');
  for (const method of METHODS) {
    const handler = handlerOf(method) ?? refuseMethod(works);
    app.route({ method, url, handler });
  }
}

/** The same handler for several methods. */
export function route(
  app: FastifyInstance,
  url: string,
  methods: readonly Method[],
  handler: RouteHandlerMethod,
): void {
  const works = methods.join(', ');
  for (const method of METHODS) {
    app.route({ method, url, handler: methods.includes(method) ? handler : refuseMethod(works) });
  }
}

function refuseMethod(works: string): RouteHandlerMethod {
  return (request, reply) => {
    reply.header('allow', works);
    throw new TwinlensError(
      'METHOD_NOT_ALLOWED',
      `${request.method} does not work here; use ${works.replaceAll(', ', ' or ')}.`,
    );
  };
}

/** Parameters of the path; those that a route does not have are empty. */
export function parameters({ params }: FastifyRequest): {
  readonly name: string;
  readonly version: string;
  readonly label: string;
  readonly id: string;
  readonly model: string;
  readonly '*': string;
} {
  const given: Readonly<Record<string, unknown>> = typeof params === 'object' && params !== null ? { ...params } : {};
  const text = (key: string) => (typeof given[key] === 'string' ? given[key] : '');
  return {
    name: text('name'),
    version: text('version'),
    label: text('label'),
    id: text('id'),
    model: text('model'),
    '*': text('*'),
  };
}

export function toVersion(text: string): number {
  if (/^[1-9]\d{0,9}$/.test(text)) return Number(text);
  throw new TwinlensError('INVALID_ARGUMENT', `"${text.slice(0, 20)}" is no version; write a whole number from 1.`);
}
