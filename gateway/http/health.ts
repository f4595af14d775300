/** The health routes: what the gateway says of itself to those who run it. */
import type { FastifyInstance } from 'fastify';
import type { Gate } from '../admission/index.ts';
import type { Health } from '../health/index.ts';
import type { Registry } from '../serving/index.ts';
import { READ, route } from './route.ts';

export interface HealthRoutes {
  readonly health: Health;
  readonly gate: Gate;
  readonly registry: Registry;
  readonly version: string;
  /** Open WebSockets. */
  readonly sockets: () => number;
}

export function serveHealth(app: FastifyInstance, { health, gate, registry, version, sockets }: HealthRoutes): void {
  route(app, '/health', READ, async (_request, reply) => {
    const { status, checks } = health.report;
    reply.code(status === 'ready' ? 200 : 503);
    return {
      status,
      version,
      uptimeSeconds: Math.round(process.uptime()),
      inFlight: gate.inside,
      sockets: sockets(),
      checks,
      degraded: registry.degraded,
      models: registry.list().map((model) => ({
        ...model,
        details: registry.detail(model.name).details.map(({ manifest, ...detail }) => detail),
      })),
    };
  });
  route(app, '/health/live', READ, async () => ({ status: 'live' }));
  route(app, '/health/startup', READ, async () => {
    health.checkStarted();
    return { status: 'started' };
  });
  route(app, '/health/ready', READ, async () => {
    health.checkReady();
    return { status: 'ready' };
  });
}
