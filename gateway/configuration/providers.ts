/** The order in which execution providers are tried, read from parts that name some already. */
import { type GatewayProvider, isGatewayProvider } from '../../core/engine.ts';

export interface ProviderOrder {
  readonly order: readonly GatewayProvider[];
  /** The one that is wanted, where the operator said so: any other is a makeshift. */
  readonly wanted: GatewayProvider | undefined;
}

/** For those who want no more than that it works. */
const AUTO: ProviderOrder = { order: ['cuda', 'cpu'], wanted: undefined };

/** The order, or what is wrong with it in words. */
export function readProviders(parts: readonly string[]): ProviderOrder | string {
  if (parts.length === 1 && parts[0] === 'auto') return AUTO;
  const order = parts.filter(isGatewayProvider);
  const [wanted] = order;
  if (wanted === undefined || order.length < parts.length) return 'must be auto alone, or providers without auto';
  if (new Set(order).size < order.length) return 'must name each provider once';
  return { order, wanted };
}
