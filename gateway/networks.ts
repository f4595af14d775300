/** Addresses and networks as an operator writes them: `10.0.0.5`, `10.0.0.0/8`, `fd00::/8`. */
import { BlockList, isIP } from 'node:net';

export interface Network {
  readonly address: string;
  /** Leading bits that an address must share. */
  readonly prefix: number;
  readonly family: 'ipv4' | 'ipv6';
}

/** Undefined for what is neither. */
export function parseNetwork(text: string): Network | undefined {
  const [address = '', bits, more] = text.split('/');
  const version = isIP(address);
  if (version === 0 || more !== undefined || address.includes('%')) return undefined;
  const most = version === 4 ? 32 : 128;
  const prefix = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN;
  if (!(prefix <= most)) return undefined;
  return { address, prefix, family: version === 4 ? 'ipv4' : 'ipv6' };
}

/** Tells which addresses are in one of `networks`; what `parseNetwork` does not know is in none. */
export function inNetworks(networks: readonly string[]): (address: string) => boolean {
  if (networks.length === 0) return () => false;
  const list = new BlockList();
  for (const text of networks) {
    const network = parseNetwork(text);
    if (network) list.addSubnet(network.address, network.prefix, network.family);
  }
  return (address) => {
    const version = isIP(address);
    if (version === 0 || address.includes('%')) return false;
    return list.check(address, version === 4 ? 'ipv4' : 'ipv6');
  };
}
