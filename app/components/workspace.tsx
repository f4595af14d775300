'use client';
/** The page: one workspace with two ways in, camera and photos, one result and the history under it. */
import { useEffect, useState } from 'react';
import type { Runtime } from '../lib/runtime.ts';
import { Device } from './device.tsx';
import { DropTarget } from './drop-target.tsx';
import { HistoryPanel } from './history-panel.tsx';
import { TwinMark } from './icons.tsx';
import { LivePanel } from './live-panel.tsx';
import { Message } from './message.tsx';
import { ModeSelect } from './mode-select.tsx';
import { ModelStrip } from './model-strip.tsx';
import { Notices } from './notices.tsx';
import { PhotosPanel } from './photos-panel.tsx';
import { PrivacyLine } from './privacy-line.tsx';
import { LiveResult, PhotoResult, ResultPlaceholder } from './result-panel.tsx';
import { type TabName, Tabs } from './tabs.tsx';
import { useRuntime } from './use-runtime.ts';
import styles from './workspace.module.css';

export function Workspace() {
  const state = useRuntime();
  const runtime = state.state === 'running' ? state.runtime : undefined;
  const [tab, setTab] = useState<TabName>('live');
  useCameraFollowsTab(runtime, tab);

  return (
    <>
      <a className={styles.skip} href="#work">
        Skip to the camera
      </a>
      <header className={styles.masthead}>
        <div className={styles.brand}>
          <span className={styles.mark}>
            <TwinMark />
          </span>
          <h1 className={styles.name}>Twinlens</h1>
          <p className={styles.tagline}>Names what the camera sees, on your device.</p>
        </div>
        <ModeSelect runtime={runtime} />
      </header>
      <main className={styles.main} id="work">
        {runtime && <Notices runtime={runtime} tab={tab} />}
        <div className={styles.bar}>
          <Tabs value={tab} onChange={setTab} />
          <PrivacyLine runtime={runtime} tab={tab} />
        </div>
        <div className={styles.columns}>
          <div className={styles.stageColumn}>
            <LivePanel runtime={runtime} hidden={tab !== 'live'} onUsePhotos={() => setTab('photos')} />
            <PhotosPanel runtime={runtime} hidden={tab !== 'photos'} />
          </div>
          <section className={styles.result} aria-label="Result">
            {state.state === 'failed' && (
              <Message
                tone="bad"
                title="The page did not start"
                text={`${state.message} Reload the page to try again.`}
                action={{ label: 'Reload', run: () => window.location.reload() }}
              />
            )}
            {runtime && <ModelStrip runtime={runtime} />}
            {!runtime && <ResultPlaceholder text="Getting ready" />}
            {runtime && tab === 'live' && <LiveResult runtime={runtime} />}
            {runtime && tab === 'photos' && <PhotoResult runtime={runtime} />}
          </section>
        </div>
        {runtime && <HistoryPanel runtime={runtime} />}
      </main>
      <footer className={styles.footer}>{runtime && <Device runtime={runtime} />}</footer>
      {runtime && <DropTarget runtime={runtime} onFiles={() => setTab('photos')} />}
    </>
  );
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
