/** Reads `deploy/prometheus` and `deploy/grafana` for the tests of alerts, dashboard and scrape. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { root } from './tools.ts';

export const RULES = join(root, 'deploy/prometheus/rules/twinlens.yml');
export const CASES = join(root, 'deploy/prometheus/rules/twinlens.test.yml');
const DASHBOARD = join(root, 'deploy/grafana/dashboards/twinlens.json');

const recording = z.strictObject({ record: z.string(), expr: z.string() });
const alert = z.strictObject({
  alert: z.string(),
  expr: z.string(),
  for: z.string().optional(),
  labels: z.strictObject({ severity: z.enum(['critical', 'warning', 'info']) }),
  annotations: z.strictObject({ summary: z.string(), description: z.string(), runbook_url: z.string() }),
});
const groups = z.strictObject({
  groups: z.array(
    z.strictObject({ name: z.string(), interval: z.string().optional(), rules: z.array(z.union([recording, alert])) }),
  ),
});
const cases = z.object({
  tests: z.array(
    z.object({
      name: z.string(),
      alert_rule_test: z.array(z.object({ alertname: z.string(), exp_alerts: z.array(z.unknown()) })),
    }),
  ),
});

export type Groups = z.infer<typeof groups>;
export type Alert = z.infer<typeof alert>;
export type Recording = z.infer<typeof recording>;

export function readGroups(): Groups {
  return groups.parse(parse(readFileSync(RULES, 'utf8')));
}

export function readRules(): { readonly alerts: readonly Alert[]; readonly recordings: readonly Recording[] } {
  const rules = readGroups().groups.flatMap((group) => group.rules);
  return {
    alerts: rules.flatMap((rule) => ('alert' in rule ? [rule] : [])),
    recordings: rules.flatMap((rule) => ('record' in rule ? [rule] : [])),
  };
}

/** One look at one alert at one time in the cases. */
export function readCases(): readonly { readonly test: string; readonly alert: string; readonly fires: boolean }[] {
  return cases
    .parse(parse(readFileSync(CASES, 'utf8')))
    .tests.flatMap(({ name, alert_rule_test: looks }) =>
      looks.map((look) => ({ test: name, alert: look.alertname, fires: look.exp_alerts.length > 0 })),
    );
}

const grid = z.strictObject({ x: z.int(), y: z.int(), w: z.int(), h: z.int() });
const target = z.object({ refId: z.string(), expr: z.string() });
const panel = z.object({
  id: z.int(),
  type: z.string(),
  title: z.string(),
  description: z.string().optional(),
  gridPos: grid,
  targets: z.array(target).default([]),
});
const variable = z.object({
  name: z.string(),
  type: z.enum(['datasource', 'query']),
  definition: z.string().optional(),
});
const dashboard = z.object({
  uid: z.string(),
  panels: z.array(panel),
  templating: z.object({ list: z.array(variable) }),
  annotations: z.object({ list: z.array(z.object({ name: z.string(), expr: z.string() })) }),
});

export type Dashboard = z.infer<typeof dashboard>;

export function readDashboard(): Dashboard {
  return dashboard.parse(JSON.parse(readFileSync(DASHBOARD, 'utf8')));
}

export interface Query {
  /** Panel, annotation or variable that asks it. */
  readonly where: string;
  /** PromQL, with the dashboard's variables filled in as Grafana does when all is chosen. */
  readonly expr: string;
}

/** Every query of the dashboard. */
export function queriesOf({ panels, annotations, templating }: Dashboard): readonly Query[] {
  const asked = [
    ...panels.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ where: title, expr }))),
    ...annotations.list.map(({ name, expr }) => ({ where: `annotation ${name}`, expr })),
    ...templating.list.flatMap(({ name, definition }) => {
      const expr = definition && /^label_values\((.*), \w+\)$/.exec(definition)?.[1];
      return expr ? [{ where: `variable ${name}`, expr }] : [];
    }),
  ];
  return asked.map(({ where, expr }) => ({
    where,
    expr: expr.replaceAll('$__rate_interval', '1m').replaceAll(/\$(?:gateway|model|version)\b/g, '.*'),
  }));
}
