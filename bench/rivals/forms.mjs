/** How a server wants a picture in the body of a request. */
// @ts-check

/** @typedef {'plain' | 'v2-bytes'} Form `v2-bytes`: Open Inference Protocol with its binary extension, one tensor of bytes */

const NOTHING = Buffer.alloc(0);

/** @param {Form} form @param {Buffer} picture @returns {{type: string, before: Buffer, body: Buffer, more: Record<string, string>}} */
export function frame(form, picture) {
  switch (form) {
    case 'plain':
      return { type: 'image/jpeg', before: NOTHING, body: picture, more: {} };
    case 'v2-bytes': {
      const size = { binary_data_size: picture.length + 4 };
      const input = { name: 'image', shape: [1, 1], datatype: 'BYTES', parameters: size };
      const output = { name: 'logits', parameters: { binary_data: true } };
      const header = Buffer.from(JSON.stringify({ inputs: [input], outputs: [output] }));
      const length = Buffer.alloc(4);
      length.writeUInt32LE(picture.length);
      const more = { 'inference-header-content-length': String(header.length) };
      return { type: 'application/octet-stream', before: Buffer.concat([header, length]), body: picture, more };
    }
  }
}
