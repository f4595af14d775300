/** What the log, and the metrics, are told of who may ask and of models that come, go and change their labels. */
import type { Registry } from './serving/index.ts';
import type { Log, Metrics } from './telemetry/index.ts';

const ADMIN_ACCESS = {
  token: 'the admin API takes the configured token',
  loopback: 'no admin token is configured, so only this machine may use the admin API; set TWINLENS_ADMIN_TOKEN',
} as const;
const CLIENT_ACCESS = {
  token: 'the API takes the configured client tokens',
  open: 'the API is open to all who can connect',
} as const;

export interface Access {
  readonly admin: keyof typeof ADMIN_ACCESS;
  readonly clients: keyof typeof CLIENT_ACCESS;
}

export function sayWhoMayAsk({ admin, clients }: Access, log: Log): void {
  log.info({ event_type: 'admin_access', access: admin }, ADMIN_ACCESS[admin]);
  log.info({ event_type: 'client_access', access: clients }, CLIENT_ACCESS[clients]);
}

/** Once, as soon as every model can answer. */
export function sayWhenReady(registry: Registry, log: Log): void {
  const say = () => {
    if (!registry.ready) return false;
    log.info({ event_type: 'ready', models: registry.list().map(({ name }) => name) }, 'every model can answer');
    return true;
  };
  if (say()) return;
  const stop = registry.subscribe(() => {
    if (say()) stop();
  });
}

/** Tells metrics and log what serving tells everybody. */
export function followServing(registry: Registry, metrics: Metrics, log: Log): void {
  registry.subscribe(({ event, model, version, label }) => {
    const fields = { model, model_version: version };
    if (event === 'retired') {
      metrics.retired(model, version);
      log.info({ event_type: 'model_unloaded', ...fields }, 'a version was unloaded');
    } else if (event === 'label') {
      if (label === 'stable') metrics.stableMoved(model, version);
      log.info({ event_type: 'label_moved', ...fields, label }, 'a label names another version');
    }
  });
  // Those that were there before anybody listened.
  for (const { name, labels } of registry.list()) {
    const { stable } = labels;
    if (stable !== undefined) metrics.stableMoved(name, stable);
  }
}
