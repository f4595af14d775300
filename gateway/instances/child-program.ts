/** Where the compiled programs of this room's processes are. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Beside this file in production, in dist/ when the sources run under the test runner. */
export function childProgram(name: 'child' | 'probe-child'): string {
  const beside = fileURLToPath(new URL(`./${name}.js`, import.meta.url));
  return existsSync(beside)
    ? beside
    : fileURLToPath(new URL(`../../dist/gateway/instances/${name}.js`, import.meta.url));
}
