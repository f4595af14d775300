/** Which metrics a PromQL expression reads. Does not check the expression: that is promtool's part. */

const STRING = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g;
const MATCHERS = /\{[^}]*\}/g;
/** Ranges and subqueries. */
const RANGE = /\[[^\]]*\]/g;
/** Lists of labels. */
const LABELS = /\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/gi;
const OFFSET = /\boffset\s+-?\w+/gi;
/** A name that no bracket follows is a metric's; with one it is a function's or an aggregation's. */
const NAME = /(?<![\w:.])[a-zA-Z_:][\w:]*(?![\w:]*\s*\()/g;
const WORDS = new Set(['and', 'or', 'unless', 'bool', 'inf', 'nan', 'atan2', 'group_left', 'group_right', 'by']);

export function metricNames(expression: string): ReadonlySet<string> {
  const bare = expression
    .replace(STRING, '""')
    .replace(MATCHERS, '')
    .replace(RANGE, '')
    .replace(LABELS, ' ')
    .replace(OFFSET, ' ');
  return new Set((bare.match(NAME) ?? []).filter((name) => !WORDS.has(name.toLowerCase())));
}

/** The series names that a page of metrics in Prometheus' text format offers, also of metrics without a series yet. */
export function seriesNames(page: string): ReadonlySet<string> {
  const names = new Set<string>();
  for (const [, name = '', type = ''] of page.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
    for (const series of seriesOf(name, type)) names.add(series);
  }
  return names;
}

/** @param type as a TYPE line says it */
export function seriesOf(name: string, type: string): readonly string[] {
  if (type === 'histogram') return [`${name}_bucket`, `${name}_sum`, `${name}_count`];
  if (type === 'summary') return [name, `${name}_sum`, `${name}_count`];
  return [name];
}
