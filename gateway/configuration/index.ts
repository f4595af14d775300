/** The gateway's configuration: what can be set, and what was. */
export { type Configuration, parseConfiguration, type Secret } from './configuration.ts';
