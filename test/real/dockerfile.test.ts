/** The Dockerfile, judged by hadolint and Trivy. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { goTool, NO_TRIVY } from './go-tools.ts';
import { CHECKERS, judge, NO_PYTHON } from './judging.ts';
import { python } from './tools.ts';

it('the Dockerfile passes hadolint', (context) => {
  const checkers = python('deploy', CHECKERS);
  if (!checkers) return context.skip(NO_PYTHON);
  expect(judge(join(checkers, '..', 'hadolint'), ['Dockerfile'])).toBe('');
});

it('the Dockerfile passes Trivy', (context) => {
  const trivy = goTool('trivy');
  if (!trivy) return context.skip(NO_TRIVY);
  judge(trivy, ['config', '--skip-check-update', '--quiet', '--exit-code', '1', 'Dockerfile']);
});
