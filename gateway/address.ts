/** Where the gateway listens, in words: the address that one can open, and why there is none. */
import type { AddressInfo } from 'node:net';
import { asTwinlensError } from '../core/errors.ts';
import type { Configuration } from './configuration/index.ts';

export function addressOf(address: AddressInfo | string | null, host: string, scheme: 'http' | 'https'): string {
  if (address === null || typeof address === 'string') return String(address);
  // 0.0.0.0 and :: are no addresses that one can open.
  const shown = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `${scheme}://${shown}:${address.port}`;
}

/** What to do about it. */
export function startFailure(error: unknown, { host, port }: Pick<Configuration, 'host' | 'port'>): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} of ${host} is in use. End what uses it, or take another: TWINLENS_PORT=${port + 1} npm start`;
    case 'EACCES':
      return `Port ${port} of ${host} may not be used by this user. Take one above 1023: TWINLENS_PORT=8080 npm start`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `This machine has no address ${host}. Set TWINLENS_HOST to one of its own, or to 0.0.0.0 for all.`;
    default:
      return asTwinlensError(error).message;
  }
}
