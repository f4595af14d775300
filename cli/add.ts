/** `models add`: hand a model in, show the report step by step as it grows, publish it when that is wanted. */
import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { type ImportHints, type ImportReport, importHintsSchema, type PublishRequest } from '../core/admin.ts';
import { asTwinlensError, TwinlensError } from '../core/errors.ts';
import { describeMistakes } from '../core/mistakes.ts';
import type { AddCommand } from './commands.ts';
import type { Gateway } from './gateway.ts';
import { openInput } from './pack.ts';
import { megabytes, type Terminal } from './terminal.ts';

/** Milliseconds between two looks at the report. */
const LOOK_MS = 300;
/** Milliseconds that an import may take; the gateway ends it by then. */
const IMPORT_MS = 1_900_000;

const isAddress = (from: string) => /^https?:\/\//i.test(from);

/** Returns the exit code. */
export async function add(
  command: AddCommand,
  gateway: Gateway,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const hints = await readHints(command);
  // Before anything is sent: whether the gateway is there, may be used and keeps anything.
  const { limits, readOnly } = await gateway.overview();
  if (readOnly !== undefined) throw new TwinlensError('UNAVAILABLE', readOnly);
  const from = isAddress(command.from)
    ? { url: command.from }
    : { upload: await upload(command.from, limits.maxUploadBytes, gateway, terminal) };
  const { id } = await gateway.startImport({ from, hints });
  let wanted = true;
  try {
    const report = await follow(id, gateway, terminal, signal);
    if (report.state !== 'ready') {
      terminal.result(report, 'Refused: nothing was published, and nothing that serves has changed.');
      return 1;
    }
    const what = `${report.model} version ${report.version}`;
    const request = await choose(command, what, terminal, signal);
    if (!request) {
      wanted = false;
      terminal.result(report, `${what} is fine and was not published; say --serve, --hold or --canary SHARE for that.`);
      return 0;
    }
    const published = await gateway.publish(id, request);
    terminal.result(published, `Published ${what}; see: npx twinlens models list`);
    return 0;
  } catch (cause) {
    wanted = false;
    if (asTwinlensError(cause).code !== 'CANCELLED') throw cause;
    throw new TwinlensError('CANCELLED', 'Interrupted; the import was cancelled.', { cause });
  } finally {
    if (!wanted) await forget(id, gateway, terminal);
  }
}

async function readHints({ name, version, title, licence, preset, classes }: AddCommand): Promise<ImportHints> {
  const classNames = classes === undefined || classes === 'imagenet-1k' ? classes : await readClassNames(classes);
  const parsed = importHintsSchema.safeParse({ name, version, title, licence, preset, classNames });
  if (parsed.success) return parsed.data;
  throw new TwinlensError('INVALID_ARGUMENT', `Not valid: ${describeMistakes(parsed.error, 'options')}.`);
}

/** A JSON list, or one name a line. */
async function readClassNames(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new TwinlensError('INVALID_ARGUMENT', `--classes: ${asTwinlensError(cause).message}`, { cause });
  }
  if (!text.trimStart().startsWith('['))
    return text
      .split(/\r?\n/)
      .map((line) => line.trim())
      .filter((line) => line !== '');
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new TwinlensError('INVALID_ARGUMENT', `--classes: ${path} is no valid JSON.`, { cause });
  }
}

/** Resolves with the id of the upload. */
async function upload(path: string, maxBytes: number, gateway: Gateway, terminal: Terminal): Promise<string> {
  const { fileName, stream, bytes, contentBytes } = await openInput(path);
  if (contentBytes > maxBytes) {
    stream.destroy();
    throw new TwinlensError(
      'PAYLOAD_TOO_LARGE',
      `${path} has ${megabytes(contentBytes)}, and the gateway takes ${megabytes(maxBytes)} (TWINLENS_MAX_UPLOAD_BYTES).`,
    );
  }
  const onProgress = (sent: number) => terminal.progress(`Sending ${fileName}`, sent, bytes ?? contentBytes);
  const stored = await gateway.upload({ fileName, stream, bytes, onProgress });
  terminal.say(`Sent ${fileName}, ${megabytes(stored.bytes)}, sha256 ${stored.sha256}`);
  return stored.id;
}

/** Shows each step when it ends; resolves when the import is not checking any more. */
async function follow(id: string, gateway: Gateway, terminal: Terminal, signal: AbortSignal): Promise<ImportReport> {
  const told = new Set<string>();
  const endsAt = performance.now() + IMPORT_MS;
  for (;;) {
    const report = await gateway.report(id);
    for (const { step, state, message } of report.steps) {
      if (told.has(step) || (state !== 'passed' && state !== 'failed')) continue;
      told.add(step);
      terminal.say(`${state === 'passed' ? '  ok    ' : '  FAILED'}  ${step.padEnd(9)} ${message}`);
    }
    if (report.state !== 'checking') return report;
    const running = report.steps.find(({ state }) => state === 'running');
    if (report.progress) terminal.progress('Fetching', report.progress.loadedBytes, report.progress.totalBytes);
    else if (running) terminal.now(`  ...     ${running.step.padEnd(9)} ${running.message}`);
    if (performance.now() > endsAt) throw new TwinlensError('DEADLINE_EXCEEDED', 'The import takes too long.');
    await pause(LOOK_MS, undefined, { signal }).catch((cause: unknown) => {
      throw new TwinlensError('CANCELLED', 'Interrupted.', { cause });
    });
  }
}

/** Undefined: it is not to be published. */
async function choose(
  { publish }: AddCommand,
  what: string,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<PublishRequest | undefined> {
  if (publish) return publish;
  if (!terminal.interactive) return undefined;
  return (await terminal.confirm(`Publish ${what}?`, signal)) ? { as: 'serve' } : undefined;
}

/** The gateway would forget it by itself within an hour. */
async function forget(id: string, gateway: Gateway, terminal: Terminal): Promise<void> {
  try {
    await gateway.discard(id);
  } catch (error) {
    const known = asTwinlensError(error);
    if (known.code !== 'NOT_FOUND') terminal.say(`The import stays at the gateway for an hour: ${known.message}`);
  }
}
