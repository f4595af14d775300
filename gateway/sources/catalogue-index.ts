/**
 * The index of a catalogue of models: its format, and the parse that is the only way from unknown JSON to it. One
 * entry that can't be read costs that entry only. Knows no network.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { PRESETS } from '../../core/admin.ts';
import { TwinlensError } from '../../core/errors.ts';
import { describeMistakes } from '../../core/mistakes.ts';
import { modelNameSchema, versionSchema } from '../../core/names.ts';

const CATALOGUE_FORMAT = 'twinlens-catalogue/1';

/** Models of one catalogue; a longer list is refused as a whole. */
const MAX_ENTRIES = 1000;
/** Files of one package. */
const MAX_FILES = 200;
/** A file of class names is read as a whole. Bytes. */
const MAX_NAMES_BYTES = 16 * 1024 * 1024;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex digits');

const fileSchema = z.object({
  /** Where it is to be had, the best first; relative ones count from the index's own address. */
  urls: z.array(z.string().min(1).max(2000)).min(1).max(4),
  bytes: z.int().min(1),
  sha256,
});
export type CatalogueFile = z.infer<typeof fileSchema>;

const contentSchema = z.discriminatedUnion('kind', [
  /** A whole package, file by file; `model.json` among them. */
  z.object({
    kind: z.literal('package'),
    files: z
      .record(z.string().max(200), fileSchema)
      .refine((files) => Object.hasOwn(files, 'model.json'), 'must have model.json')
      .refine((files) => Object.keys(files).length <= MAX_FILES, `must be ${MAX_FILES} at most`)
      .refine((files) => Object.keys(files).every(isInside), 'must be relative paths inside the package'),
  }),
  /** A bare graph; the manifest is made here. */
  z.object({
    kind: z.literal('onnx'),
    file: fileSchema,
    preset: z.enum(PRESETS),
    classNames: z.union([
      z.literal('imagenet-1k'),
      fileSchema.refine(({ bytes }) => bytes <= MAX_NAMES_BYTES, 'is too large for class names'),
    ]),
    notSureBelow: z.number().min(0).max(1).optional(),
  }),
]);

const entrySchema = z.object({
  name: modelNameSchema,
  version: versionSchema,
  title: z.string().min(1).max(120),
  licence: z.string().min(1).max(120),
  /** Where the weights come from, in words or as an address. */
  source: z.string().min(1).max(600),
  content: contentSchema,
});
export type CatalogueEntry = z.infer<typeof entrySchema>;

// Fields that a later format adds are no mistake.
const indexSchema = z.object({
  format: z.literal(CATALOGUE_FORMAT),
  models: z.array(z.unknown()).max(MAX_ENTRIES),
});

export interface CatalogueIndex {
  readonly entries: readonly CatalogueEntry[];
  readonly refused: readonly { readonly what: string; readonly reason: string }[];
}

function isInside(path: string): boolean {
  return path.split('/').every((part) => /^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(part));
}

/** A name for an entry that may be anything. */
function whatOf(value: unknown, index: number): string {
  const named = z.object({ name: z.string().max(100), version: z.number().optional() }).safeParse(value);
  return named.success ? `${named.data.name}@${named.data.version ?? '?'}` : `models.${index}`;
}

/** Throws INVALID_ARGUMENT when it is no catalogue at all. */
export function parseCatalogue(value: unknown): CatalogueIndex {
  const index = indexSchema.safeParse(value);
  if (!index.success) {
    const mistakes = describeMistakes(index.error, 'catalogue');
    throw new TwinlensError('INVALID_ARGUMENT', `It is no catalogue of models: ${mistakes}`);
  }
  const entries: CatalogueEntry[] = [];
  const refused: { what: string; reason: string }[] = [];
  for (const [i, item] of index.data.models.entries()) {
    const what = whatOf(item, i);
    const entry = entrySchema.safeParse(item);
    if (!entry.success) refused.push({ what, reason: describeMistakes(entry.error, what) });
    else if (entries.some(({ name, version }) => name === entry.data.name && version === entry.data.version))
      refused.push({ what, reason: `${what} is listed twice; the first counts.` });
    else entries.push(entry.data);
  }
  return { entries, refused };
}

/** Every file of an entry. */
export function filesOf({ content }: CatalogueEntry): readonly CatalogueFile[] {
  switch (content.kind) {
    case 'package':
      return Object.values(content.files);
    case 'onnx':
      return content.classNames === 'imagenet-1k' ? [content.file] : [content.file, content.classNames];
  }
}

export function bytesOf(entry: CatalogueEntry): number {
  return filesOf(entry).reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Another text when what would be made of the entry is another; where its files lie makes no difference. */
export function fingerprintOf({ content, ...rest }: CatalogueEntry): string {
  const identity = (file: CatalogueFile) => file.sha256;
  const made =
    content.kind === 'package'
      ? Object.entries(content.files).map(([path, file]) => [path, identity(file)])
      : { ...content, file: identity(content.file), classNames: namesIdentity(content.classNames) };
  return createHash('sha256')
    .update(JSON.stringify([rest, made]))
    .digest('hex');

  function namesIdentity(names: 'imagenet-1k' | CatalogueFile): string {
    return names === 'imagenet-1k' ? names : identity(names);
  }
}
