/**
 * Where bytes are kept on this device: OPFS, else IndexedDB, else memory. Keys are plain file names.
 * A shelf promises nothing about the bytes; `store.ts` verifies them.
 */
import { asTwinlensError } from '../core/errors.ts';

export interface Shelf {
  readonly kind: 'opfs' | 'indexeddb' | 'memory';
  read(key: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Rejects with QuotaExceededError when there is no room. */
  write(key: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  remove(key: string): Promise<void>;
  keys(): Promise<readonly string[]>;
}

const NAME = 'twinlens-models';

/** The part of FileSystemSyncAccessHandle that is used; TypeScript's DOM library leaves it out. */
interface SyncHandle {
  truncate(size: number): void;
  write(bytes: Uint8Array<ArrayBuffer>, options: { at: number }): number;
  flush(): void;
  close(): void;
}
type WithSyncHandle = FileSystemFileHandle & { createSyncAccessHandle(): Promise<SyncHandle> };

const canSync = (file: FileSystemFileHandle): file is WithSyncHandle => 'createSyncAccessHandle' in file;

const isMissing = (error: unknown): boolean => error instanceof DOMException && error.name === 'NotFoundError';

async function openOpfs(): Promise<Shelf> {
  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle(NAME, { create: true });
  const probe = await folder.getFileHandle('probe', { create: true });
  if (!canSync(probe)) throw new Error('no synchronous access to files');
  return {
    kind: 'opfs',
    async read(key) {
      try {
        const file = await (await folder.getFileHandle(key)).getFile();
        return new Uint8Array(await file.arrayBuffer());
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },
    async write(key, bytes) {
      const file = await folder.getFileHandle(key, { create: true });
      if (!canSync(file)) throw new Error('no synchronous access to files');
      const handle = await file.createSyncAccessHandle();
      try {
        handle.truncate(0);
        const written = handle.write(bytes, { at: 0 });
        if (written !== bytes.length) throw new DOMException('The file is cut short.', 'QuotaExceededError');
        handle.flush();
      } finally {
        handle.close();
      }
    },
    async remove(key) {
      try {
        await folder.removeEntry(key);
      } catch (error) {
        if (!isMissing(error)) throw error;
      }
    },
    async keys() {
      const found: string[] = [];
      for await (const [key] of folder.entries()) found.push(key);
      return found;
    },
  };
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('IndexedDB failed'));
  });
}

async function openIndexedDb(): Promise<Shelf> {
  const opening = indexedDB.open(NAME, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore('files');
  const database = await settled(opening);
  const files = (mode: IDBTransactionMode) => database.transaction('files', mode).objectStore('files');
  return {
    kind: 'indexeddb',
    async read(key) {
      const blob: unknown = await settled(files('readonly').get(key));
      return blob instanceof Blob ? new Uint8Array(await blob.arrayBuffer()) : undefined;
    },
    async write(key, bytes) {
      await settled(files('readwrite').put(new Blob([bytes]), key));
    },
    async remove(key) {
      await settled(files('readwrite').delete(key));
    },
    async keys() {
      return (await settled(files('readonly').getAllKeys())).map(String);
    },
  };
}

function memoryShelf(): Shelf {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  return {
    kind: 'memory',
    read: async (key) => files.get(key)?.slice(),
    write: async (key, bytes) => void files.set(key, bytes.slice()),
    remove: async (key) => void files.delete(key),
    keys: async () => [...files.keys()],
  };
}

/** The best shelf that works here, and why better ones don't. */
export async function openShelf(): Promise<{ shelf: Shelf; reason: string }> {
  const reasons: string[] = [];
  for (const open of [openOpfs, openIndexedDb]) {
    try {
      const shelf = await open();
      // Private windows may hand out a shelf and then refuse to use it.
      await shelf.keys();
      return { shelf, reason: reasons.join('; ') };
    } catch (error) {
      reasons.push(asTwinlensError(error).message);
    }
  }
  return { shelf: memoryShelf(), reason: reasons.join('; ') };
}
