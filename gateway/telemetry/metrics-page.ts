/** The page of the documentation that is made of the metrics. */
import { createMetrics } from './metrics.ts';
import { resourceMetrics } from './resource-metrics.ts';

const INTRODUCTION = `# Metrics

<!-- Made from gateway/telemetry by \`npm run docs\`; change it there. -->

\`GET /metrics\` on the gateway's port, or on a port of its own (\`TWINLENS_METRICS_PORT\`; then only there). A scraper that
asks for OpenMetrics gets that, with the id of one request a series or bucket as exemplar (Prometheus:
\`--enable-feature=exemplar-storage\`); everything else gets the plain text format.

All times are seconds. Clients can't make series: models, versions and sources are labels only as the gateway itself
knows them, the other labels have fixed values. Gauges of a version go when it is unloaded; its counters stay.
`;

const NOTES = `
## Reading them

- Mean batch: \`rate(twinlens_inferences_total[5m]) / rate(twinlens_executions_total[5m])\`.
- Share of failed requests: \`twinlens_requests_total\` by \`code\`; \`OK\` is a success, \`CANCELLED\` and \`SUPERSEDED\` are
  the client's own wish, the codes are those of [protocol.md](protocol.md).
- 99th percentile: \`histogram_quantile(0.99, sum by (le, model) (rate(twinlens_request_total_seconds_bucket[5m])))\`.
- Share of pictures that devices classify, where pages report it (\`TWINLENS_DEVICE_REPORTS\`):
  \`sum(rate(twinlens_device_inferences_total[1h])) / (sum(rate(twinlens_device_inferences_total[1h])) + sum(rate(model_predictions_total[1h])))\`.
  What pages report can't be verified; one address can add 20 reports of 10,000 pictures a minute at most.
- Sources with a check interval of 0 are checked only on demand and never go stale.
`;

interface Row {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
  readonly help: string;
}

/** prom-client's metrics carry their labels, and its types keep silent about it. */
function labelsOf(metric: object): string[] {
  const labels = 'labelNames' in metric && Array.isArray(metric.labelNames) ? metric.labelNames : [];
  return labels.map(String);
}

function unitOf({ name, type }: Row): string {
  if (name.endsWith('_info')) return '';
  const base = name.replace(/_total$/, '');
  for (const unit of ['seconds', 'bytes', 'ratio', 'percent']) if (base.endsWith(`_${unit}`)) return unit;
  return type === 'counter' ? 'count' : '';
}

function rowLine(row: Row): string {
  const labels = row.labels.map((label) => `\`${label}\``).join(', ');
  return `| \`${row.name}\` | ${row.type} | ${labels} | ${unitOf(row)} | ${row.help.replaceAll('|', '\\|')} |`;
}

const HEAD = '| metric | type | labels | unit | meaning |\n|---|---|---|---|---|\n';

const isOfNode = ({ name }: Row) => /^(?:nodejs|process)_/.test(name);

function table(title: string, rows: readonly Row[]): string {
  return `\n## ${title}\n\n${HEAD}${rows.map(rowLine).join('\n')}\n`;
}

/** The whole page, as Markdown. The table of the process is that of the platform that it is made on. */
export function metricsPage(): string {
  const { registry } = createMetrics();
  // Only what is scraped is looked at.
  const never = () => {
    throw new Error('The page shows no values.');
  };
  resourceMetrics(registry, { usage: never, running: never });
  const rows = registry
    .getMetricsAsArray()
    .map((metric): Row => {
      const { name, help, type } = metric;
      return { name, help, type: String(type), labels: labelsOf(metric) };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const own = rows.filter((row) => !isOfNode(row));
  return `${INTRODUCTION}${table('The gateway', own)}${table('Its process', rows.filter(isOfNode))}${NOTES}`;
}
