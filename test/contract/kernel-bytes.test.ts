/** The kernels that run are the kernels that can be read. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../support/gateway-process.ts';

test('core/*kernel-bytes.ts are what `npm run kernel` makes of core/kernel/ and core/jpeg-kernel/', () => {
  const made = execFileSync(process.execPath, ['scripts/build-kernel.mjs', '--print'], { cwd: ROOT, encoding: 'utf8' });
  const kept = ['kernel-bytes.ts', 'jpeg-kernel-bytes.ts'].map((name) =>
    readFileSync(join(ROOT, 'core', name), 'utf8'),
  );
  expect(made).toBe(kept.join(''));
});
