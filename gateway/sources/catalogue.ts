/**
 * A catalogue of models: a JSON index behind an address, or in a file, of which the followed models are fetched and
 * served. Asks only for what changed (ETag, Last-Modified).
 */
import { mkdir, readFile, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { type ImportHints, importHintsSchema } from '../../core/admin.ts';
import { TwinlensError } from '../../core/errors.ts';
import { describeMistakes } from '../../core/mistakes.ts';
import type { ImportInput } from '../packages/index.ts';
import { tooLarge } from './attempt.ts';
import { bytesOf, type CatalogueEntry, type filesOf, fingerprintOf, parseCatalogue } from './catalogue-index.ts';
import type { DownloadTiming } from './download.ts';
import { parseJsonText, readText, refuseWebPage, request, shown, statusError, within } from './http.ts';
import { bringFile, type Places } from './listed-file.ts';
import type { Workplace } from './package-cache.ts';
import { Progress } from './progress.ts';
import type { Listing, Remote, RemoteVersion } from './remote.ts';
import type { FetchOptions } from './source.ts';

export interface CatalogueOptions {
  /** A path, or an http(s) address. */
  readonly location: string;
  readonly mirror: string | undefined;
  readonly maxBytes: number;
  readonly timing?: Partial<DownloadTiming>;
}

/** A longer index is none. Bytes. */
const MAX_INDEX_BYTES = 4 * 1024 * 1024;
/** Milliseconds for the index. */
const INDEX_MS = 30_000;

const keptSchema = z.object({
  location: z.string(),
  etag: z.string().optional(),
  lastModified: z.string().optional(),
  index: z.unknown(),
});
type Kept = z.infer<typeof keptSchema>;

export class CatalogueRemote implements Remote {
  readonly kind = 'catalogue';
  readonly toStop = 'unfollow the model first';
  readonly location: string;
  readonly #options: CatalogueOptions;
  readonly #places: Places;
  /** What the last listing came with. */
  #kept: Kept | undefined;

  constructor(options: CatalogueOptions) {
    this.#options = options;
    const remote = /^https?:/i.test(options.location);
    this.location = remote ? shown(options.location) : options.location;
    const base = remote ? new URL(options.location) : pathToFileURL(resolve(options.location));
    this.#places = { base, mirror: options.mirror };
  }

  restore(kept: unknown): Listing | undefined {
    const parsed = keptSchema.safeParse(kept);
    if (!parsed.success || parsed.data.location !== this.location) return undefined;
    const listing = this.#list(parsed.data.index);
    this.#kept = parsed.data;
    return listing;
  }

  async ask(signal: AbortSignal): ReturnType<Remote['ask']> {
    const kept = this.#places.base.protocol === 'file:' ? await this.#readFile() : await this.#request(signal);
    if (!kept) return undefined;
    const listing = this.#list(kept.index);
    this.#kept = kept;
    return { listing, keep: kept };
  }

  async #readFile(): Promise<Kept> {
    const { location } = this.#options;
    try {
      const { size } = await stat(location);
      if (size <= MAX_INDEX_BYTES) {
        return { location: this.location, index: parseJsonText(await readFile(location, 'utf8'), location) };
      }
    } catch (cause) {
      if (cause instanceof TwinlensError) throw cause;
      throw new TwinlensError('NOT_FOUND', `${location} can't be read; check TWINLENS_CATALOGUES.`, { cause });
    }
    throw new TwinlensError('PAYLOAD_TOO_LARGE', `${location} has more than ${MAX_INDEX_BYTES} bytes.`);
  }

  /** Undefined when it has not changed. */
  async #request(outer: AbortSignal): Promise<Kept | undefined> {
    const { location } = this.#options;
    const signal = within(INDEX_MS, outer);
    const { etag, lastModified } = this.#kept ?? {};
    const response = await request(location, {
      signal,
      headers: {
        accept: 'application/json',
        ...(etag === undefined ? {} : { 'if-none-match': etag }),
        ...(lastModified === undefined ? {} : { 'if-modified-since': lastModified }),
      },
    });
    const failure = statusError(location, response);
    if (failure || response.status === 304) {
      await response.body?.cancel();
      if (failure) throw failure;
      return undefined;
    }
    refuseWebPage(location, response);
    const text = await readText(location, response, MAX_INDEX_BYTES);
    return {
      location: this.location,
      etag: response.headers.get('etag') ?? undefined,
      lastModified: response.headers.get('last-modified') ?? undefined,
      index: parseJsonText(text, shown(location)),
    };
  }

  #list(index: unknown): Listing {
    const { entries, refused } = parseCatalogue(index);
    return { versions: entries.map((entry) => this.#offer(entry)), refused: [...refused] };
  }

  #offer(entry: CatalogueEntry): RemoteVersion {
    const { name, version, title, licence } = entry;
    return {
      name,
      version,
      fingerprint: fingerprintOf(entry),
      offer: { title, licence, bytes: bytesOf(entry) },
      gather: (workplace, options) => this.#gather(entry, workplace, options),
    };
  }

  async #gather(entry: CatalogueEntry, { input, parts }: Workplace, options: FetchOptions): Promise<ImportInput> {
    const { maxBytes, timing } = this.#options;
    const { name, version, title, licence, source, content } = entry;
    const total = bytesOf(entry);
    if (total > maxBytes) throw tooLarge(`${name}@${version}`, maxBytes);
    const progress = new Progress(total, (told) => options.onProgress(told));
    const bring = async (file: ReturnType<typeof filesOf>[number], path: string): Promise<string> => {
      const into = join(input, path);
      await mkdir(dirname(into), { recursive: true });
      const transfer = { parts, maxBytes, signal: options.signal, onProgress: progress.file };
      await bringFile(file, this.#places, into, timing ? { ...transfer, timing } : transfer);
      progress.done(file.bytes);
      return into;
    };
    switch (content.kind) {
      case 'package': {
        for (const [path, file] of Object.entries(content.files)) await bring(file, path);
        return { path: input, fileName: name, source, hints: {} };
      }
      case 'onnx': {
        const fileName = `${name}.onnx`;
        const path = await bring(content.file, fileName);
        const { preset, notSureBelow } = content;
        const classNames =
          content.classNames === 'imagenet-1k'
            ? content.classNames
            : await readNames(await bring(content.classNames, 'classes.json'));
        const hints = { name, version, title, licence, preset, classNames, notSureBelow };
        return { path, fileName, source, hints: checkHints(hints) };
      }
    }
  }
}

async function readNames(path: string): Promise<unknown> {
  return parseJsonText(await readFile(path, 'utf8'), 'The file of class names');
}

function checkHints(hints: unknown): ImportHints {
  const parsed = importHintsSchema.safeParse(hints);
  if (parsed.success) return parsed.data;
  throw new TwinlensError('INVALID_ARGUMENT', `The catalogue is wrong: ${describeMistakes(parsed.error, 'entry')}`);
}
