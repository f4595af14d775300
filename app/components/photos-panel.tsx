/** The stage of the photos: the selected one with what the model sees of it, or the place to drop some. */
// biome-ignore-all lint/performance/noImgElement: the export has no image server
import { useState } from 'react';
import type { Photo } from '../lib/photos.ts';
import type { Runtime } from '../lib/runtime.ts';
import { CropMarks } from './crop-marks.tsx';
import { PhotosIcon } from './icons.tsx';
import styles from './photos-panel.module.css';
import { useStore } from './use-store.ts';

interface PhotosPanelProps {
  readonly runtime: Runtime | undefined;
  readonly hidden: boolean;
  readonly onChoose: () => void;
}

export function PhotosPanel({ runtime, hidden, onChoose }: PhotosPanelProps) {
  return (
    <div role="tabpanel" id="panel-photos" aria-labelledby="tab-photos" hidden={hidden}>
      {runtime ? <Panel runtime={runtime} onChoose={onChoose} /> : <Empty onChoose={onChoose} />}
    </div>
  );
}

function Panel({ runtime, onChoose }: { readonly runtime: Runtime; readonly onChoose: () => void }) {
  const { photos, selectedId } = useStore(runtime.photos.view);
  const selected = photos.find((photo) => photo.id === selectedId);
  return selected ? <Stage key={selected.id} photo={selected} runtime={runtime} /> : <Empty onChoose={onChoose} />;
}

function Empty({ onChoose }: { readonly onChoose: () => void }) {
  return (
    <div className={styles.empty}>
      <span className={styles.emptyIcon}>
        <PhotosIcon />
      </span>
      <p className={styles.emptyTitle}>Drop photos here</p>
      <p className={styles.emptyText}>or paste them, several at once if you like</p>
      <button type="button" className="button primary" data-testid="photos-choose" onClick={onChoose}>
        Choose photos
      </button>
    </div>
  );
}

interface StageProps {
  readonly photo: Photo;
  readonly runtime: Runtime;
}

function Stage({ photo, runtime }: StageProps) {
  const [size, setSize] = useState<{ readonly width: number; readonly height: number }>();
  const [unreadable, setUnreadable] = useState(false);
  const { manifest } = useStore(runtime.model.view);
  const { state } = photo.work;
  return (
    <figure
      className={styles.stage}
      data-busy={state === 'running' || state === 'pending'}
      data-unreadable={unreadable}
    >
      {unreadable ? (
        <figcaption className={styles.unreadable}>
          <PhotosIcon />
          This browser can’t show {photo.name}.
        </figcaption>
      ) : (
        <img
          className={styles.picture}
          src={photo.url}
          alt={photo.name}
          onLoad={(event) =>
            setSize({ width: event.currentTarget.naturalWidth, height: event.currentTarget.naturalHeight })
          }
          onError={() => setUnreadable(true)}
        />
      )}
      {size && <CropMarks width={size.width} height={size.height} input={manifest?.input} fit="contain" />}
    </figure>
  );
}
