/** Where the compiled programs of this room's processes are. */

import type { StdioOptions } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

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
