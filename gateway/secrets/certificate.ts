/**
 * The gateway's TLS certificate and its key, from two files that may change. Guarantees that what it gives fits
 * together: a pair that doesn't is refused at the start, and later leaves the one before it in force.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { asTwinlensError, TwinlensError } from '../../core/errors.ts';
import { FileWatch, type FileWatchOptions } from './file-watch.ts';

/** What a server takes. */
export interface TlsContext {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly minVersion: 'TLSv1.2';
}

export interface CertificateOptions extends Pick<FileWatchOptions, 'everyMs' | 'after' | 'log'> {
  /** Paths. */
  readonly files: { readonly cert: string; readonly key: string };
  /** Milliseconds since 1970. */
  readonly today: () => number;
}

export class Certificate {
  readonly #watch: FileWatch;
  readonly #listeners = new Set<(current: TlsContext) => void>();
  #current: TlsContext | undefined;

  /** Throws INVALID_ARGUMENT when the files can't be read or don't fit together. */
  constructor({ files, today, ...options }: CertificateOptions) {
    const take = ([cert, key]: readonly Buffer[]) => {
      if (cert === undefined || key === undefined) throw new TwinlensError('INTERNAL', 'two files were to be read.');
      const context = { cert, key, minVersion: 'TLSv1.2' } as const;
      const end = checkPair(context);
      if (end.getTime() < today()) {
        options.log.warn(
          { event_type: 'certificate_expired', until: end.toISOString() },
          'the certificate has expired',
        );
      }
      this.#current = context;
      for (const listener of this.#listeners) listener(context);
    };
    this.#watch = new FileWatch({ ...options, what: 'certificate', paths: [files.cert, files.key], take });
  }

  get current(): TlsContext {
    if (this.#current === undefined) throw new TwinlensError('INTERNAL', 'The certificate was not read.');
    return this.#current;
  }

  /** Calls `listener` whenever another pair was taken. */
  onChange(listener: (current: TlsContext) => void): void {
    this.#listeners.add(listener);
  }

  close(): void {
    this.#watch.close();
  }
}

/** Until when the certificate holds. */
function checkPair(context: TlsContext): Date {
  const certificate = read('the certificate is not PEM', () => new X509Certificate(context.cert));
  const key = read('the key is not PEM, or is encrypted', () => createPrivateKey(context.key));
  if (!certificate.checkPrivateKey(key)) {
    throw new TwinlensError('INVALID_ARGUMENT', 'the key does not belong to the certificate.');
  }
  read('the certificate can’t be used', () => createSecureContext(context));
  return new Date(certificate.validTo);
}

function read<T>(what: string, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    throw new TwinlensError('INVALID_ARGUMENT', `${what}: ${asTwinlensError(cause).message}.`, { cause });
  }
}
