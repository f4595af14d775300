'use client';
/** The page: one workspace with two ways in, camera and photos, one result and the history under it. */
import { type ChangeEvent, useEffect, useRef, useState } from 'react';
import { startEarly } from '../../workers/early.ts';
import type { Runtime } from '../lib/runtime.ts';
import { Device } from './device.tsx';
import { DropTarget } from './drop-target.tsx';
import { HistoryPanel } from './history-panel.tsx';
import { LivePanel } from './live-panel.tsx';
import { Masthead } from './masthead.tsx';
import { ModeSelect } from './mode-select.tsx';
import { ModelStrip } from './model-strip.tsx';
import { ModelUpdate } from './model-update.tsx';
import { NotStarted } from './not-started.tsx';
import { Notices } from './notices.tsx';
import { PhotoQueue } from './photo-queue.tsx';
import { PhotosPanel } from './photos-panel.tsx';
import { PrivacyLine } from './privacy-line.tsx';
import { LiveResult, PhotoResult, ResultPlaceholder } from './result-panel.tsx';
import { Samples } from './samples.tsx';
import { type TabName, Tabs } from './tabs.tsx';
import { late, useLate } from './use-late.ts';
import { useStore } from './use-store.ts';
import styles from './workspace.module.css';

const getRuntime = late(async () => (await import('../lib/runtime.ts')).startRuntime());
// Begun before React is at work on the page, so that all of it comes side by side; who uses it hears of a failure.
if (typeof window !== 'undefined') {
  startEarly();
  void getRuntime().catch(() => undefined);
}

export function Workspace() {
  const state = useLate(getRuntime);
  const runtime = state.state === 'running' ? state.value : undefined;
  const [tab, setTab] = useState<TabName>('live');
  const input = useRef<HTMLInputElement>(null);
  useCameraFollowsTab(runtime, tab);
  const showPhotos = () => {
    setTab('photos');
    // What was focused may be gone with its panel.
    document.getElementById('tab-photos')?.focus();
  };
  const onFiles = (event: ChangeEvent<HTMLInputElement>) => {
    runtime?.photos.add([...(event.target.files ?? [])].map((file) => ({ name: file.name, file })));
    // So that the same file can be chosen again.
    event.target.value = '';
  };
  const choose = () => input.current?.click();

  return (
    <>
      <Masthead skip="Skip to the camera" tagline="Names what the camera sees, on your device.">
        <ModeSelect runtime={runtime} />
      </Masthead>
      <main className={styles.main} id="work">
        {runtime && <Notices runtime={runtime} tab={tab} />}
        <div className={styles.bar}>
          <Tabs value={tab} onChange={setTab} />
          <PrivacyLine runtime={runtime} tab={tab} />
        </div>
        <div className={styles.columns}>
          <div className={styles.stage}>
            <LivePanel runtime={runtime} hidden={tab !== 'live'} onUsePhotos={showPhotos} />
            <PhotosPanel runtime={runtime} hidden={tab !== 'photos'} onChoose={choose} />
          </div>
          <section className={styles.result} aria-label="Result">
            {state.state === 'failed' && <NotStarted reason={state.message} />}
            {runtime && <ModelStrip runtime={runtime} />}
            {runtime && <ModelUpdate runtime={runtime} />}
            {!runtime && <ResultPlaceholder text="Getting ready" />}
            {runtime && tab === 'live' && <LiveResult runtime={runtime} />}
            {runtime && tab === 'photos' && <PhotoResult runtime={runtime} />}
          </section>
          <div className={styles.more}>
            {runtime && tab === 'photos' && <PhotoQueue runtime={runtime} onChoose={choose} />}
            {runtime && <Offer runtime={runtime} tab={tab} onChosen={showPhotos} />}
          </div>
        </div>
        <input
          ref={input}
          className="unseen"
          type="file"
          accept="image/*"
          multiple
          tabIndex={-1}
          disabled={!runtime}
          aria-label="Choose photos"
          data-testid="file-input"
          onChange={onFiles}
        />
        {runtime && <HistoryPanel runtime={runtime} />}
      </main>
      <footer className={styles.footer}>
        {runtime && <Device runtime={runtime} />}
        <p className={styles.links}>
          <a href="/admin" data-testid="to-admin">
            Manage the models
          </a>
        </p>
      </footer>
      {runtime && <DropTarget runtime={runtime} onFiles={showPhotos} />}
    </>
  );
}

interface OfferProps {
  readonly runtime: Runtime;
  readonly tab: TabName;
  readonly onChosen: () => void;
}

/** Sample photos, where they are not in the way of a running camera. */
function Offer({ runtime, tab, onChosen }: OfferProps) {
  const { camera } = useStore(runtime.camera.view);
  if (tab === 'live' && (camera.state === 'on' || camera.state === 'starting')) return null;
  return <Samples runtime={runtime} onChosen={onChosen} />;
}

/** The camera is off while photos are shown, and comes back with its tab if it was on. */
function useCameraFollowsTab(runtime: Runtime | undefined, tab: TabName): void {
  const [resume, setResume] = useState(false);
  useEffect(() => {
    if (!runtime) return;
    const { state } = runtime.camera.view.get().camera;
    if (tab === 'photos' && (state === 'on' || state === 'starting')) {
      runtime.camera.stop();
      setResume(true);
    } else if (tab === 'live' && resume) {
      setResume(false);
      void runtime.startCamera();
    }
  }, [runtime, tab, resume]);
}
