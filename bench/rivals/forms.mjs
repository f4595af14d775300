/** How a server wants a picture in the body of a request. */
// @ts-check

/**
 * `multipart`: a form with one file; `v2-bytes`: Open Inference Protocol with its binary extension, one tensor of bytes.
 * @typedef {'plain' | 'multipart' | 'v2-bytes'} Form
 */
/** @typedef {{type: string, parts: Buffer[], more: Record<string, string>}} Framed parts of the body, in order */

const BOUNDARY = 'twinlens-benchmark-boundary';
const FILE = 'content-disposition: form-data; name="images"; filename="photo.jpg"\r\ncontent-type: image/jpeg';
const OPENING = Buffer.from(`--${BOUNDARY}\r\n${FILE}\r\n\r\n`);
const CLOSING = Buffer.from(`\r\n--${BOUNDARY}--\r\n`);

/** @param {Form} form @param {Buffer} picture @returns {Framed} */
export function frame(form, picture) {
  switch (form) {
    case 'plain':
      return { type: 'image/jpeg', parts: [picture], more: {} };
    case 'multipart':
      return {
        type: `multipart/form-data; boundary=${BOUNDARY}`,
        parts: [OPENING, picture, CLOSING],
        more: { accept: 'application/json' },
      };
    case 'v2-bytes': {
      const size = { binary_data_size: picture.length + 4 };
      const input = { name: 'image', shape: [1, 1], datatype: 'BYTES', parameters: size };
      const output = { name: 'logits', parameters: { binary_data: true } };
      const header = Buffer.from(JSON.stringify({ inputs: [input], outputs: [output] }));
      const length = Buffer.alloc(4);
      length.writeUInt32LE(picture.length);
      const more = { 'inference-header-content-length': String(header.length) };
      return { type: 'application/octet-stream', parts: [header, length, picture], more };
    }
  }
}
