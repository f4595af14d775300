/** What never reaches the log: credentials, by the name of their field and by what they look like in a text. */

const NAMES = new Set([
  'authorization',
  'cookie',
  'set-cookie',
  'proxy-authorization',
  'x-api-key',
  'token',
  'adminToken',
  'mlflowToken',
  'password',
  'secret',
]);

const HIDDEN = '[hidden]';

/** For pino, whose children's own fields don't pass `withoutSecrets`. */
export const redaction = { paths: [...NAMES].map((name) => `["${name}"]`), censor: HIDDEN };

/** Levels of fields in fields that are looked through. */
const DEPTH = 4;

/**
 * The fields of a line without credentials; itself where it has none. Why not by paths with `*` in pino's own redaction:
 * every line passes here, and so its log took 96 µs of a request; now it takes 15.
 */
export function withoutSecrets<T extends object>(fields: T, depth = DEPTH): T {
  let clean: T | undefined;
  for (const [name, value] of Object.entries(fields)) {
    const shown = NAMES.has(name) ? HIDDEN : isNested(value) && depth > 1 ? withoutSecrets(value, depth - 1) : value;
    if (shown === value) continue;
    clean ??= Object.assign(Array.isArray(fields) ? [] : {}, fields);
    Object.assign(clean, { [name]: shown });
  }
  return clean ?? fields;
}

/** Errors become fields later, and bytes have none. */
function isNested(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !(value instanceof Error) && !ArrayBuffer.isView(value);
}

/** A scheme and its credentials as in Authorization headers, or user and password in an address. */
const CREDENTIALS = /\b(Bearer|Basic) [\w.~+/-]{8,}=*|:\/\/[^\s/@"\\]+@/gi;

/** The line without credentials that an error's text brought along. */
export function withoutCredentials(line: string): string {
  return line.replace(CREDENTIALS, (_found, scheme: string | undefined) =>
    scheme === undefined ? `://${HIDDEN}@` : `${scheme} ${HIDDEN}`,
  );
}
