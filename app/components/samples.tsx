/** Photos that come with the page, to try it without a camera or a file. */
// biome-ignore-all lint/performance/noImgElement: the export has no image server
import { useEffect, useState } from 'react';
import type { Runtime } from '../lib/runtime.ts';
import { fetchSample, fetchSamples, type Sample, sampleUrl } from '../lib/samples.ts';
import styles from './samples.module.css';

interface SamplesProps {
  readonly runtime: Runtime;
  readonly onChosen?: () => void;
}

export function Samples({ runtime, onChosen }: SamplesProps) {
  const [samples, setSamples] = useState<readonly Sample[]>([]);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    let mounted = true;
    void fetchSamples().then((list) => {
      if (mounted) setSamples(list);
    });
    return () => {
      mounted = false;
    };
  }, []);
  if (samples.length === 0) return null;
  const choose = async (sample: Sample) => {
    try {
      const file = await fetchSample(sample);
      setFailed(false);
      runtime.photos.add([{ name: sample.title, file }]);
      onChosen?.();
    } catch {
      setFailed(true);
    }
  };
  return (
    <section className={styles.samples} aria-label="Sample photos">
      <h2 className={styles.title}>Try one of these</h2>
      {failed && (
        <p className={styles.failed} role="alert">
          That photo can’t be fetched now. Connect to the network, or use a photo of your own.
        </p>
      )}
      <ul className={styles.list}>
        {samples.map((sample) => (
          <li key={sample.file}>
            <button
              type="button"
              className={styles.sample}
              data-testid="sample"
              data-file={sample.file}
              onClick={() => void choose(sample)}
            >
              <img src={sampleUrl(sample)} alt={sample.alt} loading="lazy" width={96} height={96} />
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
