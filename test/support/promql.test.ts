import { describe, expect, it } from 'vitest';
import { metricNames, seriesNames } from './promql.ts';

describe('the metrics of an expression', () => {
  it.for([
    ['up', ['up']],
    ['up{job="a{b}c"} == 0', ['up']],
    ['sum by (job, le) (rate(a_bucket{code=~"X|Y"}[5m]))', ['a_bucket']],
    ['sum(rate(a_total[5m])) without (le) / on (job) group_left (x) b:c:rate5m', ['a_total', 'b:c:rate5m']],
    ['abs(a - b offset 1h) > 0.1 and c unless d', ['a', 'b', 'c', 'd']],
    ['max_over_time(a[2m:30s]) == bool 1e3 or vector(0)', ['a']],
    ['histogram_quantile(0.99, sum by (le) (rate(a_bucket[$__rate_interval])))', ['a_bucket']],
  ] satisfies [string, string[]][])('are those that it reads: %s', ([expression, names]) => {
    expect([...metricNames(expression)]).toEqual(names);
  });
});

it('a page of metrics offers the series of its histograms, and metrics that have no series yet', () => {
  const page = '# HELP a A.\n# TYPE a histogram\na_count 1\n# HELP b_total B.\n# TYPE b_total counter\n';
  expect([...seriesNames(page)]).toEqual(['a_bucket', 'a_sum', 'a_count', 'b_total']);
});
