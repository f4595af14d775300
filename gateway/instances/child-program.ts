/** Where the compiled programs of this room's processes are, and how they are started. */
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { PIPE_FD } from './pipe.ts';

/** Beside this file in production, in dist/ when the sources run under the test runner. */
export function childProgram(name: 'child' | 'probe-child'): string {
  const beside = fileURLToPath(new URL(`./${name}.js`, import.meta.url));
  return existsSync(beside)
    ? beside
    : fileURLToPath(new URL(`../../dist/gateway/instances/${name}.js`, import.meta.url));
}

/**
 * For `fork`. Children have no stdout: to one that inherits it, libuv makes it blocking for all who share it, and then a
 * log that nobody reads would stop the gateway. What they write goes to stderr.
 */
export const CHILD_STDIO: StdioOptions = ['ignore', 2, 2, 'ipc'];

/**
 * V8 takes the decoded pictures outside its heap for growth of a small heap, and collects all of it again and again: a
 * tenth of an instance's processor time, for 15 MB.
 */
const INSTANCE_FLAGS = ['--enable-source-maps', '--heap-growing-percent=500'];

/** An instance and the gateway's end of its pipe; no pipe where the system has no more of them. */
export function startInstance(): { readonly child: ChildProcess; readonly pipe: Socket | undefined } {
  const stdio: StdioOptions = ['ignore', 2, 2];
  stdio[PIPE_FD] = 'pipe';
  const child = spawn(process.execPath, [...INSTANCE_FLAGS, childProgram('child')], { stdio });
  // What could not be started has none, whatever its type says.
  const ends: ChildProcess['stdio'] | undefined = child.stdio;
  const pipe = ends?.[PIPE_FD];
  return { child, pipe: pipe instanceof Socket ? pipe : undefined };
}
