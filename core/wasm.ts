/** Our own WebAssembly modules (core/*kernel-bytes.ts): how one is started, and that a thread has one of each. */

/** Bytes of a page of WebAssembly's memory. */
export const PAGE = 2 ** 16;

export interface Started {
  readonly memory: WebAssembly.Memory;
  /** As the module's source says; kernel-bytes.test.ts compiles it again. */
  readonly exports: Record<string, unknown>;
}

/**
 * The module with a memory of its own. Undefined where the platform can't run it: it has no WebAssembly or no SIMD.
 * Throws where there is no room for the memory, or a policy forbids it.
 * @param least @param most bytes of the memory, whole pages
 */
export function startModule(base64: string, least: number, most: number): Started | undefined {
  if (typeof WebAssembly === 'undefined') return undefined;
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  if (!WebAssembly.validate(bytes)) return undefined;
  const memory = new WebAssembly.Memory({ initial: least / PAGE, maximum: most / PAGE });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  return { memory, exports };
}

/** One of `make` for this thread, made when it is first asked for. Whatever fails, fails for good: there is another way. */
export function onePerThread<T>(make: () => T | undefined): () => T | undefined {
  let made: { readonly one: T | undefined } | undefined;
  return () => {
    if (made) return made.one;
    try {
      made = { one: make() };
    } catch {
      made = { one: undefined };
    }
    return made.one;
  };
}
