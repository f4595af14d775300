/** The photos that were added, each with its state and what can be done about it. */
// biome-ignore-all lint/performance/noImgElement: the export has no image server
import { type ReactNode, useRef, useState } from 'react';
import type { Photo } from '../lib/photos.ts';
import type { Runtime } from '../lib/runtime.ts';
import { errorTitle, percent } from '../lib/words.ts';
import { CloseIcon, PlusIcon, RetryIcon } from './icons.tsx';
import styles from './photo-queue.module.css';
import { SmallButton } from './small-button.tsx';
import { useKeepFocus } from './use-keep-focus.ts';
import { useStore } from './use-store.ts';

interface PhotoQueueProps {
  readonly runtime: Runtime;
  readonly onChoose: () => void;
}

export function PhotoQueue({ runtime, onChoose }: PhotoQueueProps) {
  const { photos, selectedId, refused } = useStore(runtime.photos.view);
  const queue = useRef<HTMLElement>(null);
  useKeepFocus(queue, photos.length);
  if (photos.length === 0) return null;
  return (
    <section aria-label="Photos" className={styles.queue} ref={queue} tabIndex={-1}>
      <div className={styles.tools}>
        <SmallButton onClick={onChoose}>
          <PlusIcon />
          Add photos
        </SmallButton>
        <SmallButton testId="photos-clear" onClick={() => runtime.photos.clear()}>
          Remove all
        </SmallButton>
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
  );
}

interface ItemProps {
  readonly photo: Photo;
  readonly runtime: Runtime;
  readonly selected: boolean;
}

function Item({ photo, selected, runtime }: ItemProps) {
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
  readonly children: ReactNode;
}

function IconButton({ label, testId, run, children }: IconButtonProps) {
  return (
    <button type="button" className={styles.icon} aria-label={label} title={label} data-testid={testId} onClick={run}>
      {children}
    </button>
  );
}
