/** Self-signed certificates made by openssl, for tests of TLS. Nothing of them outlives the test's folder. */
import { spawnSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';

export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** Makes a certificate for localhost and 127.0.0.1 in `folder`, under `name`. */
export function makeCertificate(folder: string, name: string): CertificateFiles {
  const files = { cert: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) };
  const made = spawnSync('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
    ...['-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
    ...['-keyout', files.key, '-out', files.cert],
  ]);
  if (made.status !== 0) throw new Error(`openssl failed: ${made.error?.message ?? made.stderr.toString()}`);
  return files;
}

/** Puts one pair in the place of another. */
export function replaceCertificate(target: CertificateFiles, source: CertificateFiles): void {
  copyFileSync(source.cert, target.cert);
  copyFileSync(source.key, target.key);
}
