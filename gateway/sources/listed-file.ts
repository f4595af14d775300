/**
 * Brings one file that a catalogue lists onto this disk, from the first place that has it: the mirror by the file's
 * sha256, the mirror by its name, then its own addresses in order. Whichever it is, the bytes are the listed ones.
 */
import { copyFile, rename } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { asTwinlensError, TwinlensError } from '../../core/errors.ts';
import { isDiskFault } from '../disk.ts';
import type { CatalogueFile } from './catalogue-index.ts';
import { type DownloadOptions, downloadFile } from './download.ts';
import { hashFile } from './hash-file.ts';

export interface Places {
  /** Address of the index, from which relative addresses count. */
  readonly base: URL;
  readonly mirror: string | undefined;
}

/** Attempts at a place behind which there is another one. */
const FEW_ATTEMPTS = 2;

/** Where the file may be, the best first. */
function addressesOf({ urls, sha256 }: CatalogueFile, { base, mirror }: Places): readonly string[] {
  const own = urls.map((url) => {
    const address = URL.canParse(url, base.href) ? new URL(url, base.href) : undefined;
    // A catalogue from the network must not make this gateway read its own disk.
    const readable = address && (/^https?:$/.test(address.protocol) || base.protocol === 'file:');
    if (readable) return address.href;
    throw new TwinlensError('INVALID_ARGUMENT', `The catalogue lists ${url}, which is not an http or https address.`);
  });
  if (mirror === undefined) return own;
  const below = (name: string) => `${mirror.replace(/\/+$/, '')}/${name}`;
  const name = own.map((address) => basename(new URL(address).pathname)).find((text) => text !== '');
  return [below(sha256), ...(name === undefined ? [] : [below(name)]), ...own];
}

export async function bringFile(
  file: CatalogueFile,
  places: Places,
  into: string,
  options: Omit<DownloadOptions, 'into' | 'expect'> & { readonly parts: string },
): Promise<void> {
  const { bytes, sha256 } = file;
  const failures: string[] = [];
  const addresses = addressesOf(file, places);
  for (const [i, address] of addresses.entries()) {
    const last = i === addresses.length - 1;
    try {
      if (address.startsWith('file:')) return await copy(fileURLToPath(address), into, file, options.maxBytes);
      // By its sum, so that the part can be gone on with from any place, also by another version that has the file.
      const part = join(options.parts, sha256);
      const timing = last ? options.timing : { attempts: FEW_ATTEMPTS, ...options.timing };
      await downloadFile(address, { ...options, ...(timing ? { timing } : {}), into: part, expect: { bytes, sha256 } });
      return await rename(part, into);
    } catch (error) {
      const known = asTwinlensError(error);
      if (known.code === 'CANCELLED' || isDiskFault(known.cause)) throw known;
      failures.push(known.message);
      if (last) throw new TwinlensError(known.code, [...new Set(failures)].join(' '), { cause: error });
    }
  }
}

async function copy(path: string, into: string, { bytes, sha256 }: CatalogueFile, maxBytes: number): Promise<void> {
  if (bytes > maxBytes) throw new TwinlensError('PAYLOAD_TOO_LARGE', `${path} has more than ${maxBytes} bytes.`);
  await copyFile(path, into).catch((cause: unknown) => {
    if (isDiskFault(cause)) throw cause;
    throw new TwinlensError('NOT_FOUND', `${path} can't be read; check the catalogue.`, { cause });
  });
  const found = await hashFile(into);
  if (found !== sha256)
    throw new TwinlensError('INVALID_ARGUMENT', `${path} has sha256 ${found}, but ${sha256} is listed.`);
}
