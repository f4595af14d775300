/** `npm run test:real`: tests against real third-party parts, which install themselves into .cache/real. */
// @ts-check
import { buildGateway, buildPage } from './build.mjs';
import { bin, run } from './run.mjs';
import { forget, line, reportFile, tally } from './tally.mjs';

const names = ['real'];
forget(names);
await buildGateway();
await buildPage();
const code = await run(process.execPath, [
  bin('vitest'),
  'run',
  '--config=vitest.real.config.ts',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${reportFile('real')}`,
]);
process.stdout.write(`\n${line(tally(names))}\n`);
process.exitCode = code;
