/** The alerts: Prometheus' own tool checks the rules and runs their cases; each alert has cases and a section in the runbook. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { isErrorCode } from '../../core/errors.ts';
import { CASES, RULES, readCases, readRules } from './observability.ts';
import { promtool, root } from './tools.ts';

const NO_TOOL = "needs Debian's prometheus package";
const { alerts, recordings } = readRules();
let tool: string | undefined;
beforeAll(() => {
  tool = promtool();
});

it('promtool finds nothing wrong with the rules', (context) => {
  if (!tool) return context.skip(NO_TOOL);
  const said = execFileSync(tool, ['check', 'rules', '--lint=all', '--lint-fatal', RULES], { encoding: 'utf8' });
  expect(said).toContain(`SUCCESS: ${alerts.length + recordings.length} rules found`);
});

it('promtool sees every alert fire when it should, with its text, and stay silent when it should not', (context) => {
  if (!tool) return context.skip(NO_TOOL);
  expect(execFileSync(tool, ['test', 'rules', CASES], { encoding: 'utf8' })).toContain('SUCCESS');
});

describe.each(alerts)('$alert', ({ alert, annotations }) => {
  const looks = readCases().filter((look) => look.alert === alert);

  it('has a case in which it fires and one in which it never does', () => {
    const firing = new Set(looks.filter(({ fires }) => fires).map(({ test }) => test));
    expect([...firing]).not.toEqual([]);
    expect(looks.map(({ test }) => test).filter((test) => !firing.has(test))).not.toEqual([]);
  });

  it('has a section in the runbook that says what it means, where to look and what to do', () => {
    const [file = '', anchor] = annotations.runbook_url.split('#');
    expect(anchor).toBe(alert.toLowerCase());
    expect(existsSync(join(root, file))).toBe(true);
    const section = readFileSync(join(root, file), 'utf8')
      .split(/^#{2,3} /m)
      .find((text) => text.startsWith(`${alert}\n`));
    expect(section).toBeDefined();
    expect(section).toMatch(/^(?:Critical|Warning|Info)\. /m);
    expect(section).toMatch(/^\*Look\*/m);
    expect(section).toMatch(/^\*(?:Look\* and \*)?[Dd]o\*/m);
  });
});

it('the runbook says the same severity as the rules', () => {
  const text = readFileSync(join(root, 'docs/runbook.md'), 'utf8');
  const said = Object.fromEntries(
    [...text.matchAll(/^### (Twinlens\w+)\n\n(\w+)\./gm)].map(([, alert, severity]) => [
      alert,
      severity?.toLowerCase(),
    ]),
  );
  expect(said).toEqual(Object.fromEntries(alerts.map(({ alert, labels }) => [alert, labels.severity])));
});

it('the codes that the rules select by are codes of the gateway', () => {
  const codes = [...alerts, ...recordings].flatMap(({ expr }) =>
    [...expr.matchAll(/code=~?"([^"]+)"/g)].flatMap(([, alternatives = '']) => alternatives.split('|')),
  );
  expect(codes.length).toBeGreaterThan(3);
  expect(codes.filter((code) => code !== 'OK' && !isErrorCode(code))).toEqual([]);
});
