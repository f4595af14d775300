/** Photos: choose, drop or paste; the selected one on the stage, the rest as a list with their states. */
// biome-ignore-all lint/performance/noImgElement: the export has no image server
import { type ChangeEvent, useRef, useState } from 'react';
import type { Photo } from '../lib/photos.ts';
import type { Runtime } from '../lib/runtime.ts';
import { errorTitle, percent } from '../lib/words.ts';
import { CropMarks } from './crop-marks.tsx';
import { CloseIcon, PhotosIcon, PlusIcon, RetryIcon } from './icons.tsx';
import styles from './photos-panel.module.css';
import { Samples } from './samples.tsx';
import { useStore } from './use-store.ts';

interface PhotosPanelProps {
  readonly runtime: Runtime | undefined;
  readonly hidden: boolean;
}

export function PhotosPanel({ runtime, hidden }: PhotosPanelProps) {
  return (
    <div role="tabpanel" id="panel-photos" aria-labelledby="tab-photos" hidden={hidden}>
      {runtime && <Panel runtime={runtime} />}
    </div>
  );
}

function Panel({ runtime }: { readonly runtime: Runtime }) {
  const { photos, selectedId, refused } = useStore(runtime.photos.view);
  const input = useRef<HTMLInputElement>(null);
  const selected = photos.find((photo) => photo.id === selectedId);
  const onFiles = (event: ChangeEvent<HTMLInputElement>) => {
    runtime.photos.add([...(event.target.files ?? [])].map((file) => ({ name: file.name, file })));
    // So that the same file can be chosen again.
    event.target.value = '';
  };
  const choose = () => input.current?.click();
  return (
    <div className={styles.panel}>
      <input
        ref={input}
        className="unseen"
        type="file"
        accept="image/*"
        multiple
        tabIndex={-1}
        aria-label="Choose photos"
        data-testid="file-input"
        onChange={onFiles}
      />
      {selected ? (
        <Stage key={selected.id} photo={selected} runtime={runtime} />
      ) : (
        <div className={styles.empty}>
          <span className={styles.emptyIcon}>
            <PhotosIcon />
          </span>
          <p className={styles.emptyTitle}>Drop photos here</p>
          <p className={styles.emptyText}>or paste them, several at once if you like</p>
          <button type="button" className="button primary" onClick={choose}>
            Choose photos
          </button>
        </div>
      )}
      {photos.length > 0 && (
        <section aria-label="Photos" className={styles.queue}>
          <div className={styles.tools}>
            <button type="button" className="button small" onClick={choose}>
              <PlusIcon />
              Add photos
            </button>
            <button
              type="button"
              className="button small"
              data-testid="photos-clear"
              onClick={() => runtime.photos.clear()}
            >
              Remove all
            </button>
          </div>
          {refused > 0 && (
            <p className={styles.refused} role="alert">
              {refused} {refused === 1 ? 'photo was' : 'photos were'} turned away: the list is full. Add them again when
              others are done.
            </p>
          )}
          <ul className={styles.list}>
            {photos.map((photo) => (
              <Item key={photo.id} photo={photo} selected={photo.id === selectedId} runtime={runtime} />
            ))}
          </ul>
        </section>
      )}
      <Samples runtime={runtime} />
    </div>
  );
}

interface ItemProps {
  readonly photo: Photo;
  readonly runtime: Runtime;
}

function Stage({ photo, runtime }: ItemProps) {
  const [size, setSize] = useState<{ readonly width: number; readonly height: number }>();
  const [unreadable, setUnreadable] = useState(false);
  const { manifest } = useStore(runtime.model.view);
  const { state } = photo.work;
  return (
    <figure className={styles.stage} data-busy={state === 'running' || state === 'pending'}>
      {unreadable ? (
        <p className={styles.unreadable}>This browser can not show the file.</p>
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

function Item({ photo, selected, runtime }: ItemProps & { readonly selected: boolean }) {
  const { id, name, url, work } = photo;
  const { photos } = runtime;
  const engine = work.state === 'answered' ? work.answer.engine : undefined;
  return (
    <li
      className={styles.item}
      data-testid="photo-item"
      data-state={work.state}
      data-name={name}
      data-engine={engine}
      data-selected={selected}
    >
      <button type="button" className={styles.choose} aria-pressed={selected} onClick={() => photos.select(id)}>
        <Thumbnail url={url} />
        <span className={styles.itemWords}>
          <Outcome photo={photo} />
          <span className={styles.name}>{name}</span>
        </span>
      </button>
      {work.state === 'failed' && work.error.retryable && (
        <IconButton label={`Try ${name} again`} testId="photo-retry" run={() => photos.retry(id)}>
          <RetryIcon />
        </IconButton>
      )}
      {work.state === 'pending' || work.state === 'running' ? (
        <IconButton label={`Cancel ${name}`} testId="photo-cancel" run={() => photos.cancel(id)}>
          <CloseIcon />
        </IconButton>
      ) : (
        <IconButton label={`Remove ${name}`} testId="photo-remove" run={() => photos.remove(id)}>
          <CloseIcon />
        </IconButton>
      )}
    </li>
  );
}

function Thumbnail({ url }: { readonly url: string }) {
  const [broken, setBroken] = useState(false);
  return broken ? (
    <span className={styles.thumbnail} />
  ) : (
    <img className={styles.thumbnail} src={url} alt="" onError={() => setBroken(true)} />
  );
}

function Outcome({ photo }: { readonly photo: Photo }) {
  const { work } = photo;
  switch (work.state) {
    case 'pending':
      return <span className={styles.quiet}>Waiting</span>;
    case 'running':
      return <span className={styles.busy}>Looking</span>;
    case 'answered': {
      const { result } = work.answer;
      const best = result.predictions[0];
      return (
        <span className={styles.outcome}>
          {result.notSure || !best ? 'Not sure' : best.label}
          {best && <span className={styles.score}>{percent(best.score)}</span>}
        </span>
      );
    }
    case 'failed':
      return <span className={styles.failure}>{errorTitle(work.error.code)}</span>;
    default: {
      const never: never = work;
      return never;
    }
  }
}

interface IconButtonProps {
  readonly label: string;
  readonly testId: string;
  readonly run: () => void;
  readonly children: React.ReactNode;
}

function IconButton({ label, testId, run, children }: IconButtonProps) {
  return (
    <button type="button" className={styles.icon} aria-label={label} title={label} data-testid={testId} onClick={run}>
      {children}
    </button>
  );
}
