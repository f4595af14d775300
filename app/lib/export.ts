/** The history as files: JSON for programs, CSV (RFC 4180) for spreadsheets. Pure. */
import type { HistoryEntry } from './history.ts';

/** Class names in one CSV row. */
const CSV_TOP = 5;

export function toJson(entries: readonly HistoryEntry[]): string {
  const rows = entries.map(({ id: _, thumbnail: __, at, ...rest }) => ({ at: new Date(at).toISOString(), ...rest }));
  return `${JSON.stringify({ format: 'twinlens-history', version: 1, entries: rows }, null, 2)}\n`;
}

export function toCsv(entries: readonly HistoryEntry[]): string {
  const ranks = Array.from({ length: CSV_TOP }, (_, i) => i + 1);
  const header = [
    'at',
    'name',
    ...ranks.flatMap((rank) => [`label${rank}`, `score${rank}`]),
    'notSure',
    'engine',
    'provider',
    'model',
    'version',
    'variant',
    'cached',
    'totalMs',
  ];
  const rows = entries.map((entry) => [
    new Date(entry.at).toISOString(),
    entry.name,
    ...ranks.flatMap((rank) => {
      const prediction = entry.predictions[rank - 1];
      return prediction ? [prediction.label, prediction.score] : ['', ''];
    }),
    entry.notSure,
    entry.engine,
    entry.provider,
    entry.model,
    entry.version,
    entry.variant,
    entry.cached,
    Math.round(entry.totalMs * 100) / 100,
  ]);
  return [header, ...rows].map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}

function cell(value: string | number | boolean): string {
  if (typeof value !== 'string') return String(value);
  // A file name chosen by a stranger must not become a formula where the file is opened.
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) || text !== text.trim() ? `"${text.replaceAll('"', '""')}"` : text;
}
