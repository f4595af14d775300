/** Pictures and files that the tests send. */
import { readFileSync } from 'node:fs';

const file = (path: string) => new Uint8Array(readFileSync(new URL(`../../${path}`, import.meta.url)));

/** A fixture of test/fixtures/images. */
export const fixture = (name: string): Uint8Array<ArrayBuffer> => file(`test/fixtures/images/${name}`);

/** A picture that the model knows: an analog clock, JPEG. */
export const clock = (): Uint8Array<ArrayBuffer> => file('public/samples/clock.jpg');
