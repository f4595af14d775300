/** Which model stands in for which, read from `primary=fallback` parts that have this form already. */

/** The map, or what is wrong with it in words. */
export function readFallbacks(parts: readonly string[]): ReadonlyMap<string, string> | string {
  const fallbacks = new Map<string, string>();
  for (const part of parts) {
    const [primary = '', fallback = ''] = part.split('=');
    if (fallbacks.has(primary)) return `must name one fallback for ${primary}; chain them, such as a=b,b=c`;
    fallbacks.set(primary, fallback);
  }
  for (const primary of fallbacks.keys()) {
    const seen = new Set([primary]);
    for (let next = fallbacks.get(primary); next !== undefined; next = fallbacks.get(next)) {
      if (seen.has(next)) return `must not come back to ${next}, which would stand in for itself`;
      seen.add(next);
    }
  }
  return fallbacks;
}
