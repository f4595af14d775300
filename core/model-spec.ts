/** How a request names a model: `name`, `name@version` or `name:label`. */
import { TwinlensError } from './errors.ts';

export type ModelSpec =
  | { readonly kind: 'default'; readonly name: string }
  | { readonly kind: 'version'; readonly name: string; readonly version: number }
  | { readonly kind: 'label'; readonly name: string; readonly label: string };

const SPEC = /^([a-z0-9][a-z0-9._-]{0,62})(?:@([1-9][0-9]{0,9})|:([a-z][a-z0-9._-]{0,31}))?$/;

/** Longest text that can be a spec, characters. */
export const MAX_SPEC_LENGTH = 100;

/** Throws INVALID_ARGUMENT with the allowed forms. */
export function parseModelSpec(text: string): ModelSpec {
  const match = text.length <= MAX_SPEC_LENGTH ? SPEC.exec(text) : null;
  const name = match?.[1];
  if (!match || name === undefined) {
    throw new TwinlensError(
      'INVALID_ARGUMENT',
      `"${text.slice(0, MAX_SPEC_LENGTH)}" is no model; write name, name@version or name:label.`,
    );
  }
  if (match[2] !== undefined) return { kind: 'version', name, version: Number(match[2]) };
  if (match[3] !== undefined) return { kind: 'label', name, label: match[3] };
  return { kind: 'default', name };
}

export function formatModelSpec(spec: ModelSpec): string {
  switch (spec.kind) {
    case 'default':
      return spec.name;
    case 'version':
      return `${spec.name}@${spec.version}`;
    case 'label':
      return `${spec.name}:${spec.label}`;
    default: {
      const impossible: never = spec;
      return impossible;
    }
  }
}

const newest = (versions: readonly number[]): number | undefined =>
  versions.length === 0 ? undefined : Math.max(...versions);

/**
 * The version that `spec` means, the same for gateway, client and browser: without version or label the one
 * labelled `stable` if it is there, else the newest. Undefined when there is none.
 */
export function versionOf(
  spec: ModelSpec,
  versions: readonly number[],
  labels: Readonly<Record<string, number>>,
): number | undefined {
  switch (spec.kind) {
    case 'version':
      return spec.version;
    case 'label':
      return Object.hasOwn(labels, spec.label) ? labels[spec.label] : undefined;
    case 'default': {
      const stable = Object.hasOwn(labels, 'stable') ? labels.stable : undefined;
      return stable !== undefined && versions.includes(stable) ? stable : newest(versions);
    }
    default: {
      const impossible: never = spec;
      return impossible;
    }
  }
}
