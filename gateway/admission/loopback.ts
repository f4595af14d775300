/** What counts as "this machine": addresses of peers and names in the header `Host`. */
import { isIPv4 } from 'node:net';

const MAPPED = /^::ffff:(?=\d)/i;

/** An IPv4 address that came over an IPv6 socket, as the IPv4 address that it is. */
export function plainAddress(address: string): string {
  return address.replace(MAPPED, '');
}

/** Whether the address of a peer is one of the loopback interface. */
export function isLoopbackAddress(address: string): boolean {
  const plain = plainAddress(address);
  return plain === '::1' || (isIPv4(plain) && plain.startsWith('127.'));
}

/**
 * Whether the header `Host` names loopback. A page of another site whose name was made to resolve to 127.0.0.1 (DNS
 * rebinding) sends its own name here.
 */
export function isLoopbackHost(host: string | undefined): boolean {
  if (host === undefined || !URL.canParse(`http://${host}/`)) return false;
  // As a URL, so that 127.1 and 0x7f.1 are what they mean, and a port or a user can't hide the name.
  const url = new URL(`http://${host}/`);
  if (url.username !== '' || url.pathname !== '/' || url.search !== '' || url.hash !== '') return false;
  const { hostname } = url;
  return hostname === 'localhost' || hostname === '[::1]' || (isIPv4(hostname) && hostname.startsWith('127.'));
}
