/** The face of secrets: where the gateway's secrets and certificates come from, at the start and when they change. */
export { Certificate, type TlsContext } from './certificate.ts';
export { parseClientTokens } from './client-tokens.ts';
export { FileWatch, type FileWatchOptions } from './file-watch.ts';
export { ADMIN_TOKEN, checkSecret, locateSecret, readSecret, type SecretPlace, type SecretRules } from './secret.ts';
