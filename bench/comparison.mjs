/** What the tables of gateway and rivals say: who the best rival is, the ratios to it, and the table of them all. */
// @ts-check
import { median } from './figures.mjs';
import { ratios, spread, spreadText } from './rounds.mjs';

/** @typedef {import('./generator.mjs').LoadReport} LoadReport */
/** @typedef {{title: string, about: string, reports: readonly LoadReport[]}} Seen */

/** @param {readonly {perSecond: number}[]} reports */
export const rates = (reports) => reports.map(({ perSecond }) => perSecond);
/** @param {readonly {p99: number}[]} reports */
export const tails = (reports) => reports.map(({ p99 }) => p99);

/** @param {readonly Seen[]} rivals @returns {Seen | undefined} the one with the most answers a second */
export const bestOf = (rivals) =>
  [...rivals].sort((one, other) => median(rates(other.reports)) - median(rates(one.reports)))[0];

/**
 * The row of the gateway beside its best rival; without one a row that says so.
 * @param {{id: string, figure: string, command: string, ours: readonly LoadReport[], rivals: readonly Seen[], atLeast: number, tailAtMost?: number}} compared
 * @returns {import('./record.mjs').Row}
 */
export function rivalRow({ id, figure, command, ours, rivals, atLeast, tailAtMost }) {
  const goal = `>= ${atLeast}${tailAtMost === undefined ? '' : `, p99 <= ${tailAtMost}`}`;
  const best = bestOf(rivals);
  if (!best) return { id, figure, goal, measured: 'no rival runs here', met: undefined, command };
  const rate = spread(ratios(rates(ours), rates(best.reports)));
  const tail = spread(ratios(tails(ours), tails(best.reports)));
  return {
    id,
    figure,
    goal,
    measured: `${spreadText(rate)}, p99 ${spreadText(tail)}; best rival: ${best.title}`,
    met: rate.median >= atLeast && (tailAtMost === undefined || tail.median <= tailAtMost),
    command,
  };
}

/**
 * Medians of what each did, as Markdown.
 * @param {readonly {title: string, about: string, reports: readonly Partial<LoadReport>[]}[]} list
 */
export function comparisonTable(list) {
  /** @param {readonly Partial<LoadReport>[]} reports @param {'perSecond' | 'p50' | 'p99' | 'machineCpu' | 'ownCpu'} key */
  const middle = (reports, key, scale = 1, digits = 1) => {
    const value = median(reports.flatMap((report) => report[key] ?? []));
    return Number.isNaN(value) ? '-' : (value * scale).toFixed(digits);
  };
  const rows = list.map(({ title, about, reports }) => {
    const failed = reports.flatMap((report) => Object.entries(report.failed ?? {}));
    const cells = [
      title,
      about,
      middle(reports, 'perSecond'),
      middle(reports, 'p50'),
      middle(reports, 'p99'),
      middle(reports, 'machineCpu', 100, 0),
      middle(reports, 'ownCpu', 100, 1),
      failed.length === 0 ? '0' : failed.map(([why, count]) => `${count} ${why}`).join(', '),
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [
    '| | setting | images/s | p50 ms | p99 ms | cores busy, % | of it the generator, % | failed |',
    '|---|---|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}
