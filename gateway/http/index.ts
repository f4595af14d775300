/** The face of http: the HTTP half of the gateway. */
export type { Admin } from './admin.ts';
export { createHttp, type HttpOptions } from './app.ts';
export { listenForMetrics, type MetricsServer } from './metrics-server.ts';
