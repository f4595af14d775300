/** What never reaches the log: credentials, by the name of their field and by what they look like in a text. */

const NAMES = [
  'authorization',
  'cookie',
  '["set-cookie"]',
  '["proxy-authorization"]',
  '["x-api-key"]',
  'token',
  'adminToken',
  'mlflowToken',
  'password',
  'secret',
];

const HIDDEN = '[hidden]';

/** For pino: these fields, at the top and up to two levels below. */
export const redaction = {
  paths: NAMES.flatMap((name) => {
    const dotted = name.startsWith('[') ? name : `.${name}`;
    return [name, `headers${dotted}`, `*${dotted}`, `*.headers${dotted}`];
  }),
  censor: HIDDEN,
};

/** A scheme and its credentials as in Authorization headers, or user and password in an address. */
const CREDENTIALS = /\b(Bearer|Basic) [\w.~+/-]{8,}=*|:\/\/[^\s/@"\\]+@/gi;

/** The line without credentials that an error's text brought along. */
export function withoutCredentials(line: string): string {
  return line.replace(CREDENTIALS, (_found, scheme: string | undefined) =>
    scheme === undefined ? `://${HIDDEN}@` : `${scheme} ${HIDDEN}`,
  );
}
