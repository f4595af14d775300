/** The face of admission: who may come in, and the way of a request that did. */
export { ADMIN_HEADER, AdminGate, type AdminGateOptions, type AdminRequest } from './admin-gate.ts';
export type { Rate } from './bucket.ts';
export { type Arrival, type Caller, callerOf } from './caller.ts';
export { type Client, ClientGate, type ClientGateOptions } from './client-gate.ts';
export { DRAIN_RETRY_AFTER_MS, FULL_RETRY_AFTER_MS, Gate, type Ticket } from './gate.ts';
export { type Asked, Intake } from './intake.ts';
export { isLoopbackHost } from './loopback.ts';
export { type OriginPolicy, originPolicy } from './origin.ts';
export { type NamedToken, type Owner, TokenBook } from './token-book.ts';
