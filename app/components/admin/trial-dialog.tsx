/** A version on a photo, beside what `stable` says of it. */
// biome-ignore-all lint/performance/noImgElement: the export has no image server
import { type ChangeEvent, useRef } from 'react';
import type { AdminConsole } from '../../lib/admin/console.ts';
import { agreement, type TrialSide } from '../../lib/admin/trial.ts';
import { errorTitle, milliseconds, providerName } from '../../lib/words.ts';
import { Message } from '../message.tsx';
import { ProgressBar } from '../progress-bar.tsx';
import { ScoreBars } from '../score-bars.tsx';
import { SmallButton } from '../small-button.tsx';
import { useStore } from '../use-store.ts';
import { LabelChip } from './chip.tsx';
import { Dialog } from './dialog.tsx';
import panel from './panel.module.css';
import styles from './trial-dialog.module.css';

export function TrialDialog({ admin }: { readonly admin: AdminConsole }) {
  const view = useStore(admin.trial.view);
  const input = useRef<HTMLInputElement>(null);
  if (!view) return null;
  const { model, version, photo, sides } = view;
  const onFile = ({ target }: ChangeEvent<HTMLInputElement>) => {
    const file = target.files?.[0];
    if (file) void admin.trial.tryOn(file.name, file);
    target.value = '';
  };
  const choose = () => input.current?.click();
  const agrees = agreement(sides);
  return (
    <Dialog title={`Try version ${version} of ${model}`} testId="trial" wide onClose={() => admin.trial.close()}>
      <input
        ref={input}
        className="unseen"
        type="file"
        accept="image/*"
        tabIndex={-1}
        aria-label="Photo"
        data-testid="trial-file"
        onChange={onFile}
      />
      {photo ? (
        <>
          <div className={styles.layout}>
            <img className={styles.photo} src={photo.url} alt={photo.name} />
            <div className={styles.sides} data-two={sides.length > 1}>
              {sides.map((side, at) => (
                <Side key={side.version} side={side} other={sides[1 - at]} stable={at === 1} />
              ))}
            </div>
          </div>
          <div className={styles.foot}>
            <p className={styles.verdict} data-agrees={agrees} role="status" data-testid="verdict">
              {agrees === true && 'Both name the same first.'}
              {agrees === false && 'They see different things.'}
            </p>
            <SmallButton onClick={choose}>Another photo</SmallButton>
          </div>
        </>
      ) : (
        <div className={styles.choose}>
          <p className={panel.note}>
            The photo goes to the gateway, is answered by this version and by the stable one, and is not kept.
          </p>
          <button type="button" className="button primary" onClick={choose}>
            Choose a photo
          </button>
        </div>
      )}
    </Dialog>
  );
}

interface SideProps {
  readonly side: TrialSide;
  readonly other: TrialSide | undefined;
  readonly stable: boolean;
}

function Side({ side: { version, answer }, other, stable }: SideProps) {
  return (
    <section className={styles.side} aria-label={`Version ${version}`} data-testid="trial-side" data-version={version}>
      <h3 className={styles.sideTitle}>
        Version {version}
        {stable && <LabelChip label="stable" />}
      </h3>
      {answer.state === 'waiting' && <ProgressBar label={`Version ${version} is looking`} />}
      {answer.state === 'failed' && (
        <Message tone="bad" title={errorTitle(answer.error.code)} text={answer.error.message} />
      )}
      {answer.state === 'answered' && (
        <>
          <ScoreBars
            predictions={answer.result.predictions}
            best="name"
            differs={({ index }, rank) => differs(other, rank, index)}
          />
          <p className={styles.time}>
            {milliseconds(answer.result.timings.total)} on {providerName(answer.result.provider)}
            {answer.result.notSure && ', not sure'}
          </p>
        </>
      )}
    </section>
  );
}

/** The other version has something else in this place. */
function differs(other: TrialSide | undefined, rank: number, index: number): boolean {
  return other?.answer.state === 'answered' && other.answer.result.predictions[rank]?.index !== index;
}
