/** The resource validation of the pipeline, on the compiled gateway of this machine: it passes within limits and fails beyond them. */
import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { root } from './tools.ts';

const DEADLINE_MS = 300_000;
const LOCAL = ['--local', '--requests', '24', '--clients', '4'];

function check(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/check-resources.mjs', ...args], {
    cwd: root,
    encoding: 'utf8',
    timeout: DEADLINE_MS,
    env: { ...process.env, GITHUB_STEP_SUMMARY: '' },
  });
  return { status, stdout, stderr };
}

it('a gateway that stays within its memory, answers everything and ends cleanly passes', (context) => {
  if (process.platform !== 'linux') return context.skip('reads /proc');
  const { status, stdout, stderr } = check(...LOCAL, '--memory-mb', '4096');
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^\| memory, most under 4 clients \| \d+ MiB \| 3277 MiB \(80 % of 4096\) \| ok \|$/m);
  expect(stdout).toMatch(/\| 24 answered \| all of 24 \| ok \|$/m);
  expect(stdout).toMatch(/^\| end after SIGTERM \| clean \| clean \| ok \|$/m);
  expect(status).toBe(0);
});

it('one that needs more fails, and it is said by how much', (context) => {
  if (process.platform !== 'linux') return context.skip('reads /proc');
  const { status, stdout } = check(...LOCAL, '--memory-mb', '100');
  expect(stdout).toMatch(
    /^\| memory, most under 4 clients \| \d{3,} MiB \| 80 MiB \(80 % of 100\) \| NOT ALLOWED \|$/m,
  );
  expect(status).toBe(1);
});

it.for([
  { args: [] },
  { args: ['--local', '--image', 'x'] },
  { args: ['--local', '--requests', '0'] },
  { args: ['--lokal'] },
])('wrong options end it with 2 and a reason: $args', ({ args }) => {
  const { status, stdout, stderr } = check(...args);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toMatch(/--\w/);
});
