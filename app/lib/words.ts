/** Everything the page says that depends on a value: numbers with their units, names, problems with what to do next. Pure. */
import type { Provider } from '../../core/engine.ts';
import type { ErrorCode } from '../../core/errors.ts';
import type { RoutingMode } from '../../core/routing.ts';
import type { EngineName } from './answer.ts';
import type { CameraProblem } from './camera.ts';
import type { ModelId } from './model.ts';
import type { UpdateState } from './model-updates.ts';

/** A probability as people read it; never "100 %" or "0 %" for what is neither. */
export function percent(score: number): string {
  const value = score * 100;
  if (value >= 99.5 && value < 100) return '>99\u2009%';
  if (value > 0 && value < 0.1) return '<0.1\u2009%';
  return `${value < 10 ? value.toFixed(1) : Math.round(value)}\u2009%`;
}

export function milliseconds(value: number): string {
  if (value >= 1000) return `${(value / 1000).toFixed(1)}\u2009s`;
  return `${value < 10 ? value.toFixed(1) : Math.round(value)}\u2009ms`;
}

/** In units of 10^6 and 10^9 bytes, as model pages give them. */
export function bytes(value: number): string {
  if (value > 0 && value < 1e5) return value < 1000 ? `${value}\u2009B` : `${Math.round(value / 1000)}\u2009kB`;
  return value < 1e9 ? `${(value / 1e6).toFixed(1)}\u2009MB` : `${(value / 1e9).toFixed(1)}\u2009GB`;
}

const UNITS = [
  { unit: 'day', ms: 86_400_000 },
  { unit: 'hour', ms: 3_600_000 },
  { unit: 'minute', ms: 60_000 },
  { unit: 'second', ms: 1000 },
] as const;
const RELATIVE = new Intl.RelativeTimeFormat('en', { numeric: 'always', style: 'short' });

/** A time as seen from `now`, both milliseconds since 1970: "12 sec. ago", "in 3 hr.", "just now". */
export function ago(at: number, now: number): string {
  const distance = at - now;
  const size = Math.abs(distance);
  if (size < 2000) return distance > 0 ? 'in a moment' : 'just now';
  const { unit, ms } = UNITS.find((entry) => size >= entry.ms) ?? UNITS[3];
  return RELATIVE.format(Math.trunc(distance / ms), unit).replace(/(sec|min|hr)\./, '$1');
}

/** A time that lies back, as day and hour of the visitor's own. */
export function moment(at: number, now: number): string {
  const date = new Date(at);
  const time = date.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' });
  if (new Date(now).toDateString() === date.toDateString()) return time;
  return `${date.toLocaleDateString([], { day: 'numeric', month: 'short' })}, ${time}`;
}

export function count(value: number): string {
  return value.toLocaleString('en').replaceAll(',', '\u2009');
}

const PROVIDERS: Readonly<Record<Provider, string>> = {
  webgpu: 'WebGPU',
  wasm: 'WebAssembly',
  cpu: 'CPU',
  cuda: 'CUDA',
  tensorrt: 'TensorRT',
};

export function providerName(provider: string): string {
  return Object.hasOwn(PROVIDERS, provider) ? PROVIDERS[provider as Provider] : provider;
}

export function engineTitle(engine: EngineName): string {
  return engine === 'device' ? 'Device' : 'Gateway';
}

/** Why another engine than the chosen one answered this picture. */
export function fellOverWords(fellOver: { readonly from: EngineName; readonly reason: string }): string {
  const who = fellOver.from === 'device' ? 'This device' : 'The gateway';
  return `${who} did not answer this one: ${fellOver.reason}`;
}

/** Why a kept answer is shown: nobody was asked for it now. */
export function keptWords(engine: EngineName): string {
  const who = engine === 'device' ? 'this device' : 'the gateway';
  return `This browser kept what ${who} answered before.`;
}

/** How far a version is that comes in the background. */
export function updateWords(update: UpdateState): string {
  switch (update.state) {
    case 'none':
      return '';
    case 'done':
      return `Now on version ${update.target.version}`;
    case 'updating': {
      const version = `Version ${update.target.version}`;
      const { phase = 'manifest', loadedBytes = 0, totalBytes = 0 } = update.progress ?? {};
      if (phase === 'compile' || phase === 'check') return `${version}: trying it`;
      if (totalBytes === 0) return `${version} is coming`;
      return `${version}: ${(Math.min(loadedBytes, totalBytes) / 1e6).toFixed(1)} of ${bytes(totalBytes)}`;
    }
    default: {
      const never: never = update;
      return never;
    }
  }
}

/**
 * Who answered, where that is not what would answer now: the version on this device, or the one that the
 * gateway means. Undefined for an answer of today.
 */
export function outdatedWords(
  answered: { readonly model: string; readonly version: number },
  serving: ModelId | undefined,
  wanted: ModelId | undefined,
): string | undefined {
  const now = [serving, wanted].flatMap((id) => id ?? []);
  if (now.length === 0) return undefined;
  if (now.some(({ name, version }) => name === answered.model && version === answered.version)) return undefined;
  const sameModel = now.some(({ name }) => name === answered.model);
  return sameModel ? `Answered by version ${answered.version}` : `Answered by ${answered.model}`;
}

export const MODES: readonly { readonly mode: RoutingMode; readonly title: string }[] = [
  { mode: 'prefer-device', title: 'Device first' },
  { mode: 'only-device', title: 'Device only' },
  { mode: 'prefer-gateway', title: 'Gateway first' },
  { mode: 'only-gateway', title: 'Gateway only' },
];

export interface Privacy {
  readonly stays: boolean;
  readonly text: string;
}

/** Where pictures go now: `engine` is the one that is asked first. With `reporting`, numbers go even where they stay. */
export function privacy(
  mode: RoutingMode,
  engine: EngineName | 'none',
  what: 'frames' | 'photos',
  reporting: boolean,
): Privacy {
  const things = what === 'frames' ? 'Frames' : 'Photos';
  if (mode === 'only-device') return { stays: true, text: 'Nothing leaves this device' };
  if (engine === 'gateway' || mode === 'only-gateway') return { stays: false, text: `${things} go to the gateway` };
  // Those that were answered are not spoken of: the gateway may have had them.
  const coming = what === 'frames' ? 'Frames' : 'New photos';
  const how = mode === 'prefer-gateway' ? 'until the gateway is back' : 'while it can answer';
  const besides = reporting ? '; anonymous timings leave it' : '';
  return { stays: true, text: `${coming} stay on this device ${how}${besides}` };
}

export interface Words {
  readonly title: string;
  readonly text: string;
}

const CAMERA: Readonly<Record<CameraProblem, Words>> = {
  insecure: {
    title: 'The camera needs a secure address',
    text: 'Browsers open cameras only for https:// and localhost. Open this page that way, or use photos.',
  },
  unsupported: {
    title: 'This browser has no camera access',
    text: 'Open the page in a current browser, or use photos.',
  },
  'no-camera': {
    title: 'No camera found',
    text: 'Connect one and it starts by itself, or use photos.',
  },
  denied: {
    title: 'The camera is blocked',
    text: 'Allow it in the site settings beside the address, then try again. Photos work without it.',
  },
  busy: {
    title: 'The camera is busy',
    text: 'Another program or tab is using it. Close that one, then try again.',
  },
  lost: {
    title: 'The camera went away',
    text: 'It was unplugged or its permission was taken back. Connect it again or start another one.',
  },
  unknown: {
    title: 'The camera did not start',
    text: 'Try again; if it fails once more, reload the page or use photos.',
  },
};

export function cameraWords(problem: CameraProblem): Words {
  return CAMERA[problem];
}

/** A title for an error code; the error's own message says what to do. */
export function errorTitle(code: ErrorCode): string {
  switch (code) {
    case 'UNDECODABLE_IMAGE':
    case 'UNSUPPORTED_MEDIA':
      return 'Unreadable picture';
    case 'PAYLOAD_TOO_LARGE':
      return 'Too large';
    case 'CANCELLED':
      return 'Cancelled';
    case 'UNAVAILABLE':
    case 'DRAINING':
      return 'Nobody can answer now';
    case 'DEADLINE_EXCEEDED':
      return 'It took too long';
    case 'MODEL_NOT_READY':
    case 'MODEL_NOT_FOUND':
      return 'The model is not there';
    case 'QUEUE_FULL':
    case 'RATE_LIMITED':
      return 'Too much at once';
    case 'UNAUTHENTICATED':
    case 'PERMISSION_DENIED':
      return 'Not allowed';
    case 'INVALID_ARGUMENT':
    case 'NOT_FOUND':
    case 'METHOD_NOT_ALLOWED':
    case 'SUPERSEDED':
    case 'CONFLICT':
    case 'ENGINE_FAILED':
    case 'INTERNAL':
      return 'Something failed';
    default: {
      const never: never = code;
      return never;
    }
  }
}
