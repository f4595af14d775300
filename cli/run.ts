/** Carries a command out on a gateway; returns the exit code. What a command means is the gateway's matter. */
import { setTimeout as pause } from 'node:timers/promises';
import type { AdminModel, AdminOverview, AdminVersion, SourceStatus } from '../core/admin.ts';
import { TwinlensError } from '../core/errors.ts';
import { add } from './add.ts';
import type { Command } from './commands.ts';
import type { Gateway } from './gateway.ts';
import { megabytes, type Terminal, table } from './terminal.ts';

/** Milliseconds between two looks at a model that is being fetched. */
const LOOK_MS = 500;
/** Milliseconds for a model to be fetched and loaded. */
const PULL_MS = 1_800_000;

export async function run(
  command: Command,
  gateway: Gateway,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const change = async (method: 'POST' | 'PUT' | 'DELETE', model: string, path: string, body?: unknown) => {
    const after = await gateway.change(method, model, path, body);
    terminal.result(after ?? null, after ? modelTable([after]) : `${model} is gone.`);
    return 0;
  };
  switch (command.kind) {
    case 'add':
      return add(command, gateway, terminal, signal);
    case 'list': {
      const overview = await gateway.overview();
      terminal.result(overview, overviewText(overview));
      return 0;
    }
    case 'pull':
      return pull(command.model, command.source, gateway, terminal, signal);
    case 'check':
      return check(command.source, gateway, terminal);
    case 'promote':
      return change('POST', command.model, 'promote', { version: command.version });
    case 'rollback':
    case 'hold':
      return change('POST', command.model, command.kind);
    case 'newest':
      return change('POST', command.model, 'follow-newest');
    case 'end-canary':
      return change('DELETE', command.model, 'canary');
    case 'canary':
      return change('PUT', command.model, 'canary', { version: command.version, share: command.share });
    case 'load':
    case 'unload':
      return change('POST', command.model, `versions/${command.version}/${command.kind}`);
    case 'remove': {
      const what = `${command.model} version ${command.version}`;
      if (!command.yes) {
        if (!terminal.interactive) throw new TwinlensError('INVALID_ARGUMENT', `Say --yes to delete ${what}.`);
        if (!(await terminal.confirm(`Delete ${what} and its files?`, signal))) return 1;
      }
      return change('DELETE', command.model, `versions/${command.version}`);
    }
    default: {
      const never: never = command;
      return never;
    }
  }
}

async function check(source: string | undefined, gateway: Gateway, terminal: Terminal): Promise<number> {
  const names = source === undefined ? (await gateway.overview()).sources.map(({ name }) => name) : [source];
  const checked: SourceStatus[] = [];
  for (const name of names) checked.push(await gateway.check(name));
  terminal.result(checked, sourceTable(checked));
  return checked.some(({ error }) => error !== undefined) ? 1 : 0;
}

async function pull(
  model: string,
  source: string | undefined,
  gateway: Gateway,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const { sources } = await gateway.overview();
  const offering = sources.filter(
    ({ name, offers }) => (source === undefined || name === source) && offers.some((offer) => offer.model === model),
  );
  const [found, another] = offering;
  if (!found) {
    const known = sources.flatMap(({ offers }) => offers.map((offer) => offer.model));
    const hint =
      known.length === 0 ? 'No source offers anything; try "models check".' : `Offered: ${known.join(', ')}.`;
    throw new TwinlensError('NOT_FOUND', `No source offers ${model}. ${hint}`);
  }
  if (another) {
    const names = offering.map(({ name }) => name).join(', ');
    throw new TwinlensError('INVALID_ARGUMENT', `Several sources offer ${model}: choose with --source: ${names}.`);
  }
  await gateway.follow(found.name, model);
  const versions = found.offers.filter((offer) => offer.model === model).map(({ version }) => version);
  const served = await untilServed(model, Math.max(...versions), gateway, terminal, signal);
  terminal.result(served, modelTable([served]));
  return 0;
}

async function untilServed(
  model: string,
  version: number,
  gateway: Gateway,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<AdminModel> {
  const endsAt = performance.now() + PULL_MS;
  for (;;) {
    const known = (await gateway.overview()).models.find(({ name }) => name === model);
    const seen = known?.versions.find((entry) => entry.version === version);
    if (known && seen?.state === 'available') return known;
    if (seen?.state === 'failed') {
      throw new TwinlensError('ENGINE_FAILED', `${model} version ${version}: ${seen.reason ?? 'it failed.'}`);
    }
    if (seen?.progress) terminal.progress(`Fetching ${model}`, seen.progress.loadedBytes, seen.progress.totalBytes);
    if (performance.now() > endsAt) {
      throw new TwinlensError('DEADLINE_EXCEEDED', `${model} is not served yet; see "models list".`);
    }
    await pause(LOOK_MS, undefined, { signal }).catch(() => {
      throw new TwinlensError('CANCELLED', `Interrupted; the gateway goes on fetching ${model}.`);
    });
  }
}

function overviewText({ models, sources, access, readOnly }: AdminOverview): string {
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

function modelTable(models: readonly AdminModel[]): string {
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
  return table([head, ...rows]);
}

function stateOf({ state, stage, reason }: AdminVersion): string {
  if (state === 'failed') return `failed: ${reason ?? 'no reason given'}`;
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

function sourceTable(sources: readonly SourceStatus[]): string {
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
