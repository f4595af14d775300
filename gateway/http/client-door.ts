/**
 * Lets clients into the HTTP half of the API, before a body is read: each route under /v1 that is not the admin's. What
 * a request is by now, it carries: from where it comes and whose it is.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { asTwinlensError, errorRow } from '../../core/errors.ts';
import type { Caller, Client, ClientGate, Intake } from '../admission/index.ts';
import { isAdmin } from './admin-path.ts';
import { discardRest } from './body.ts';

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller;
    /** Undefined outside the clients' routes. */
    client: Client | undefined;
  }
}

export interface ClientDoor {
  readonly clients: ClientGate;
  readonly intake: Intake;
  readonly after: (ms: number, run: () => void) => () => void;
}

export function trackVisitors(app: FastifyInstance): void {
  app.decorateRequest('caller');
  app.decorateRequest('client');
}

/** Throws UNAUTHENTICATED or RATE_LIMITED. */
export function admitClient(request: FastifyRequest, reply: FastifyReply, door: ClientDoor): void {
  const { clients, intake, after } = door;
  // The route's own pattern: the path of the request may be written in several ways.
  const { url } = request.routeOptions;
  if (!url?.startsWith('/v1/') || isAdmin(url)) return;
  try {
    request.client = clients.identify(request.caller, request.headers);
    clients.charge(request.client);
  } catch (error) {
    const known = asTwinlensError(error);
    if (errorRow(known.code).status === 401) reply.header('www-authenticate', 'Bearer realm="twinlens"');
    discardRest(request.raw, after);
    const clientName = request.client?.name;
    throw url === '/v1/classify'
      ? intake.refuse(known, { requestId: request.id, transport: 'http', clientName })
      : known;
  }
}
