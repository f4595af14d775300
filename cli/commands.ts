/** What the command line can be asked for: a command as data, read from the arguments. Does nothing by itself. */
import { parseArgs } from 'node:util';
import { PRESETS, type Preset } from '../core/admin.ts';
import { TwinlensError } from '../core/errors.ts';

export type PublishAs = { readonly as: 'serve' | 'hold' } | { readonly as: 'canary'; readonly share: number };

export interface AddCommand {
  readonly kind: 'add';
  /** A path, or an http(s) address. */
  readonly from: string;
  readonly name: string | undefined;
  readonly version: number | undefined;
  readonly title: string | undefined;
  readonly licence: string | undefined;
  readonly preset: Preset | undefined;
  /** A file, or `imagenet-1k`. */
  readonly classes: string | undefined;
  /** Undefined: ask, where somebody can answer. */
  readonly publish: PublishAs | undefined;
}

export interface VersionName {
  readonly model: string;
  readonly version: number;
}

export type Command =
  | AddCommand
  | { readonly kind: 'list' }
  | { readonly kind: 'pull'; readonly model: string; readonly source: string | undefined }
  | { readonly kind: 'check'; readonly source: string | undefined }
  | { readonly kind: 'promote'; readonly model: string; readonly version: number | undefined }
  | { readonly kind: 'rollback' | 'hold' | 'newest' | 'end-canary'; readonly model: string }
  | ({ readonly kind: 'load' | 'unload' } & VersionName)
  | ({ readonly kind: 'remove'; readonly yes: boolean } & VersionName)
  | ({ readonly kind: 'canary'; readonly share: number } & VersionName);

export interface Invocation {
  /** Undefined: help is wanted. */
  readonly command: Command | undefined;
  readonly json: boolean;
  readonly url: string | undefined;
  readonly tokenFile: string | undefined;
}

const OPTIONS = {
  help: { type: 'boolean', short: 'h' },
  json: { type: 'boolean' },
  url: { type: 'string' },
  'token-file': { type: 'string' },
  yes: { type: 'boolean', short: 'y' },
  name: { type: 'string' },
  version: { type: 'string' },
  title: { type: 'string' },
  licence: { type: 'string' },
  license: { type: 'string' },
  preset: { type: 'string' },
  classes: { type: 'string' },
  serve: { type: 'boolean' },
  hold: { type: 'boolean' },
  canary: { type: 'string' },
  source: { type: 'string' },
  end: { type: 'boolean' },
} as const;

const EVERYWHERE = ['help', 'json', 'url', 'token-file'];

/** The options that a command takes besides; another one is a mistake and not ignored. */
const OWN_OPTIONS: Readonly<Record<string, readonly string[]>> = {
  add: ['name', 'version', 'title', 'licence', 'license', 'preset', 'classes', 'serve', 'hold', 'canary', 'yes'],
  pull: ['source'],
  remove: ['yes'],
  canary: ['end'],
};

const wrong = (message: string) => new TwinlensError('INVALID_ARGUMENT', message);

/** Throws INVALID_ARGUMENT that says what is wrong. */
export function parseInvocation(argv: readonly string[]): Invocation {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(argv);
  } catch (error) {
    throw wrong(error instanceof Error ? error.message : String(error));
  }
  const { values, positionals } = parsed;
  const [room, verb, ...rest] = positionals;
  const shared = { json: values.json ?? false, url: values.url, tokenFile: values['token-file'] };
  if (values.help || room === undefined || (room === 'models' && verb === undefined) || room === 'help') {
    return { command: undefined, ...shared };
  }
  if (room !== 'models' || verb === undefined) throw wrong(`There is no command "${room}".`);
  const allowed = [...EVERYWHERE, ...(OWN_OPTIONS[verb] ?? [])];
  const stray = Object.keys(values).find((name) => !allowed.includes(name));
  if (stray !== undefined) throw wrong(`"models ${verb}" takes no option --${stray}.`);
  return { command: commandOf(verb, rest, values), ...shared };
}

const parse = (argv: readonly string[]) =>
  parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true, strict: true });

type Values = ReturnType<typeof parse>['values'];

function commandOf(verb: string, rest: readonly string[], values: Values): Command {
  const take = (count: number, what: string): string[] => {
    if (rest.length === count) return [...rest];
    throw wrong(`"models ${verb}" is followed by ${what}.`);
  };
  const one = (what: string) => take(1, what)[0] ?? '';
  const optional = (what: string) => (rest.length === 0 ? undefined : one(what));
  switch (verb) {
    case 'add':
      return addCommand(one('one path or address'), values);
    case 'list':
      take(0, 'nothing');
      return { kind: verb };
    case 'pull':
      return { kind: verb, model: one('the name of a model'), source: values.source };
    case 'check':
      return { kind: verb, source: optional('the name of a source, or nothing') };
    case 'promote':
      return { kind: verb, ...modelOf(one('MODEL or MODEL@VERSION')) };
    case 'rollback':
    case 'hold':
    case 'newest':
      return { kind: verb, model: one('the name of a model') };
    case 'load':
    case 'unload':
      return { kind: verb, ...versionOf(one('MODEL@VERSION')) };
    case 'remove':
      return { kind: verb, yes: values.yes ?? false, ...versionOf(one('MODEL@VERSION')) };
    case 'canary': {
      if (values.end) return { kind: 'end-canary', model: one('the name of a model') };
      const [version = '', share = ''] = take(2, 'MODEL@VERSION and a share such as 0.1 or 10%');
      return { kind: verb, share: shareOf(share), ...versionOf(version) };
    }
    default:
      throw wrong(`There is no command "models ${verb}".`);
  }
}

function addCommand(from: string, values: Values): AddCommand {
  const { name, title, preset, classes } = values;
  const chosen = PRESETS.find((known) => known === preset);
  if (preset !== undefined && !chosen) throw wrong(`--preset is one of ${PRESETS.join(', ')}, not "${preset}".`);
  const version = values.version === undefined ? undefined : wholeNumber(values.version);
  const licence = values.licence ?? values.license;
  return { kind: 'add', from, name, version, title, licence, preset: chosen, classes, publish: publishOf(values) };
}

function publishOf({ serve, hold, canary, yes }: Values): PublishAs | undefined {
  if ([serve, hold, canary].filter((given) => given !== undefined).length > 1) {
    throw wrong('Choose one of --serve, --hold and --canary.');
  }
  if (canary !== undefined) return { as: 'canary', share: shareOf(canary) };
  if (hold) return { as: 'hold' };
  return serve || yes ? { as: 'serve' } : undefined;
}

function modelOf(text: string): { readonly model: string; readonly version: number | undefined } {
  const [model = '', version, more] = text.split('@');
  if (model === '' || more !== undefined) throw wrong(`"${text}" is no MODEL or MODEL@VERSION.`);
  return { model, version: version === undefined ? undefined : wholeNumber(version) };
}

function versionOf(text: string): VersionName {
  const { model, version } = modelOf(text);
  if (version === undefined) throw wrong(`Say which version: ${model}@VERSION.`);
  return { model, version };
}

function wholeNumber(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw wrong(`"${text}" is no version; write a whole number from 1.`);
}

/** 0.1 and 10% are the same. */
function shareOf(text: string): number {
  const match = /^(\d{1,3}(?:\.\d{1,6})?)(%?)$/.exec(text);
  const share = match ? Number(match[1]) / (match[2] === '%' ? 100 : 1) : Number.NaN;
  if (share >= 0 && share <= 1) return share;
  throw wrong(`"${text}" is no share; write a number from 0 to 1, or a percentage such as 10%.`);
}
