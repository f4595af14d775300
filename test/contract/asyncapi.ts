/** Makes the AsyncAPI 3.0 document of the WebSocket protocol from the schemas of core. */
import { z } from 'zod';
import { ERROR_TABLE } from '../../core/errors.ts';
import { MAX_HEADER_BYTES } from '../../core/frame.ts';
import { SCHEMAS, STREAM_PATH, SUBPROTOCOL } from '../../core/protocol.ts';
import { TOKEN_PROTOCOL_PREFIX } from '../../core/token-protocol.ts';

const SUMMARIES: Readonly<Record<string, string>> = {
  classify: 'Classify one image. Binary: u32 little-endian header length, this message as JSON (UTF-8), the image.',
  cancel: 'The answer of a request is not wanted any more.',
  subscribe: 'Ask for lifecycle events of models; an empty list means all.',
  ping: 'Measure the round trip.',
  welcome: 'First message of every connection: the limits and the models.',
  result: 'The answer to a classify.',
  error: 'A request, or without id the connection, failed.',
  model: 'A version became available, a label moved, or a version was retired.',
  goodbye: 'The gateway shuts down; come back after retryAfterMs milliseconds.',
  pong: 'The answer to a ping.',
};

type Json = { [key: string]: unknown };

/** One JSON Schema a message, by its type. */
function messagesOf(schema: typeof SCHEMAS.clientMessage | typeof SCHEMAS.gatewayMessage): [string, Json][] {
  return schema.def.options.map((option) => {
    const { $schema, ...payload } = z.toJSONSchema(option, {
      target: 'draft-7',
      // What a sender may write: unknown members stay allowed in what the gateway sends.
      io: 'input',
      unrepresentable: 'any',
      override: ({ zodSchema, jsonSchema }) => {
        // The only custom schema of the protocol is the error code.
        if (zodSchema._zod.def.type === 'custom') jsonSchema.enum = Object.keys(ERROR_TABLE);
      },
    });
    const name = option.shape.type.def.values[0] ?? '';
    const binary = name === 'classify';
    return [
      name,
      {
        name,
        summary: SUMMARIES[name] ?? '',
        contentType: binary ? 'application/octet-stream' : 'application/json',
        payload,
      },
    ];
  });
}

export function asyncApi(version: string): Json {
  const inward = messagesOf(SCHEMAS.clientMessage);
  const outward = messagesOf(SCHEMAS.gatewayMessage);
  const names = (messages: [string, Json][], path: string) =>
    messages.map(([name]) => ({ $ref: `#/${path}/messages/${name}` }));
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Twinlens stream',
      version,
      description: `The WebSocket protocol ${SUBPROTOCOL}. docs/protocol.md tells its rules. A frame header has at most ${MAX_HEADER_BYTES} bytes.`,
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    defaultContentType: 'application/json',
    servers: { local: { host: 'localhost:8080', protocol: 'ws' } },
    channels: {
      stream: {
        address: STREAM_PATH,
        messages: Object.fromEntries(
          [...inward, ...outward].map(([name]) => [name, { $ref: `#/components/messages/${name}` }]),
        ),
        bindings: {
          ws: {
            bindingVersion: '0.1.0',
            method: 'GET',
            headers: {
              type: 'object',
              properties: {
                'Sec-WebSocket-Protocol': {
                  type: 'string',
                  // Others may be offered beside it.
                  pattern: `(^|,)\\s*${SUBPROTOCOL.replace('.', '\\.')}\\s*(,|$)`,
                  description: `${SUBPROTOCOL}; browsers add ${TOKEN_PROTOCOL_PREFIX}<base64url of the token> where a token is asked for.`,
                },
                Authorization: { type: 'string', pattern: '^Bearer ', description: 'Where a token is asked for.' },
              },
              required: ['Sec-WebSocket-Protocol'],
            },
          },
        },
      },
    },
    operations: {
      fromClient: {
        action: 'receive',
        summary: 'What clients send. Read strictly: an unknown member is an error.',
        channel: { $ref: '#/channels/stream' },
        messages: names(inward, 'channels/stream'),
      },
      toClient: {
        action: 'send',
        summary: 'What the gateway sends. Ignore members and types that you do not know.',
        channel: { $ref: '#/channels/stream' },
        messages: names(outward, 'channels/stream'),
      },
    },
    components: { messages: Object.fromEntries([...inward, ...outward]) },
  };
}
