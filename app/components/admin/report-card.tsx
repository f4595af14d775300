/** What was found in a model that was handed in, step by step; and when all has passed, how it is published. */
import { useState } from 'react';
import type { ImportReport, ImportStep, PublishRequest } from '../../../core/admin.ts';
import type { AdminConsole } from '../../lib/admin/console.ts';
import { importWords, progressWords, STEP_STATES, STEP_TITLES } from '../../lib/admin/words.ts';
import { ago, bytes } from '../../lib/words.ts';
import { AlertIcon, CheckIcon } from '../icons.tsx';
import { ProgressBar } from '../progress-bar.tsx';
import { SmallButton } from '../small-button.tsx';
import { useStore } from '../use-store.ts';
import { StateMark } from './chip.tsx';
import panel from './panel.module.css';
import styles from './report-card.module.css';
import { ShareField } from './share-field.tsx';
import { useNow } from './use-now.ts';

interface ReportCardProps {
  readonly admin: AdminConsole;
  readonly report: ImportReport;
}

export function ReportCard({ admin, report }: ReportCardProps) {
  const now = useNow();
  const { tone, text } = importWords(report);
  const title = report.title ?? report.model ?? report.from;
  const failed = report.steps.find(({ state }) => state === 'failed');
  return (
    <article
      className={panel.panel}
      aria-label={`Report of ${title}`}
      data-testid="report"
      data-state={report.state}
      data-model={report.model}
      data-version={report.version}
    >
      <div className={panel.head}>
        <h3 className={panel.title}>
          {title}
          {report.version !== undefined && `, version ${report.version}`}
        </h3>
        <StateMark tone={tone} text={text} />
      </div>
      <p className={panel.small}>
        {[report.from, bytes(report.bytes), report.licence, ago(report.createdAt, now)].filter(Boolean).join(' · ')}
      </p>
      {report.state === 'checking' && report.progress && (
        <>
          <ProgressBar
            label={`Fetching ${report.from}`}
            value={report.progress.loadedBytes}
            max={report.progress.totalBytes}
          />
          <p className={panel.small}>{progressWords(report.progress)}</p>
        </>
      )}
      <ol className={styles.steps}>
        {shownSteps(report).map((step) => (
          <Step key={step.step} step={step} />
        ))}
      </ol>
      <p className="unseen" role="status">
        {report.state === 'ready' && `${title} passed every check.`}
        {report.state === 'refused' &&
          `${title} was refused${failed ? `: ${STEP_TITLES[failed.step]} failed. ${failed.message}` : '.'}`}
      </p>
      {report.state === 'ready' && report.model !== undefined && report.version !== undefined ? (
        <Publish admin={admin} report={report} model={report.model} version={report.version} />
      ) : (
        <div className={panel.actions}>
          <Discard admin={admin} report={report} />
        </div>
      )}
    </article>
  );
}

/** What never ran after a failure says nothing. */
function shownSteps({ state, steps }: ImportReport): readonly ImportStep[] {
  return state === 'refused' ? steps.filter((step) => step.state !== 'waiting') : steps;
}

function Step({ step: { step, state, message } }: { readonly step: ImportStep }) {
  return (
    <li className={styles.step} data-testid="step" data-step={step} data-state={state}>
      <span className={styles.mark} aria-hidden="true">
        {state === 'passed' && <CheckIcon />}
        {state === 'failed' && <AlertIcon />}
        {state === 'running' && <span className={styles.spinner} />}
      </span>
      <div>
        <p className={styles.name}>
          {STEP_TITLES[step]}
          <span className="unseen">: {STEP_STATES[state]}</span>
        </p>
        {message && <p className={styles.message}>{message}</p>}
      </div>
    </li>
  );
}

function Discard({ admin, report }: ReportCardProps) {
  return (
    <SmallButton
      testId="discard"
      onClick={() => admin.desk.request({ kind: 'discard', importId: report.id, from: report.from })}
    >
      {report.state === 'checking' ? 'Cancel' : 'Discard'}
    </SmallButton>
  );
}

interface PublishProps extends ReportCardProps {
  readonly model: string;
  readonly version: number;
}

function Publish({ admin, report, model, version }: PublishProps) {
  const { overview } = useStore(admin.overview.view);
  useStore(admin.desk.view);
  const known = overview?.models.find(({ name }) => name === model);
  const stable = known?.labels.stable;
  const [as, setAs] = useState<PublishRequest['as']>('serve');
  const [share, setShare] = useState(0.1);
  const busy = admin.desk.isRunning((change) => change.kind === 'publish' && change.importId === report.id);
  const request: PublishRequest = as === 'canary' ? { as, share } : { as };
  return (
    <form
      className={styles.publish}
      onSubmit={(event) => {
        event.preventDefault();
        admin.desk.request({ kind: 'publish', importId: report.id, model, version, request });
      }}
    >
      {stable !== undefined && (
        <fieldset className={styles.choices}>
          <legend>How it goes out</legend>
          <Choice
            as="serve"
            chosen={as}
            title="Serve it"
            note={
              known?.stable === 'pinned'
                ? `By its number; stable is pinned to version ${stable}.`
                : `It takes over from version ${stable}.`
            }
            onChoose={setAs}
          />
          <Choice
            as="hold"
            chosen={as}
            title="Hold it"
            note={`By its number only; version ${stable} stays stable until you promote it.`}
            onChoose={setAs}
          />
          <Choice
            as="canary"
            chosen={as}
            title="As a canary"
            note="A share of the requests, compared with stable."
            onChoose={setAs}
          />
        </fieldset>
      )}
      {as === 'canary' && (
        <ShareField
          label="Share of the traffic"
          value={share}
          onValue={setShare}
          testId="publish-share"
          note="It can be changed while it runs."
        />
      )}
      <div className={panel.actions}>
        <button type="submit" className="button small primary" data-testid="publish" disabled={busy}>
          Publish
        </button>
        <Discard admin={admin} report={report} />
      </div>
    </form>
  );
}

interface ChoiceProps {
  readonly as: PublishRequest['as'];
  readonly chosen: PublishRequest['as'];
  readonly title: string;
  readonly note: string;
  readonly onChoose: (as: PublishRequest['as']) => void;
}

function Choice({ as, chosen, title, note, onChoose }: ChoiceProps) {
  return (
    <label className={styles.choice}>
      <input
        type="radio"
        name="as"
        value={as}
        checked={chosen === as}
        data-testid={`publish-${as}`}
        onChange={() => onChoose(as)}
      />
      <span>
        {title}
        <span>{note}</span>
      </span>
    </label>
  );
}
