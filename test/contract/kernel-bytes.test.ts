/** The kernel that runs is the kernel that can be read. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../support/gateway-process.ts';

test('core/kernel-bytes.ts is what `npm run kernel` makes of core/kernel/', () => {
  const made = execFileSync(process.execPath, ['scripts/build-kernel.mjs', '--print'], { cwd: ROOT, encoding: 'utf8' });
  expect(made).toBe(readFileSync(join(ROOT, 'core/kernel-bytes.ts'), 'utf8'));
});
