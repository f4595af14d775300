/** Our engine as the page uses it, with the face that every page of the benchmark has: `window.bench`. */
import { resizeShortSide } from '../../../core/resize.ts';
import { createDeviceEngine } from '../../../workers/index.ts';

const engine = createDeviceEngine({ gatewayUrl: '' });

const bench = {
  async open(): Promise<void> {
    await engine.load('efficientnet-lite0');
  },
  async answer(photo: Blob): Promise<string> {
    const { predictions, provider } = await engine.classifyPicture(photo, { top: 5 });
    if (provider !== 'wasm') throw new Error(`The engine chose ${provider}; this benchmark compares WebAssembly.`);
    return predictions[0]?.label ?? '';
  },
  /** The photo as a frame is sent, at each of several qualities: the worker's own way, which has but one. */
  async frames(photo: Blob, shortSide: number, forms: readonly { type: string; quality: number }[]): Promise<Blob[]> {
    const bitmap = await createImageBitmap(photo);
    const full = contextOf(bitmap.width, bitmap.height);
    full.drawImage(bitmap, 0, 0);
    const { data } = full.getImageData(0, 0, bitmap.width, bitmap.height);
    const small = resizeShortSide({ data, width: bitmap.width, height: bitmap.height, channels: 4 }, shortSide);
    const target = contextOf(small.width, small.height);
    const image = target.createImageData(small.width, small.height);
    for (let from = 0, to = 0; from < small.data.length; from += 3, to += 4) {
      image.data.set([...small.data.subarray(from, from + 3), 255], to);
    }
    target.putImageData(image, 0, 0);
    return Promise.all(forms.map((form) => target.canvas.convertToBlob(form)));
  },
};

function contextOf(width: number, height: number): OffscreenCanvasRenderingContext2D {
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('This browser gave no canvas.');
  return context;
}

Reflect.set(window, 'bench', bench);
