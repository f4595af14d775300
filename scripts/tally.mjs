/** Adds up what the test runners really executed, from their JSON reports. */
// @ts-check
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './run.mjs';

export const reports = join(root, '.cache', 'reports');

/** @param {string} name */
export const reportFile = (name) => join(reports, `${name}.json`);

/** @param {readonly string[]} names reports of an earlier run, which must not count again */
export function forget(names) {
  mkdirSync(reports, { recursive: true });
  for (const name of names) rmSync(reportFile(name), { force: true });
}

/** @typedef {{passed: number, failed: number, skipped: number}} Tally */

/** @param {string} path @returns {Tally} */
function read(path) {
  const report = JSON.parse(readFileSync(path, 'utf8'));
  if (report.stats) {
    const { expected, unexpected, flaky, skipped } = report.stats;
    return { passed: expected + flaky, failed: unexpected, skipped };
  }
  return {
    passed: report.numPassedTests,
    // A file that can't even be loaded has no tests, but it has failed.
    failed: Math.max(report.numFailedTests, report.numFailedTestSuites > 0 && report.numFailedTests === 0 ? 1 : 0),
    skipped: report.numPendingTests + (report.numTodoTests ?? 0),
  };
}

/** @param {readonly string[]} [names] all reports when left out @returns {Tally} */
export function tally(names) {
  const all = existsSync(reports) ? readdirSync(reports).map((file) => file.replace(/\.json$/, '')) : [];
  return (names ?? all)
    .filter((name) => existsSync(reportFile(name)))
    .map((name) => read(reportFile(name)))
    .reduce(
      (sum, part) => ({
        passed: sum.passed + part.passed,
        failed: sum.failed + part.failed,
        skipped: sum.skipped + part.skipped,
      }),
      {
        passed: 0,
        failed: 0,
        skipped: 0,
      },
    );
}

/** @param {Tally} sum @returns {string} */
export const line = ({ passed, failed, skipped }) =>
  `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
