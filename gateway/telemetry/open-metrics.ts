/**
 * Metrics as OpenMetrics 1.0 text, with exemplars. prom-client can write that only for a registry that never writes the
 * older text format (it renames the counters); ours writes both.
 */
import type { Registry } from 'prom-client';

export const OPEN_METRICS_TYPE = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

type Family = Awaited<ReturnType<Registry['getMetricsAsJSON']>>[number];
type Labels = Readonly<Record<string, unknown>>;

interface Exemplar {
  readonly labelSet: Labels;
  readonly value: number;
  /** Seconds since 1970. */
  readonly timestamp: number;
}

const escaped = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(String(value))}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (Number.isFinite(value)) return String(value);
  return value > 0 ? '+Inf' : '-Inf';
}

/** prom-client keeps it beside the value, and says nothing of it in its types. */
function exemplarOf(sample: object): Exemplar | undefined {
  if (!('exemplar' in sample) || typeof sample.exemplar !== 'object' || sample.exemplar === null) return undefined;
  const { exemplar } = sample;
  if (!('labelSet' in exemplar && 'value' in exemplar && 'timestamp' in exemplar)) return undefined;
  const { labelSet, value, timestamp } = exemplar;
  if (typeof labelSet !== 'object' || labelSet === null) return undefined;
  return { labelSet: { ...labelSet }, value: Number(value), timestamp: Number(timestamp) };
}

function sampleLine(name: string, sample: Family['values'][number]): string {
  const line = `${name}${labelText(sample.labels)} ${numberText(sample.value)}`;
  const exemplar = exemplarOf(sample);
  if (!exemplar) return line;
  const { labelSet, value, timestamp } = exemplar;
  return `${line} # ${labelText(labelSet)} ${numberText(value)} ${timestamp}`;
}

function familyLines({ name, help, type, values }: Family): string[] {
  // Of counters, the family has no suffix and its samples have it.
  const family = String(type) === 'counter' ? name.replace(/_total$/, '') : name;
  const lines = values.map((sample) => {
    const own = 'metricName' in sample && typeof sample.metricName === 'string' ? sample.metricName : name;
    return sampleLine(own, sample);
  });
  return [`# HELP ${family} ${escaped(help)}`, `# TYPE ${family} ${String(type)}`, ...lines];
}

export async function openMetrics(registry: Registry): Promise<string> {
  const families = await registry.getMetricsAsJSON();
  return `${families.flatMap(familyLines).join('\n')}\n# EOF\n`;
}
