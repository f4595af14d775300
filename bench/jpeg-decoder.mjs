/** JPEGs by core's own decoder, whole or at a part of their size, from the compiled gateway. */
// @ts-check
import { compiled } from './models.mjs';

/** The gateway has to be built by then. */
export async function loadJpegDecoder() {
  /** @type {typeof import('../core/plain-jpeg.ts')} */
  const { decodePlainJpeg, openPlainJpeg, plainJpegHeader } = await compiled('core/plain-jpeg');
  /**
   * Undefined: the file is no plain JPEG.
   * @param {Buffer} file @param {import('../core/sizes.ts').Eighths} eighths of its size
   */
  return (file, eighths = 8) => {
    const header = plainJpegHeader(file);
    const opened = header && openPlainJpeg(file, header);
    return opened && decodePlainJpeg({ ...opened, eighths });
  };
}
