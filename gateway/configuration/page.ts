/** The page of the documentation that is made of the settings. */
import type { Setting } from './setting.ts';
import { groups, variableOf } from './settings.ts';

const INTRODUCTION = `# Configuration

<!-- Made from gateway/configuration/settings.ts by \`npm run docs\`; change it there. -->

Every setting of the gateway can be given in two ways; the first one that says something counts:

1. an environment variable, as named below;
2. a JSON file that \`TWINLENS_CONFIG\` names, with the keys below: numbers as numbers, lists as arrays.

\`\`\`json
{ "port": 9000, "maxBytes": 8388608, "origins": ["https://example.com"] }
\`\`\`

A value that is not legal, and a name that starts with \`TWINLENS_\` (or a key of the file) and is no setting, stops the
start; all mistakes are listed at once. An empty variable counts as absent, but where it is said what "empty" means.
In variables, lists are separated by commas. A change takes effect at the next start.
`;

function shown(value: unknown): string {
  if (value === '' || (Array.isArray(value) && value.length === 0)) return 'empty';
  const text = Array.isArray(value) ? value.join(',') : typeof value === 'number' ? grouped(value) : String(value);
  return `\`${text}\``;
}

const grouped = (value: number): string => value.toLocaleString('en-US', { useGrouping: value >= 10_000 });

function section(name: string, { fallback, kind, about, unit, none }: Setting<unknown>): string {
  const facts = [`${kind}${unit ? ` (${unit})` : ''}`, `default ${shown(fallback)}`];
  const empty = typeof fallback === 'number' ? '0' : 'empty';
  if (none) facts.push(`${empty}: ${none}`);
  return `### ${variableOf(name)}\n\n${about}\n\n\`${name}\` · ${facts.join(' · ')}\n`;
}

/** The whole page, as Markdown. */
export function configurationPage(): string {
  const chapters = Object.entries(groups).map(([title, settings]) => {
    const sections = Object.entries(settings).map(([name, setting]) => section(name, setting));
    return `## ${title}\n\n${sections.join('\n')}`;
  });
  return [INTRODUCTION, ...chapters].join('\n');
}
