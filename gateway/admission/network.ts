/**
 * Whom an address stands for when failures are counted: itself over IPv4; over IPv6 the network of 64 bits that it is
 * from, since every customer and most single machines have all addresses of one. Knows no proxy.
 */
import { isIPv6 } from 'node:net';
import { plainAddress } from './loopback.ts';

const GROUPS = 8;
const OF_NETWORK = 4;

const groupsOf = (text: string): string[] => (text === '' ? [] : text.split(':'));

export function networkOf(address: string): string {
  const plain = plainAddress(address);
  if (!isIPv6(plain)) return plain;
  const [numbers = '', zone] = plain.split('%');
  const [before = '', after] = numbers.split('::');
  const first = groupsOf(before);
  // What `::` stands for; the groups behind it matter only where it is short. A dotted end is two groups.
  const last = groupsOf(after ?? '').flatMap((group) => (group.includes('.') ? ['0', '0'] : [group]));
  const zeros = Array.from({ length: Math.max(0, GROUPS - first.length - last.length) }, () => '0');
  const network = [...first, ...zeros, ...last]
    .slice(0, OF_NETWORK)
    .map((group) => Number.parseInt(group, 16).toString(16));
  return `${network.join(':')}::/64${zone === undefined ? '' : `%${zone}`}`;
}
