/** The camera's stage: the picture, what the model sees of it, and the controls on it; or why there is none. */
import { useEffect, useRef, useState } from 'react';
import type { Runtime } from '../lib/runtime.ts';
import { cameraWords } from '../lib/words.ts';
import { CropMarks } from './crop-marks.tsx';
import { CameraIcon, FlipIcon, StopIcon } from './icons.tsx';
import styles from './live-panel.module.css';
import { useKeepFocus } from './use-keep-focus.ts';
import { useStore } from './use-store.ts';

interface LivePanelProps {
  readonly runtime: Runtime | undefined;
  readonly hidden: boolean;
  readonly onUsePhotos: () => void;
}

export function LivePanel({ runtime, hidden, onUsePhotos }: LivePanelProps) {
  return (
    <div role="tabpanel" id="panel-live" aria-labelledby="tab-live" hidden={hidden}>
      {runtime ? (
        <Stage runtime={runtime} onUsePhotos={onUsePhotos} />
      ) : (
        <div className={styles.stage}>
          <Invitation disabled onStart={() => undefined} />
        </div>
      )}
    </div>
  );
}

interface StageProps {
  readonly runtime: Runtime;
  readonly onUsePhotos: () => void;
}

function Stage({ runtime, onUsePhotos }: StageProps) {
  const { camera } = useStore(runtime.camera.view);
  const stage = useRef<HTMLDivElement>(null);
  useKeepFocus(stage, camera.state);
  const start = () => void runtime.startCamera();
  return (
    <div className={styles.stage} ref={stage} tabIndex={-1} data-testid="camera" data-state={camera.state}>
      {camera.state === 'off' && <Invitation onStart={start} />}
      {camera.state === 'starting' && (
        <p className={styles.waiting} role="status">
          Opening the camera. If the browser asks, allow it.
        </p>
      )}
      {camera.state === 'on' && (
        <Viewfinder runtime={runtime} stream={camera.stream} mirrored={camera.facing === 'user'} />
      )}
      {camera.state === 'failed' && (
        <div className={styles.problem} role="alert" data-testid="camera-problem" data-problem={camera.problem}>
          <p className={styles.problemTitle}>{cameraWords(camera.problem).title}</p>
          <p className={styles.problemText}>{cameraWords(camera.problem).text}</p>
          <div className={styles.problemActions}>
            {camera.problem !== 'insecure' && camera.problem !== 'unsupported' && (
              <button type="button" className="button primary" data-testid="camera-start" onClick={start}>
                Try again
              </button>
            )}
            <button type="button" className={`button ${styles.onStage}`} onClick={onUsePhotos}>
              Use photos
            </button>
          </div>
        </div>
      )}
    </div>
  );
}

function Invitation({ onStart, disabled }: { readonly onStart: () => void; readonly disabled?: boolean }) {
  return (
    <div className={styles.invitation}>
      <span className={styles.lenses} aria-hidden="true">
        <span className={styles.lens} />
        <span className={styles.lens} />
      </span>
      <p className={styles.invitationText}>Point the camera at one thing and see what the model makes of it.</p>
      <button type="button" className="button primary" disabled={disabled} data-testid="camera-start" onClick={onStart}>
        <CameraIcon />
        Start camera
      </button>
    </div>
  );
}

interface ViewfinderProps {
  readonly runtime: Runtime;
  readonly stream: MediaStream;
  readonly mirrored: boolean;
}

function Viewfinder({ runtime, stream, mirrored }: ViewfinderProps) {
  const video = useRef<HTMLVideoElement>(null);
  const [size, setSize] = useState<{ readonly width: number; readonly height: number }>();
  const { live, fps } = useStore(runtime.live.view);
  const { camera, devices } = useStore(runtime.camera.view);
  const hasAnswer = useStore(runtime.liveAnswer) !== undefined;
  const { manifest } = useStore(runtime.model.view);
  const [kept, setKept] = useState(0);

  useEffect(() => {
    const element = video.current;
    if (!element) return;
    element.srcObject = stream;
    // Interrupted by stopping the camera again: nothing is lost.
    element.play().catch(() => undefined);
    runtime.frames.attach(element);
    return () => {
      runtime.frames.attach(undefined);
      element.srcObject = null;
    };
  }, [runtime, stream]);

  const keep = () => {
    if (!video.current) return;
    runtime.keepLive(video.current);
    setKept((count) => count + 1);
  };
  const portrait = size !== undefined && size.height > size.width;
  return (
    <>
      <div className={styles.picture} data-portrait={portrait}>
        <video
          ref={video}
          className={styles.video}
          data-mirrored={mirrored}
          muted
          playsInline
          aria-label="Camera picture"
          onResize={(event) =>
            setSize({ width: event.currentTarget.videoWidth, height: event.currentTarget.videoHeight })
          }
        />
        {size && size.width > 0 && (
          <CropMarks width={size.width} height={size.height} input={manifest?.input} fit="cover" />
        )}
        {kept > 0 && <span className={styles.flash} key={kept} aria-hidden="true" />}
      </div>
      <div className={styles.controls}>
        <div className={styles.side}>
          <p className={styles.status}>
            {live.state === 'paused' ? (
              live.reason === 'hidden' ? (
                'Paused'
              ) : (
                'No picture'
              )
            ) : (
              <>
                <span className={styles.dot} />
                <span data-testid="fps" data-value={fps.toFixed(1)}>
                  {fps > 0 ? `${fps < 10 ? fps.toFixed(1) : Math.round(fps)} fps` : 'Live'}
                </span>
              </>
            )}
          </p>
        </div>
        <button
          type="button"
          className={styles.shutter}
          aria-label="Keep this answer"
          title="Keep this answer"
          data-testid="keep"
          disabled={!hasAnswer}
          onClick={keep}
        />
        <div className={`${styles.side} ${styles.end}`}>
          {devices.length > 1 && (
            <>
              <select
                className={styles.picker}
                aria-label="Camera"
                data-testid="camera-select"
                value={camera.state === 'on' ? camera.deviceId : ''}
                onChange={(event) => void runtime.camera.start({ deviceId: event.target.value })}
              >
                {devices.map((device) => (
                  <option key={device.deviceId} value={device.deviceId}>
                    {device.label}
                  </option>
                ))}
              </select>
              <button
                type="button"
                className={styles.round}
                aria-label="Other camera"
                data-testid="camera-flip"
                onClick={() => void runtime.camera.flip()}
              >
                <FlipIcon />
              </button>
            </>
          )}
          <button
            type="button"
            className={styles.round}
            aria-label="Stop camera"
            title="Stop camera"
            data-testid="camera-stop"
            onClick={() => runtime.camera.stop()}
          >
            <StopIcon />
          </button>
        </div>
      </div>
    </>
  );
}
