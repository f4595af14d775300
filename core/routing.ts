/**
 * The routing policy: which engine answers the next picture, which one may take over, and why, in
 * words for the page. A pure function of the mode and of what is known of both engines; `current`
 * keeps it from swinging between two that are about as good.
 */

export const ROUTING_MODES = ['prefer-device', 'only-device', 'prefer-gateway', 'only-gateway'] as const;
export type RoutingMode = (typeof ROUTING_MODES)[number];

export type DeviceCondition =
  | { readonly state: 'ready'; readonly medianMs?: number }
  | { readonly state: 'loading' }
  /** This device can't run the model at all, or was told not to. */
  | { readonly state: 'unavailable'; readonly reason: string }
  /** It could, but something went wrong; it may recover. */
  | { readonly state: 'failed'; readonly reason: string };

export type GatewayCondition =
  | { readonly state: 'ready'; readonly medianMs?: number }
  | { readonly state: 'connecting' }
  | { readonly state: 'unreachable'; readonly reason: string }
  | { readonly state: 'draining' };

export type RoutedEngine = 'device' | 'gateway';

export type RouteReason =
  | 'CHOSEN'
  | 'DEVICE_LOADING'
  | 'DEVICE_UNAVAILABLE'
  | 'DEVICE_FAILED'
  | 'DEVICE_SLOW'
  | 'GATEWAY_CONNECTING'
  | 'GATEWAY_UNREACHABLE'
  | 'GATEWAY_DRAINING'
  | 'NONE_READY';

export interface RoutingInput {
  readonly mode: RoutingMode;
  readonly device: DeviceCondition;
  readonly gateway: GatewayCondition;
  /** Who answered last. */
  readonly current?: RoutedEngine;
}

export interface Route {
  readonly engine: RoutedEngine | 'none';
  /** Who may take over when `engine` fails. */
  readonly fallback: RoutedEngine | 'none';
  /** Plain words for the page, to stand beside the answer also later; when no engine answers, also what to do. */
  readonly reason: string;
  readonly code: RouteReason;
}

/** Milliseconds a picture; a device slower than this is not live any more, */
const SLOW_DEVICE_MS = 1000;
/** and one that was left for it must be faster than this to be taken again. */
const SWIFT_DEVICE_MS = 800;
/** How many times faster the gateway must be before a slow device is left, */
const LEAVE_FACTOR = 3;
/** and how many times faster it must still be to stay away: the gap keeps the two from swinging. */
const STAY_FACTOR = 1.5;

interface Obstacle {
  readonly code: RouteReason;
  readonly reason: string;
  /** The words beside an answer, which stays when the obstacle is gone, where they have to be others. */
  readonly was?: string;
}

function deviceObstacle(device: DeviceCondition): Obstacle | undefined {
  switch (device.state) {
    case 'ready':
      return undefined;
    case 'loading':
      return {
        code: 'DEVICE_LOADING',
        reason: 'The model is still loading on this device',
        was: 'The model was still loading on this device',
      };
    case 'unavailable':
      return { code: 'DEVICE_UNAVAILABLE', reason: `This device can't run the model: ${device.reason}` };
    case 'failed':
      return { code: 'DEVICE_FAILED', reason: `The model failed on this device: ${device.reason}` };
    default: {
      const impossible: never = device;
      return impossible;
    }
  }
}

function gatewayObstacle(gateway: GatewayCondition): Obstacle | undefined {
  switch (gateway.state) {
    case 'ready':
      return undefined;
    case 'connecting':
      return {
        code: 'GATEWAY_CONNECTING',
        reason: 'The gateway is not connected yet',
        was: 'The gateway was not connected yet',
      };
    case 'unreachable':
      return {
        code: 'GATEWAY_UNREACHABLE',
        reason: `The gateway can't be reached: ${gateway.reason}`,
        was: `The gateway could not be reached: ${gateway.reason}`,
      };
    case 'draining':
      return {
        code: 'GATEWAY_DRAINING',
        reason: 'The gateway is restarting',
        was: 'The gateway was restarting',
      };
    default: {
      const impossible: never = gateway;
      return impossible;
    }
  }
}

/** The obstacle goes away by itself, so that waiting is the advice. */
function isPassing({ code }: Obstacle): boolean {
  return code === 'DEVICE_LOADING' || code === 'GATEWAY_CONNECTING' || code === 'GATEWAY_DRAINING';
}

const stripStop = (text: string): string => text.replace(/[.\s]+$/, '');

/** The device is so slow, and the gateway so much faster, that the preference is set aside. */
function isTooSlow(input: RoutingInput): boolean {
  const { device, gateway, current } = input;
  if (device.state !== 'ready' || gateway.state !== 'ready') return false;
  const away = current === 'gateway';
  if (device.medianMs === undefined || device.medianMs <= (away ? SWIFT_DEVICE_MS : SLOW_DEVICE_MS)) return false;
  // Without a figure the gateway is given the chance to make one.
  if (gateway.medianMs === undefined) return true;
  return device.medianMs >= gateway.medianMs * (away ? STAY_FACTOR : LEAVE_FACTOR);
}

function preferDevice(input: RoutingInput): Route {
  const device = deviceObstacle(input.device);
  const gateway = gatewayObstacle(input.gateway);
  if (!device) {
    if (isTooSlow(input)) {
      return {
        engine: 'gateway',
        fallback: 'device',
        code: 'DEVICE_SLOW',
        reason: 'This device needs about a second or more a picture, so the gateway answered.',
      };
    }
    return {
      engine: 'device',
      fallback: gateway ? 'none' : 'gateway',
      code: 'CHOSEN',
      reason: 'This device runs the model.',
    };
  }
  return gateway ? none(device, gateway) : insteadOf(device, 'gateway', 'the gateway');
}

function preferGateway(input: RoutingInput): Route {
  const device = deviceObstacle(input.device);
  const gateway = gatewayObstacle(input.gateway);
  if (!gateway)
    return {
      engine: 'gateway',
      fallback: device ? 'none' : 'device',
      code: 'CHOSEN',
      reason: 'The gateway answers, as chosen.',
    };
  return device ? none(device, gateway) : insteadOf(gateway, 'device', 'this device');
}

/** What the one preferred can't do, the other does. */
function insteadOf(obstacle: Obstacle, engine: 'device' | 'gateway', name: string): Route {
  return {
    engine,
    fallback: 'none',
    code: obstacle.code,
    reason: `${stripStop(obstacle.was ?? obstacle.reason)}, so ${name} answered.`,
  };
}

function none(device: Obstacle, gateway: Obstacle): Route {
  const advice =
    isPassing(device) || isPassing(gateway)
      ? 'One moment.'
      : 'Check the connection, or reload the page to try this device again.';
  return {
    engine: 'none',
    fallback: 'none',
    code: 'NONE_READY',
    reason: `${stripStop(device.reason)}. ${stripStop(gateway.reason)}. ${advice}`,
  };
}

function only(engine: RoutedEngine, obstacle: Obstacle | undefined): Route {
  if (!obstacle) {
    const reason =
      engine === 'device' ? 'Only this device is used, as chosen.' : 'Only the gateway is used, as chosen.';
    return { engine, fallback: 'none', code: 'CHOSEN', reason };
  }
  const other = engine === 'device' ? 'the gateway' : 'this device';
  const advice = isPassing(obstacle) ? 'One moment.' : `Choose a mode that allows ${other}, or try again.`;
  return { engine: 'none', fallback: 'none', code: obstacle.code, reason: `${stripStop(obstacle.reason)}. ${advice}` };
}

export function route(input: RoutingInput): Route {
  switch (input.mode) {
    case 'prefer-device':
      return preferDevice(input);
    case 'only-device':
      return only('device', deviceObstacle(input.device));
    case 'prefer-gateway':
      return preferGateway(input);
    case 'only-gateway':
      return only('gateway', gatewayObstacle(input.gateway));
    default: {
      const impossible: never = input.mode;
      return impossible;
    }
  }
}

/** A mode from stored or typed text. */
export function parseRoutingMode(value: unknown): RoutingMode | undefined {
  return ROUTING_MODES.find((mode) => mode === value);
}
