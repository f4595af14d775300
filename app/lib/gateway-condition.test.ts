import { expect, test } from 'vitest';
import type { ConnectionState } from '../../client/index.ts';
import type { GatewayCondition } from '../../core/routing.ts';
import { gatewayCondition } from './gateway-condition.ts';

const connecting: GatewayCondition = { state: 'connecting' };
const gone: GatewayCondition = { state: 'unreachable', reason: 'Nobody answers.' };

test('while it is dialled again a gateway stays unreachable until it is really open', () => {
  expect(gatewayCondition({ state: 'connecting', attempt: 2 }, gone)).toEqual(gone);
  expect(gatewayCondition({ state: 'connecting', attempt: 1 }, gone)).toEqual(connecting);
  expect(gatewayCondition({ state: 'connecting', attempt: 2 }, connecting)).toEqual(connecting);
});

test.each<[ConnectionState, GatewayCondition]>([
  [{ state: 'idle' }, connecting],
  [
    { state: 'waiting', attempt: 2, retryInMs: 100, reason: 'It was cut.' },
    { state: 'unreachable', reason: 'It was cut.' },
  ],
  [{ state: 'closed' }, { state: 'unreachable', reason: 'The page is not connected to it.' }],
])('%o is for the router %o', (state, condition) => {
  expect(gatewayCondition(state, gone)).toEqual(condition);
});
