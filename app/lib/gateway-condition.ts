/** The gateway's connection as the router sees it. Pure. */
import type { ConnectionState } from '../../client/index.ts';
import type { GatewayCondition } from '../../core/routing.ts';

/** @param before the condition until now */
export function gatewayCondition(state: ConnectionState, before: GatewayCondition): GatewayCondition {
  switch (state.state) {
    case 'open':
      return { state: 'ready' };
    case 'idle':
      return { state: 'connecting' };
    case 'connecting':
      // After a failed attempt it stays unreachable until it is really open.
      return before.state === 'unreachable' && state.attempt > 1 ? before : { state: 'connecting' };
    case 'waiting':
      return { state: 'unreachable', reason: state.reason };
    case 'closed':
      return { state: 'unreachable', reason: state.error?.message ?? 'The page is not connected to it.' };
    default: {
      const never: never = state;
      return never;
    }
  }
}
