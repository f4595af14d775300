/** What is handed in, as one stream: a file as it is, a folder as a `.tar` made on the way. Follows no links. */
import { createReadStream } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { basename, join, relative, resolve, sep } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { pack } from 'tar-stream';
import { asTwinlensError, TwinlensError } from '../core/errors.ts';

export interface Packed {
  readonly fileName: string;
  readonly stream: Readable;
  /** Of the stream, where that is known before. */
  readonly bytes: number | undefined;
  /** Of the files, for progress. */
  readonly contentBytes: number;
}

/** Entries of one folder. */
const MAX_FILES = 10_000;

const wrong = (message: string, cause?: unknown) => new TwinlensError('INVALID_ARGUMENT', message, { cause });

/** Throws INVALID_ARGUMENT for what is not there, is empty or holds links. */
export async function openInput(path: string): Promise<Packed> {
  let info: Awaited<ReturnType<typeof stat>>;
  try {
    info = await stat(path);
  } catch (cause) {
    throw wrong(`${path} can't be read: ${asTwinlensError(cause).message}`, cause);
  }
  const name = basename(resolve(path));
  if (info.isFile()) {
    return { fileName: name, stream: createReadStream(path), bytes: info.size, contentBytes: info.size };
  }
  if (!info.isDirectory()) throw wrong(`${path} is neither a file nor a folder.`);
  const files = await listFiles(path);
  if (files.length === 0) throw wrong(`${path} has no files.`);
  const contentBytes = files.reduce((sum, file) => sum + file.bytes, 0);
  return { fileName: `${name}.tar`, stream: packFiles(files), bytes: undefined, contentBytes };
}

interface File {
  readonly path: string;
  /** In the archive. */
  readonly name: string;
  readonly bytes: number;
}

async function listFiles(folder: string): Promise<readonly File[]> {
  const files: File[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const name = relative(folder, path).split(sep).join('/');
    // What version control and file managers leave is no part of a model.
    if (name.split('/').some((part) => part.startsWith('.'))) continue;
    if (entry.isDirectory()) continue;
    if (!entry.isFile()) throw wrong(`${path} is a link or a special file; put the file itself there.`);
    files.push({ path, name, bytes: (await stat(path)).size });
    if (files.length > MAX_FILES) throw wrong(`${folder} has more than ${MAX_FILES} files; is it a model's folder?`);
  }
  return files.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function packFiles(files: readonly File[]): Readable {
  const archive = pack();
  const write = async () => {
    for (const { path, name } of files) {
      const file = await open(path, 'r');
      try {
        // Of the file that was opened: it may have been replaced since it was listed.
        const { size } = await file.stat();
        const entry = archive.entry({ name, size, mode: 0o644, mtime: new Date(0) });
        await pipeline(file.createReadStream({ autoClose: false, end: Math.max(0, size - 1) }), entry);
      } finally {
        await file.close();
      }
    }
    archive.finalize();
  };
  write().catch((error: unknown) => archive.destroy(asTwinlensError(error)));
  return Readable.from(archive, { objectMode: false });
}
