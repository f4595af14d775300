/**
 * Headers of every answer: cross-origin isolation (threads in WebAssembly need it), the usual hardening, and
 * CORS for the configured origins only.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isLoopbackHost, type OriginPolicy } from '../admission/index.ts';
import { isAdmin } from './admin-path.ts';

/** The page takes pictures and does nothing else of this kind. */
const PERMISSIONS = [
  'camera=(self)',
  ...['microphone', 'geolocation', 'display-capture', 'payment', 'usb', 'serial', 'hid', 'midi'].map(
    (feature) => `${feature}=()`,
  ),
].join(', ');

const EVERYWHERE = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'cross-origin-resource-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
  'permissions-policy': PERMISSIONS,
  // For browsers that don't know frame-ancestors.
  'x-frame-options': 'DENY',
  // Files of the page replace it by theirs.
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
} as const;

/**
 * Of encrypted connections only: browsers then come by no others for a year. Not for localhost, because it would count for
 * whatever else this machine serves there.
 */
const HSTS = { 'strict-transport-security': 'max-age=31536000' } as const;

/** Paths of the API; everything else belongs to the page. */
function isApi(url: string): boolean {
  return /^\/(?:v1|health|metrics|openapi\.json)(?:[/?]|$)/.test(url);
}

export interface HeaderRules {
  readonly origins: OriginPolicy;
  /** The client's own connection is encrypted. */
  readonly secure: boolean;
}

export function setHeaders(request: FastifyRequest, reply: FastifyReply, { origins, secure }: HeaderRules): void {
  const strict = secure && !isLoopbackHost(request.headers.host);
  reply.headers({ ...EVERYWHERE, ...(strict ? HSTS : {}), 'x-request-id': request.id });
  if (!isApi(request.url)) return;
  reply.header('cache-control', 'no-store');
  // The admin API is for no other site, whatever is configured.
  if (!origins.open || isAdmin(request.url)) return;
  reply.headers({ 'cross-origin-resource-policy': 'cross-origin', vary: 'origin' });
  const { origin } = request.headers;
  if (origin === undefined || !origins.listed(origin)) return;
  reply.headers({
    'access-control-allow-origin': origin,
    'access-control-expose-headers':
      'x-request-id, traceresponse, retry-after, www-authenticate, etag, content-range, accept-ranges',
  });
}

/** Whether the request is a preflight that may be answered with a yes; sets that answer's headers. */
export function allowPreflight(request: FastifyRequest, reply: FastifyReply, origins: OriginPolicy): boolean {
  const { origin, 'access-control-request-method': wanted } = request.headers;
  if (request.method !== 'OPTIONS' || wanted === undefined || !isApi(request.url) || isAdmin(request.url)) {
    return false;
  }
  if (origin === undefined || !origins.listed(origin)) return false;
  reply.headers({
    'access-control-allow-methods': 'GET, HEAD, POST',
    'access-control-allow-headers':
      'authorization, content-type, range, if-none-match, if-range, x-request-id, traceparent, tracestate',
    'access-control-max-age': '600',
  });
  return true;
}
