/** Where the admin API is. */

export const ADMIN = '/v1/admin';

/** Who did it, in the journal and the log: there is one token. */
export const ACTOR = 'admin';

/** Whether the path of a request belongs to the admin API, also when it is written with escapes. */
export function isAdmin(url: string): boolean {
  const path = url.split('?', 1)[0] ?? '';
  try {
    return /^\/v1\/admin(?:\/|$)/.test(decodeURIComponent(path));
  } catch {
    return false; // no route has such a path
  }
}
