/** What holds for the whole page: no connection, no token configured, nothing can be kept. */
import type { AdminConsole } from '../../lib/admin/console.ts';
import { ago, moment } from '../../lib/words.ts';
import { Message } from '../message.tsx';
import notices from '../notices.module.css';
import { useStore } from '../use-store.ts';
import { useNow } from './use-now.ts';

export function Banners({ admin }: { readonly admin: AdminConsole }) {
  const { overview, lost } = useStore(admin.overview.view);
  return (
    <div className={notices.notices} role="status">
      {lost && overview && <Lost admin={admin} since={lost.since} reason={lost.error.message} />}
      {overview?.access === 'loopback' && (
        <Message
          tone="warn"
          code="loopback"
          title="No token is configured"
          text="Only this machine may use this page. Set TWINLENS_ADMIN_TOKEN to open it to others."
        />
      )}
      {overview?.readOnly !== undefined && (
        <Message tone="bad" code="read-only" title="Nothing can be published or kept" text={overview.readOnly} />
      )}
    </div>
  );
}

interface LostProps {
  readonly admin: AdminConsole;
  readonly since: number;
  readonly reason: string;
}

function Lost({ admin, since, reason }: LostProps) {
  const now = useNow();
  return (
    <Message
      tone="bad"
      code="lost"
      title="The gateway does not answer"
      text={`This is how it was at ${moment(since, now)} (${ago(since, now)}). ${reason} The page keeps trying.`}
      action={{ label: 'Try now', run: () => admin.overview.refresh() }}
    />
  );
}
