/** The face of http: the HTTP half of the gateway. */
export { createHttp, type HttpOptions } from './app.ts';
