/** Where pictures go, always in sight. */

import type { Runtime } from '../lib/runtime.ts';
import { privacy } from '../lib/words.ts';
import { LockIcon, SendIcon } from './icons.tsx';
import styles from './privacy-line.module.css';
import type { TabName } from './tabs.tsx';
import { useStore } from './use-store.ts';

interface PrivacyLineProps {
  readonly runtime: Runtime | undefined;
  readonly tab: TabName;
}

export function PrivacyLine({ runtime, tab }: PrivacyLineProps) {
  return runtime ? <Line runtime={runtime} tab={tab} /> : <p className={styles.line} />;
}

function Line({ runtime, tab }: PrivacyLineProps & { readonly runtime: Runtime }) {
  const { mode, route } = useStore(runtime.router);
  const reporting = useStore(runtime.reporting);
  const { stays, text } = privacy(mode, route.engine, tab === 'live' ? 'frames' : 'photos', reporting);
  return (
    <p className={styles.line} data-stays={stays} data-testid="privacy">
      {stays ? <LockIcon /> : <SendIcon />}
      {text}
    </p>
  );
}
