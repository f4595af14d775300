'use client';
/** The admin page: models and what is done with them, new ones, where they come from, and what has happened. */
import '../../../core/no-eval.ts';
import { useState } from 'react';
import type { AdminConsole } from '../../lib/admin/console.ts';
import { Masthead } from '../masthead.tsx';
import { Message } from '../message.tsx';
import { NotStarted } from '../not-started.tsx';
import { SmallButton } from '../small-button.tsx';
import { late, useLate } from '../use-late.ts';
import { useStore } from '../use-store.ts';
import styles from './admin.module.css';
import { Banners } from './banners.tsx';
import { Confirm } from './confirm.tsx';
import { Dialogs, type OpenDialog } from './dialogs.tsx';
import { JournalPanel } from './journal-panel.tsx';
import { ModelCard } from './model-card.tsx';
import { NewModelPanel } from './new-model-panel.tsx';
import { ReportCard } from './report-card.tsx';
import { SignIn } from './sign-in.tsx';
import { SourcesPanel } from './sources-panel.tsx';
import { Toasts } from './toasts.tsx';
import { TrialDialog } from './trial-dialog.tsx';

const getConsole = late(async () => (await import('../../lib/admin/console.ts')).startConsole());

export function Admin() {
  const state = useLate(getConsole);
  const admin = state.state === 'running' ? state.value : undefined;
  return (
    <>
      <Masthead skip="Skip to the models" section="Models">
        <a className={`button small ${styles.home ?? ''}`} href="/" data-testid="to-camera">
          <span>
            Camera<span className={styles.wide}> and photos</span>
          </span>
        </a>
        {admin && <SignOut admin={admin} />}
      </Masthead>
      <main className={styles.main} id="work" tabIndex={-1}>
        {state.state === 'failed' && <NotStarted reason={state.message} />}
        {admin ? <Gated admin={admin} /> : state.state === 'starting' && <Loading />}
      </main>
    </>
  );
}

function SignOut({ admin }: { readonly admin: AdminConsole }) {
  const gate = useStore(admin.gate.view);
  if (gate.state !== 'open' || !gate.token) return null;
  return (
    <SmallButton testId="sign-out" onClick={() => admin.gate.signOut()}>
      Sign out
    </SmallButton>
  );
}

function Gated({ admin }: { readonly admin: AdminConsole }) {
  const gate = useStore(admin.gate.view);
  switch (gate.state) {
    case 'closed':
      return <SignIn admin={admin} gate={gate} />;
    case 'refused':
      return (
        <Message
          tone="warn"
          code={gate.problem.code}
          title="This machine may not manage the gateway"
          text={gate.problem.message}
          action={{ label: 'Try again', run: () => admin.gate.tryAgain() }}
        />
      );
    case 'asking':
    case 'open':
      return <Board admin={admin} />;
    default: {
      const never: never = gate;
      return never;
    }
  }
}

function Board({ admin }: { readonly admin: AdminConsole }) {
  const { overview, lost } = useStore(admin.overview.view);
  const [dialog, setDialog] = useState<OpenDialog>();
  if (!overview) {
    if (!lost) return <Loading />;
    return (
      <div role="alert">
        <Message
          tone="bad"
          code={lost.error.code}
          title="The gateway does not answer"
          text={`${lost.error.message} The page keeps trying.`}
          action={{ label: 'Try now', run: () => admin.overview.refresh() }}
        />
      </div>
    );
  }
  const reports = overview.imports.filter(({ state }) => state !== 'published');
  return (
    <>
      <Banners admin={admin} />
      <div className={styles.columns}>
        <section className={styles.models} aria-labelledby="models-title" data-testid="models">
          <h2 className="unseen" id="models-title">
            Models
          </h2>
          {overview.models.map((model) => (
            <ModelCard key={model.name} admin={admin} model={model} onDialog={setDialog} />
          ))}
          {overview.models.length === 0 && (
            <div className={styles.empty}>
              <h3>No model yet</h3>
              <p>Add one, or let one of the sources serve what it offers.</p>
            </div>
          )}
        </section>
        <div className={styles.more}>
          <NewModelPanel admin={admin} />
          {reports.map((report) => (
            <ReportCard key={report.id} admin={admin} report={report} />
          ))}
          <SourcesPanel admin={admin} sources={overview.sources} />
        </div>
        <div className={styles.journal}>
          <JournalPanel admin={admin} />
        </div>
      </div>
      <Dialogs admin={admin} open={dialog} onClose={() => setDialog(undefined)} />
      <TrialDialog admin={admin} />
      <Confirm admin={admin} />
      <Toasts admin={admin} />
    </>
  );
}

function Loading() {
  return (
    <div className={styles.columns} role="status" data-testid="admin-loading">
      <span className="unseen">Asking the gateway</span>
      <div className={styles.models}>
        <div className={styles.ghost} />
        <div className={styles.ghost} />
      </div>
      <div className={styles.more}>
        <div className={styles.ghost} />
      </div>
    </div>
  );
}
