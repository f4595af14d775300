/**
 * `npx twinlens`: reads arguments and environment, carries the command out on a running gateway, ends with an exit code.
 * Nothing else of the command line reads `process`.
 */
import { readFileSync } from 'node:fs';
import { asTwinlensError, TwinlensError } from '../core/errors.ts';
import { type Invocation, parseInvocation } from './commands.ts';
import { Gateway, NoGateway } from './gateway.ts';
import { HELP } from './help.ts';
import { run } from './run.ts';
import { clean, Terminal } from './terminal.ts';

const DEFAULT_URL = 'http://127.0.0.1:8080';

const FAILED = 1;
const WRONG_USAGE = 2;
const NO_GATEWAY = 3;
const INTERRUPTED = 130;

function tokenOf({ tokenFile }: Invocation, environment: NodeJS.ProcessEnv): string | undefined {
  const file = tokenFile ?? (environment.TWINLENS_ADMIN_TOKEN ? undefined : environment.TWINLENS_ADMIN_TOKEN_FILE);
  if (!file) return environment.TWINLENS_ADMIN_TOKEN?.trim() || undefined;
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw new TwinlensError('INVALID_ARGUMENT', `The token file can't be read: ${asTwinlensError(cause).message}`, {
      cause,
    });
  }
}

function exitCodeOf(error: TwinlensError): number {
  if (error.cause instanceof NoGateway) return NO_GATEWAY;
  return error.code === 'CANCELLED' ? INTERRUPTED : FAILED;
}

async function main(): Promise<number> {
  const { argv, env, stdout, stderr, stdin } = process;
  let invocation: Invocation;
  try {
    invocation = parseInvocation(argv.slice(2));
  } catch (error) {
    stderr.write(`${clean(asTwinlensError(error).message)}\n`);
    stderr.write('See: npx twinlens --help\n');
    return WRONG_USAGE;
  }
  const { command, json } = invocation;
  if (!command) {
    stdout.write(HELP);
    return 0;
  }
  const interrupt = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    // The second one ends the process as usual.
    process.once(signal, () => interrupt.abort());
  }
  const terminal = new Terminal({ stdout, stderr, stdin }, { json, dumb: env.TERM === 'dumb' });
  try {
    const url = invocation.url ?? (env.TWINLENS_URL || DEFAULT_URL);
    const gateway = new Gateway({ url, token: tokenOf(invocation, env), signal: interrupt.signal });
    return await run(command, gateway, terminal, interrupt.signal);
  } catch (error) {
    const known = asTwinlensError(error);
    const interrupted = interrupt.signal.aborted && known.code !== 'CANCELLED';
    terminal.say(interrupted ? 'Interrupted.' : known.message);
    return interrupted ? INTERRUPTED : exitCodeOf(known);
  }
}

// Set and not exited with: what was written must reach a pipe first.
process.exitCode = await main();
