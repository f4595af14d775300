/** What the gateway knows of its models and sources, as tables for people. Asks and changes nothing. */
import type { AdminModel, AdminOverview, AdminVersion, SourceStatus } from '../core/admin.ts';
import { clean, megabytes, table } from './terminal.ts';

/** Models, sources, and what could be pulled. */
export function overviewText({ models, sources, access, readOnly }: AdminOverview): string {
  const offers = sources.flatMap(({ name, offers }) =>
    offers.filter(({ followed }) => !followed).map((offer) => ({ name, offer })),
  );
  const parts = [models.length === 0 ? 'There are no models.' : modelTable(models)];
  if (sources.length > 0) parts.push(sourceTable(sources));
  if (offers.length > 0) {
    const rows = offers.map(({ name, offer }) => [
      offer.model,
      String(offer.version),
      name,
      megabytes(offer.bytes),
      offer.licence,
      offer.title,
    ]);
    parts.push(
      `To be had with "models pull":\n${table([['MODEL', 'VERSION', 'SOURCE', 'SIZE', 'LICENCE', 'TITLE'], ...rows])}`,
    );
  }
  if (readOnly !== undefined) parts.push(`Nothing can be published: ${readOnly}`);
  if (access === 'loopback') parts.push('No admin token is configured: only this machine may use the admin API.');
  return parts.join('\n\n');
}

/** One row a version, and below why versions failed. */
export function modelTable(models: readonly AdminModel[]): string {
  const head = ['MODEL', 'VERSION', 'STATE', 'LABELS', 'SOURCE', 'MEMORY', 'REQUESTS', 'ERRORS', 'P99'];
  const rows = models.flatMap((model) =>
    model.versions.map((version) => [
      model.name,
      String(version.version),
      stateOf(version),
      labelsOf(model, version),
      version.source,
      version.memoryBytes > 0 ? megabytes(version.memoryBytes) : '',
      String(version.traffic.requests),
      String(version.traffic.errors),
      version.traffic.p99Ms === undefined ? '' : `${version.traffic.p99Ms.toFixed(1)} ms`,
    ]),
  );
  // Below: reasons are sentences, and would make the column as wide as the longest of them.
  const reasons = models.flatMap(({ name, versions }) =>
    versions.flatMap(({ version, state, reason }) =>
      state === 'failed' ? [`${name} version ${version} failed: ${clean(reason ?? 'no reason given')}`] : [],
    ),
  );
  return [table([head, ...rows]), ...reasons].join('\n');
}

function stateOf({ state, stage }: AdminVersion): string {
  return state === 'loading' && stage !== undefined ? `loading (${stage})` : state;
}

function labelsOf({ stable, canary }: AdminModel, { version, labels }: AdminVersion): string {
  return labels
    .map((label) => {
      if (label === 'stable' && stable === 'pinned') return 'stable (pinned)';
      if (label === 'canary' && canary?.version === version)
        return `canary (${Math.round(canary.share * 1000) / 10} %)`;
      return label;
    })
    .join(', ');
}

export function sourceTable(sources: readonly SourceStatus[]): string {
  const time = (at: number | undefined) =>
    at === undefined ? '' : new Date(at).toISOString().slice(0, 19).replace('T', ' ');
  const rows = sources.map(({ name, kind, location, lastCheckAt, nextCheckAt, error, refused }) => [
    name,
    kind,
    time(lastCheckAt),
    time(nextCheckAt),
    error ?? (refused.length === 0 ? 'ok' : `${refused.length} refused`),
    location,
  ]);
  return table([['SOURCE', 'KIND', 'CHECKED (UTC)', 'NEXT', 'STATE', 'WHERE'], ...rows]);
}
