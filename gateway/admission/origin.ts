/**
 * Which web pages may talk to the gateway. Browsers send `Origin`; programs don't, and are not held to it.
 */

export interface OriginPolicy {
  /** Origins of other sites were configured. */
  readonly open: boolean;
  /** `origin` was configured. */
  listed(origin: string): boolean;
  /** `origin` was configured or is the site that `host` (the header) names; no origin is a program. */
  allowed(origin: string | undefined, host: string | undefined): boolean;
}

export function originPolicy(origins: readonly string[]): OriginPolicy {
  const all = origins.includes('*');
  const known = new Set(origins);
  const listed = (origin: string) => all || known.has(origin);
  return {
    open: origins.length > 0,
    listed,
    allowed: (origin, host) =>
      origin === undefined ||
      listed(origin) ||
      (host !== undefined && URL.canParse(origin) && new URL(origin).host === host.toLowerCase()),
  };
}
