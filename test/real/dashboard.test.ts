/** The dashboard and the rules ask the real gateway for nothing that it doesn't have, in expressions that Prometheus can read. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { type GatewayProcess, startGateway } from '../support/gateway-process.ts';
import { metricNames } from '../support/promql.ts';
import { temporaryFolders } from '../support/temporary.ts';
import { knownSeries } from './metric-names.ts';
import { queriesOf, readDashboard, readRules } from './observability.ts';
import { promtool } from './tools.ts';

const folder = temporaryFolders();
const dashboard = readDashboard();
const queries = queriesOf(dashboard);
let gateway: GatewayProcess;
let known: ReadonlySet<string>;
beforeAll(async () => {
  gateway = await startGateway();
  known = knownSeries(await (await fetch(`${gateway.url}/metrics`)).text());
});
afterAll(async () => {
  await gateway?.stop();
});

/** What is asked for and isn't there, with where. */
const unknown = (asked: readonly { readonly where: string; readonly expr: string }[]) =>
  asked.flatMap(({ where, expr }) =>
    [...metricNames(expr)].filter((name) => !known.has(name)).map((name) => `${where}: ${name}`),
  );

it('every query of the dashboard reads metrics that the gateway has', () => {
  expect(queries.length).toBeGreaterThan(60);
  expect(unknown(queries)).toEqual([]);
});

it('every rule reads metrics that the gateway has, or that another rule records', () => {
  const { alerts, recordings } = readRules();
  expect(unknown(alerts.map(({ alert, expr }) => ({ where: alert, expr })))).toEqual([]);
  expect(unknown(recordings.map(({ record, expr }) => ({ where: record, expr })))).toEqual([]);
});

it('every figure that is recorded is read by a rule or the dashboard', () => {
  const { alerts, recordings } = readRules();
  const read = new Set([...alerts, ...recordings, ...queries].flatMap(({ expr }) => [...metricNames(expr)]));
  expect(recordings.map(({ record }) => record).filter((record) => !read.has(record))).toEqual([]);
});

it('Prometheus can read every query of the dashboard', (context) => {
  const tool = promtool();
  if (!tool) return context.skip("needs Debian's prometheus package");
  const file = join(folder(), 'queries.yml');
  const rules = queries.map(({ expr }, index) => ({ record: `query:${index}`, expr }));
  writeFileSync(file, stringify({ groups: [{ name: 'queries', rules }] }));
  const said = execFileSync(tool, ['check', 'rules', '--lint=none', file], { encoding: 'utf8' });
  expect(said).toContain(`SUCCESS: ${queries.length} rules found`);
});

it('no variable of the dashboard is left without a value', () => {
  expect(queries.filter(({ expr }) => expr.includes('$'))).toEqual([]);
  expect(dashboard.templating.list.map(({ name }) => name)).toEqual(['datasource', 'gateway', 'model', 'version']);
});

it('every panel has an id of its own, says what it shows, and covers no other', () => {
  const { panels } = dashboard;
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  expect(panels.filter(({ type, description }) => type !== 'row' && !description)).toEqual([]);
  expect(panels.filter(({ type, targets }) => (type === 'row') !== (targets.length === 0))).toEqual([]);
  const cells = panels.flatMap(({ title, gridPos: { x, y, w, h } }) => {
    expect(x + w, title).toBeLessThanOrEqual(24);
    return Array.from({ length: w * h }, (_, at) => `${x + (at % w)},${y + Math.floor(at / w)}`);
  });
  expect(new Set(cells).size).toBe(cells.length);
});
