/**
 * The metrics as one answer to a scrape, in the format that the scraper prefers: OpenMetrics with exemplars, or the text
 * format that everything reads.
 */
import type { Registry } from 'prom-client';
import { OPEN_METRICS_TYPE, openMetrics } from './open-metrics.ts';

export interface Exposition {
  readonly contentType: string;
  readonly text: string;
}

interface Range {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
  /** 0 to 1. */
  readonly weight: number;
}

function parseRange(text: string): Range {
  const [type = '', ...rest] = text.split(';').map((part) => part.trim().toLowerCase());
  const parameters = new Map(
    rest.map((parameter) => {
      const [name = '', value = ''] = parameter.split('=', 2);
      return [name.trim(), value.trim()] as const;
    }),
  );
  const weight = Number(parameters.get('q') ?? '1');
  return { type, parameters, weight: weight >= 0 && weight <= 1 ? weight : 0 };
}

/** Whether `accept` asks for OpenMetrics 1.0, and for nothing that we have more than for that. */
export function prefersOpenMetrics(accept: string | undefined): boolean {
  const ranges = (accept ?? '').split(',').map(parseRange);
  const best = (fits: (range: Range) => boolean) => Math.max(0, ...ranges.filter(fits).map((range) => range.weight));
  const open = best(({ type, parameters }) => {
    const version = parameters.get('version');
    return type === 'application/openmetrics-text' && (version === undefined || version === '1.0.0');
  });
  return open > 0 && open >= best(({ type }) => type === 'text/plain');
}

export async function expose(registry: Registry, accept: string | undefined): Promise<Exposition> {
  return prefersOpenMetrics(accept)
    ? { contentType: OPEN_METRICS_TYPE, text: await openMetrics(registry) }
    : { contentType: registry.contentType, text: await registry.metrics() };
}
