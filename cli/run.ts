/** Carries a command out on a gateway; returns the exit code. What a command means is the gateway's matter. */
import { setTimeout as pause } from 'node:timers/promises';
import type { AdminModel, AdminVersion, SourceStatus } from '../core/admin.ts';
import { asTwinlensError, TwinlensError } from '../core/errors.ts';
import { add } from './add.ts';
import type { Command } from './commands.ts';
import type { Gateway } from './gateway.ts';
import type { Terminal } from './terminal.ts';
import { modelTable, overviewText, sourceTable } from './words.ts';

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
        if (!(await terminal.confirm(`Delete ${what} and its files?`, signal))) {
          terminal.say('Nothing was deleted.');
          return 1;
        }
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
  const served = await untilServed(model, Math.max(...versions), gateway, terminal, signal).catch((cause: unknown) => {
    if (asTwinlensError(cause).code !== 'CANCELLED') throw cause;
    throw new TwinlensError('CANCELLED', `Interrupted; the gateway goes on fetching ${model}.`, { cause });
  });
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
    if (seen?.state === 'loading') tellLoading(model, seen, terminal);
    if (performance.now() > endsAt) {
      throw new TwinlensError('DEADLINE_EXCEEDED', `${model} is not served yet; see "models list".`);
    }
    await pause(LOOK_MS, undefined, { signal }).catch((cause: unknown) => {
      throw new TwinlensError('CANCELLED', 'Interrupted.', { cause });
    });
  }
}

/** What a version that is on its way is doing. What was fetched is checked before it counts as fetched. */
function tellLoading(model: string, { stage, progress }: AdminVersion, terminal: Terminal): void {
  if (stage !== 'fetch') terminal.now(`Loading ${model} (${stage ?? 'load'})`);
  else if (!progress) terminal.now(`Fetching ${model}`);
  else if (progress.loadedBytes < progress.totalBytes || progress.totalBytes === 0) {
    terminal.progress(`Fetching ${model}`, progress.loadedBytes, progress.totalBytes);
  } else terminal.now(`Checking ${model}`);
}
