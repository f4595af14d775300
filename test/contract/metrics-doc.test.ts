/** The page about the metrics is made from the metrics themselves. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { metricsPage } from '../../gateway/telemetry/metrics-page.ts';
import { ROOT } from '../support/gateway-process.ts';

const other = process.platform !== 'linux';

test.skipIf(other)(
  `docs/metrics.md is what \`npm run docs\` makes of the metrics${other ? ' (skipped: made on Linux, where the process has more of them)' : ''}`,
  () => {
    expect(readFileSync(join(ROOT, 'docs/metrics.md'), 'utf8')).toBe(metricsPage());
  },
);
