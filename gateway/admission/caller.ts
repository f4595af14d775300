/**
 * From where a request comes. What a proxy says in `X-Forwarded-For` and `X-Forwarded-Proto` counts only when the
 * operator trusts that proxy: anybody can send such a header. Pure.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { plainAddress } from './loopback.ts';

export interface Caller {
  /** Of the client: the peer of the connection, or whom trusted proxies name. */
  readonly address: string;
  /** The peer of the connection is a trusted proxy. */
  readonly proxied: boolean;
  /** The client's own connection is encrypted. */
  readonly secure: boolean;
}

export interface Arrival {
  /** Address of the peer of the connection; empty when it is gone. */
  readonly peer: string;
  /** The connection is encrypted. */
  readonly encrypted: boolean;
  readonly headers: IncomingHttpHeaders;
}

/** Hops that are looked at; nobody has longer ways, and the header may be long. */
const MAX_HOPS = 32;

export function callerOf({ peer, encrypted, headers }: Arrival, trusted: (address: string) => boolean): Caller {
  const nearest = plainAddress(peer);
  if (!trusted(nearest)) return { address: nearest, proxied: false, secure: encrypted };
  return {
    address: farthest(nearest, listed(headers['x-forwarded-for']), trusted),
    proxied: true,
    // The last one is that of the proxy next to us; those before it may be the client's invention.
    secure: listed(headers['x-forwarded-proto']).at(-1)?.toLowerCase() === 'https',
  };
}

/** Goes back hop by hop as long as the one that names the next is trusted. */
function farthest(nearest: string, hops: readonly string[], trusted: (address: string) => boolean): string {
  let address = nearest;
  for (const hop of hops.slice(-MAX_HOPS).reverse()) {
    const named = withoutPort(hop);
    // Whoever writes no address is not followed any further.
    if (isIP(named) === 0) break;
    address = plainAddress(named);
    if (!trusted(address)) break;
  }
  return address;
}

function listed(header: string | string[] | undefined): string[] {
  const text = Array.isArray(header) ? header.join(',') : (header ?? '');
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** Some proxies write `203.0.113.9:51234` and `[2001:db8::1]:51234`. */
function withoutPort(hop: string): string {
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(hop)?.[1];
  if (bracketed !== undefined) return bracketed;
  return /^(\d[\d.]*):\d+$/.exec(hop)?.[1] ?? hop;
}
