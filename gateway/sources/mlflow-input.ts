/**
 * What the artifacts of a version of MLflow are: a package, a Hugging Face folder or a bare graph, made ready for the
 * import. A package gets the name and version of the registry, which is where people look them up.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type ImportHints, importHintsSchema } from '../../core/admin.ts';
import { TwinlensError } from '../../core/errors.ts';
import { parseManifest } from '../../core/manifest.ts';
import { describeMistakes } from '../../core/mistakes.ts';
import type { ImportInput } from '../packages/index.ts';
import { parseJsonText } from './http.ts';

/** How the version is called here. */
export interface Identity {
  readonly name: string;
  readonly version: number;
}

/** The kinds of file that a model is made of; a version of MLflow has others too, such as a Python environment. */
const OF_MODELS = /\.(json|onnx|png|txt)$/i;

export const isOfModel = (path: string): boolean => OF_MODELS.test(path);

/** @param paths the files of `folder`, relative to it */
export async function toImportInput(
  folder: string,
  paths: readonly string[],
  identity: Identity,
  tags: ReadonlyMap<string, string>,
  source: string,
): Promise<ImportInput> {
  const { name } = identity;
  if (paths.includes('model.json')) {
    await rename(join(folder, 'model.json'), identity);
    return { path: folder, fileName: name, source, hints: {} };
  }
  const classNames = await namesOf(folder, paths, tags.get('twinlens.classes'));
  const given = {
    ...identity,
    title: tags.get('twinlens.title'),
    licence: tags.get('twinlens.licence'),
    preset: tags.get('twinlens.preset'),
    classNames,
  };
  if (paths.includes('config.json')) return { path: folder, fileName: name, source, hints: checkHints(given) };
  const graphs = paths.filter((path) => path.toLowerCase().endsWith('.onnx'));
  const [graph] = graphs;
  if (graph !== undefined && graphs.length === 1)
    return { path: join(folder, graph), fileName: basename(graph), source, hints: checkHints(given) };
  throw new TwinlensError(
    'INVALID_ARGUMENT',
    `The artifacts are no model that can be served: they have ${graphs.length} .onnx files and neither model.json nor config.json.`,
  );
}

async function rename(path: string, identity: Identity): Promise<void> {
  const manifest = parseManifest(parseJsonText(await readFile(path, 'utf8'), 'model.json'));
  await writeFile(path, JSON.stringify({ ...manifest, ...identity }, undefined, 2));
}

async function namesOf(folder: string, paths: readonly string[], tag: string | undefined): Promise<unknown> {
  if (tag !== undefined) return tag;
  const file = paths.find((path) => basename(path) === 'classes.json');
  return file === undefined ? undefined : parseJsonText(await readFile(join(folder, file), 'utf8'), file);
}

function checkHints(hints: unknown): ImportHints {
  const parsed = importHintsSchema.safeParse(hints);
  if (parsed.success) return parsed.data;
  const mistakes = describeMistakes(parsed.error, 'tags');
  throw new TwinlensError('INVALID_ARGUMENT', `The version's tags (twinlens.*) or classes.json are wrong: ${mistakes}`);
}
