/** The client SDK: everything that pages and programs may import. docs/sdk.md shows how. */
export type {
  Classification,
  ClassifyOptions,
  EncodedImage,
  ImageInput,
  Prediction,
  RawImage,
  Timings,
} from '../core/engine.ts';
export { type ErrorCode, TwinlensError } from '../core/errors.ts';
export type { Limits, ModelDetail, ModelEvent, ModelSummary } from '../core/protocol.ts';
export type { BackoffOptions } from './backoff.ts';
export { TwinlensClient, type TwinlensClientOptions } from './client.ts';
export { createGatewayEngine, type GatewayEngineOptions } from './engine.ts';
export type { ClientEvent, ConnectionState, Welcome } from './events.ts';
export { readProblem } from './http.ts';
export type { ClientClassifyOptions } from './message.ts';
export type { Clock, FetchMinimal, Platform, ResponseMinimal, SocketConstructor, SocketMinimal } from './platform.ts';
export type { TokenSource } from './token.ts';
