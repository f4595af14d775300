/** Which of MLflow's models are meant, and what they are called here. Pure. */
import { TwinlensError } from '../../core/errors.ts';

export type MlflowSpec =
  | { readonly kind: 'all'; readonly name: string }
  | { readonly kind: 'version'; readonly name: string; readonly version: number }
  | { readonly kind: 'alias'; readonly name: string; readonly alias: string };

/** `name`, `name@version` or `name:alias`. MLflow's names have neither colon nor slash. */
export function parseMlflowSpec(text: string): MlflowSpec {
  const aliased = /^([^:/]+):([^:/]+)$/.exec(text);
  if (aliased?.[1] && aliased[2]) return { kind: 'alias', name: aliased[1], alias: aliased[2] };
  const versioned = /^([^:/]+)@([1-9]\d{0,8})$/.exec(text);
  if (versioned?.[1] && versioned[2]) return { kind: 'version', name: versioned[1], version: Number(versioned[2]) };
  if (/^[^:/]+$/.test(text)) return { kind: 'all', name: text };
  throw new TwinlensError(
    'INVALID_ARGUMENT',
    `TWINLENS_MLFLOW_MODELS names ${text}; write name, name@version or name:alias.`,
  );
}

const LONGEST = 63;

/** The name that a model of MLflow gets here: lower case, everything else than letters, digits, dot, dash a dash. */
export function nameHere(name: string): string {
  const legal = name
    .toLowerCase()
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+|-+$/g, '')
    .slice(0, LONGEST);
  if (legal !== '') return legal;
  throw new TwinlensError('INVALID_ARGUMENT', `${name} can't be a name here; give it one by its tag twinlens.name.`);
}
