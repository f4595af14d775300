/**
 * The exported page: which file answers which path, how long it may be kept, and its Content-Security-Policy.
 * Reads the folder once at the start; a page that is built later needs a restart.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';

export interface PageFile {
  /** Below the folder, with forward slashes. */
  readonly file: string;
  readonly cacheControl: string;
  readonly policy: string;
}

/** Path of the request, decoded, to the file that answers it. */
export type Page = ReadonlyMap<string, PageFile>;

const IMMUTABLE = 'public, max-age=31536000, immutable';
/** Kept, but asked for again each time: these files change under the same name. */
const REVALIDATE = 'no-cache';

/** The page in `folder`; undefined when it has not been built. */
export async function readPage(folder: string): Promise<Page | undefined> {
  const files = await list(folder);
  if (!files.includes('index.html')) return undefined;
  const page = new Map<string, PageFile>();
  for (const file of files) {
    const html = file.endsWith('.html');
    const entry: PageFile = {
      file,
      cacheControl: file.startsWith('_next/static/') ? IMMUTABLE : REVALIDATE,
      policy: contentSecurityPolicy(html ? inlineScriptHashes(await readFile(join(folder, file), 'utf8')) : []),
    };
    page.set(`/${file}`, entry);
    if (!html) continue;
    const bare = `/${file.slice(0, -'.html'.length)}`;
    page.set(bare === '/index' || bare.endsWith('/index') ? bare.slice(0, -'index'.length) : bare, entry);
  }
  return page;
}

/** The entry for a request's URL; a slash at the end makes no difference. */
export function findPage(page: Page, url: string): PageFile | undefined {
  let path: string;
  try {
    path = decodeURIComponent(url.split('?', 1)[0] ?? '');
  } catch {
    return undefined;
  }
  return page.get(path) ?? (path.endsWith('/') ? page.get(path.slice(0, -1)) : page.get(`${path}/`));
}

async function list(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile() && !/\.(?:br|gz|map)$/.test(entry.name))
      .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

/** Hashes, as a policy takes them, of the scripts that Next writes into its pages. */
export function inlineScriptHashes(html: string): string[] {
  const scripts = html.matchAll(/<script\b(?![^>]*\ssrc=)[^>]*>([\s\S]*?)<\/script>/g);
  const hashes = [...scripts].map(([, text]) =>
    createHash('sha256')
      .update(text ?? '')
      .digest('base64'),
  );
  return [...new Set(hashes)].map((hash) => `'sha256-${hash}'`);
}

/** @param scriptHashes of the scripts that stand in the page itself; no other inline script runs */
export function contentSecurityPolicy(scriptHashes: readonly string[]): string {
  return [
    "default-src 'none'",
    // ONNX Runtime compiles WebAssembly; text is never run.
    ['script-src', "'self'", "'wasm-unsafe-eval'", ...scriptHashes].join(' '),
    "style-src 'self'",
    // React writes style attributes into the page.
    "style-src-attr 'unsafe-inline'",
    "worker-src 'self' blob:",
    // The page's own WebSocket is 'self' too; pictures are read out of blobs and data addresses.
    "connect-src 'self' blob: data:",
    "img-src 'self' blob: data:",
    "media-src 'self' blob:",
    "font-src 'self' data:",
    "manifest-src 'self'",
    "frame-src 'none'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');
}
