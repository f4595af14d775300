/** A model as its files and the hints describe it, before anything has looked into its graph. Types and names. */
import type { ImportHints } from '../../core/admin.ts';
import type { Variant } from '../../core/manifest.ts';
import type { GraphInput } from './graph.ts';
import type { Preprocessing } from './preprocessing.ts';

export interface DraftVariant {
  /** Undefined: what its graph computes with says it. */
  readonly name: Variant['name'] | undefined;
  /** Path inside the material. */
  readonly file: string;
}

export interface Draft {
  readonly name: string;
  readonly title: string;
  readonly licence: string;
  /** Best first: the first one that can be run is the default. */
  readonly variants: readonly DraftVariant[];
  readonly classNames: readonly string[];
  /** What the report says that this is. */
  readonly what: string;
  /** Throws INVALID_ARGUMENT when it doesn't fit the graph. */
  prepare(graph: GraphInput): { readonly preprocessing: Preprocessing; readonly note: string };
}

const NOT_STATED = 'not stated';

const ENDINGS = /(?:\.tar\.gz|\.tgz|\.tar|\.zip|\.onnx)$/i;

/** The name of what was handed in, without its folders and its ending. */
export function stemOf(fileName: string): string {
  const last = fileName.split(/[\\/]/).filter(Boolean).at(-1) ?? '';
  return last.replace(/[?#].*$/, '').replace(ENDINGS, '');
}

/** A model's name made of any text. */
function modelNameOf(text: string): string {
  const name = text
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '')
    .slice(0, 63);
  return name === '' ? 'model' : name;
}

/** What the hints say, else what the files do. */
export function naming(hints: ImportHints, stem: string, licence: string | undefined) {
  return {
    name: hints.name ?? modelNameOf(stem),
    title: hints.title ?? (stem.slice(0, 120) || 'Imported model'),
    licence: hints.licence ?? licence?.slice(0, 120) ?? NOT_STATED,
  };
}
