/**
 * The gateway's configuration: the settings of the environment over those of a file over the defaults, checked.
 * A wrong start is no start: all mistakes are told at once. Reads no environment by itself; `main.ts` hands it in.
 */
import type { VersionPolicy } from '../../core/admin.ts';
import type { GatewayProvider } from '../../core/engine.ts';
import { TwinlensError } from '../../core/errors.ts';
import { readFallbacks } from './fallbacks.ts';
import { readSettingsFile } from './file.ts';
import { type ProviderOrder, readProviders } from './providers.ts';
import type { Setting } from './setting.ts';
import { type SettingName, settings, type Values, variableOf } from './settings.ts';

/** A secret as it was given: its text, the file that holds it, or neither. `readSecret` reads it. */
export interface Secret {
  readonly text: string | undefined;
  readonly file: string | undefined;
}

/** Settings that are given as text and mean more. */
type Raw =
  | 'adminToken'
  | 'adminTokenFile'
  | 'catalogueMirror'
  | 'clientTokensFile'
  | 'data'
  | 'defaultModel'
  | 'fallbacks'
  | 'mlflow'
  | 'mlflowModels'
  | 'mlflowToken'
  | 'mlflowTokenFile'
  | 'otlpEndpoint'
  | 'page'
  | 'provider'
  | 'rateBurst'
  | 'ratePerSecond'
  | 'tlsCertFile'
  | 'tlsKeyFile'
  | 'versions';

/** Texts that may be none are undefined then. */
export interface Configuration extends Omit<Values, Raw> {
  readonly data: string | undefined;
  readonly versions: VersionPolicy;
  /** In the order in which they are tried; not empty. */
  readonly providers: readonly GatewayProvider[];
  /** Any other one is a makeshift; undefined: each is as good. */
  readonly wantedProvider: GatewayProvider | undefined;
  /** Without cycles. */
  readonly fallbacks: ReadonlyMap<string, string>;
  readonly catalogueMirror: string | undefined;
  readonly mlflow: { readonly url: string; readonly models: readonly string[]; readonly token: Secret } | undefined;
  readonly adminToken: Secret;
  /** Undefined: the API is open to all. */
  readonly clientTokensFile: string | undefined;
  /** Undefined: no limit. */
  readonly rate: { readonly perSecond: number; readonly burst: number } | undefined;
  /** Files. Undefined: no TLS. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  readonly defaultModel: string | undefined;
  readonly page: string | undefined;
  readonly otlpEndpoint: string | undefined;
}

/** Variable that names the file. */
export const FILE_VARIABLE = 'TWINLENS_CONFIG';

const table: { readonly [Name in SettingName]: Setting<Values[Name]> } = settings;
const NAMES = Object.keys(settings).filter((name): name is SettingName => name in settings);
const byVariable = new Map(NAMES.map((name) => [variableOf(name), name]));

const secret = (text: string, file: string): Secret => ({ text: text || undefined, file: file || undefined });

function versionPolicy(text: string): VersionPolicy {
  return text === 'all' ? { kind: 'all' } : { kind: 'latest', count: Number(text.slice('latest:'.length)) };
}

/** A value under the name that the user knows it by. */
interface Given {
  readonly shownAs: string;
  readonly value: unknown;
}

/** Gathers every mistake instead of stopping at the first. */
class Reading {
  readonly mistakes: string[] = [];
  readonly #given = new Map<SettingName, Given>();

  environment(variables: Readonly<Record<string, string | undefined>>): void {
    for (const [variable, text] of Object.entries(variables)) {
      if (variable === FILE_VARIABLE || text === undefined) continue;
      const name = byVariable.get(variable);
      if (name === undefined && !variable.startsWith('TWINLENS_')) continue;
      if (name === undefined) this.mistakes.push(`${variable}: there is no such setting`);
      else if (text !== '' || table[name].emptyCounts) {
        this.#given.set(name, { shownAs: variable, value: table[name].fromText(text) });
      }
    }
  }

  file(path: string): void {
    const read = readSettingsFile(path);
    if (typeof read === 'string') {
      this.mistakes.push(`${FILE_VARIABLE}: ${read}`);
      return;
    }
    for (const [key, value] of Object.entries(read)) {
      const name = NAMES.find((known) => known === key);
      const shownAs = `"${key}" in ${path}`;
      if (name === undefined) this.mistakes.push(`${shownAs}: there is no such setting`);
      else this.#given.set(name, { shownAs, value });
    }
  }

  value<Name extends SettingName>(name: Name): Values[Name] {
    const setting = table[name];
    const given = this.#given.get(name);
    if (given === undefined) return setting.fallback;
    const parsed = setting.schema.safeParse(given.value);
    if (parsed.success) return parsed.data;
    this.mistakes.push(`${given.shownAs}: ${parsed.error.issues.map(({ message }) => message).join('; ')}`);
    return setting.fallback;
  }

  /** What `read` makes of a value that is legal by itself; a text that it gives is a mistake. */
  meaning<Name extends SettingName, T extends object>(
    name: Name,
    value: Values[Name],
    read: (value: Values[Name]) => T | string,
  ): T {
    const meant = read(value);
    if (typeof meant !== 'string') return meant;
    this.mistakes.push(`${this.#given.get(name)?.shownAs ?? variableOf(name)}: ${meant}`);
    const fallback = read(table[name].fallback);
    if (typeof fallback === 'string') throw new TwinlensError('INTERNAL', `The default of ${name} has no meaning.`);
    return fallback;
  }
}

/**
 * Throws INVALID_ARGUMENT with one line a mistake. Variables that start with TWINLENS_, and keys of the file, that
 * are no settings are mistakes.
 */
export function parseConfiguration(environment: Readonly<Record<string, string | undefined>>): Configuration {
  const reading = new Reading();
  const path = environment[FILE_VARIABLE];
  if (path) reading.file(path);
  reading.environment(environment);
  const configuration = assemble(reading);
  if (configuration.maxHeldBytes > 0 && configuration.maxHeldBytes < configuration.maxBytes) {
    reading.mistakes.push(`${variableOf('maxHeldBytes')}: must be at least ${variableOf('maxBytes')}`);
  }
  if (reading.mistakes.length > 0) {
    const lines = reading.mistakes.map((mistake) => `  ${mistake}`).join('\n');
    throw new TwinlensError(
      'INVALID_ARGUMENT',
      `The configuration is not valid (docs/configuration.md has every setting):\n${lines}`,
    );
  }
  return configuration;
}

function assemble(reading: Reading): Configuration {
  // Each value has just been parsed by the schema of its own name.
  const values = Object.fromEntries(NAMES.map((name) => [name, reading.value(name)])) as Values;
  const { adminTokenFile, provider: _, mlflowModels, mlflowToken, mlflowTokenFile, ...more } = values;
  const { ratePerSecond, rateBurst, tlsCertFile, tlsKeyFile, ...rest } = more;
  if ((tlsCertFile === '') !== (tlsKeyFile === '')) {
    reading.mistakes.push(`${variableOf('tlsCertFile')}, ${variableOf('tlsKeyFile')}: set both or none`);
  }
  const providers: ProviderOrder = reading.meaning('provider', values.provider, readProviders);
  return {
    ...rest,
    data: values.data || undefined,
    versions: versionPolicy(values.versions),
    fallbacks: reading.meaning('fallbacks', values.fallbacks, readFallbacks),
    providers: providers.order,
    wantedProvider: providers.wanted,
    catalogueMirror: values.catalogueMirror || undefined,
    mlflow: values.mlflow
      ? { url: values.mlflow, models: mlflowModels, token: secret(mlflowToken, mlflowTokenFile) }
      : undefined,
    adminToken: secret(values.adminToken, adminTokenFile),
    clientTokensFile: values.clientTokensFile || undefined,
    rate: ratePerSecond > 0 ? { perSecond: ratePerSecond, burst: rateBurst } : undefined,
    tls: tlsCertFile && tlsKeyFile ? { cert: tlsCertFile, key: tlsKeyFile } : undefined,
    defaultModel: values.defaultModel || undefined,
    page: values.page || undefined,
    otlpEndpoint: values.otlpEndpoint || undefined,
    metricsHost: values.metricsHost || values.host,
  };
}
