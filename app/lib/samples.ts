/** The sample photos that come with the page: `/samples/samples.json`. */
import { TwinlensError } from '../../core/errors.ts';

export interface Sample {
  readonly file: string;
  readonly title: string;
  readonly alt: string;
}

const FOLDER = '/samples';

export function sampleUrl(sample: Sample): string {
  return `${FOLDER}/${sample.file}`;
}

/** Reads the list; entries that are not well-formed are left out. */
function parseSamples(value: unknown): readonly Sample[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((entry: unknown) => {
    if (typeof entry !== 'object' || entry === null) return [];
    if (!('file' in entry) || !('title' in entry) || !('alt' in entry)) return [];
    const { file, title, alt } = entry;
    if (typeof file !== 'string' || !/^[\w-]+\.\w+$/.test(file)) return [];
    return typeof title === 'string' && typeof alt === 'string' ? [{ file, title, alt }] : [];
  });
}

/** The list, or an empty one where the page came without samples. */
export async function fetchSamples(): Promise<readonly Sample[]> {
  try {
    const response = await fetch(`${FOLDER}/samples.json`);
    return response.ok ? parseSamples(await response.json()) : [];
  } catch {
    return []; // Offline before the first visit was complete: there are simply none to offer.
  }
}

export async function fetchSample(sample: Sample): Promise<Blob> {
  const response = await fetch(sampleUrl(sample));
  if (!response.ok) throw new TwinlensError('NOT_FOUND', 'The sample photo is not there; reload the page.');
  return response.blob();
}
