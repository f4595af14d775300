/** Asks for the token, and says in words why one did not open. */
import { type FormEvent, useState } from 'react';
import type { AdminConsole } from '../../lib/admin/console.ts';
import type { GateState } from '../../lib/admin/gate.ts';
import { ago, errorTitle } from '../../lib/words.ts';
import { LockIcon } from '../icons.tsx';
import { Message } from '../message.tsx';
import { Field } from './field.tsx';
import styles from './sign-in.module.css';
import { useNow } from './use-now.ts';

interface SignInProps {
  readonly admin: AdminConsole;
  readonly gate: Extract<GateState, { state: 'closed' }>;
}

export function SignIn({ admin, gate }: SignInProps) {
  const [token, setToken] = useState('');
  const now = useNow();
  const { checking, problem, lockedUntil = 0 } = gate;
  const locked = lockedUntil > now;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (token.trim() !== '') void admin.gate.signIn(token.trim());
  };
  return (
    <section className={styles.panel} aria-labelledby="sign-in-title" data-testid="sign-in-panel">
      <span className={styles.icon}>
        <LockIcon />
      </span>
      <div>
        <h2 className={styles.title} id="sign-in-title">
          Sign in
        </h2>
        <p className={styles.note}>
          Who has this gateway’s admin token may change what it serves. The token is kept in this tab and forgotten when
          the tab is closed.
        </p>
      </div>
      <form className={styles.form} onSubmit={submit}>
        <Field
          label="Token"
          type="password"
          autoComplete="off"
          spellCheck={false}
          value={token}
          maxLength={4096}
          testId="sign-in-token"
          aria-invalid={problem?.code === 'UNAUTHENTICATED'}
          onValue={setToken}
        />
        <div role="alert">
          {problem && (
            <Message
              tone={problem.code === 'RATE_LIMITED' ? 'warn' : 'bad'}
              code={problem.code}
              title={titleOf(problem.code)}
              text={
                locked
                  ? `This machine is locked out for a while; try again ${ago(lockedUntil, now)}.`
                  : problem.code === 'RATE_LIMITED'
                    ? 'You can try again now.'
                    : problem.message
              }
            />
          )}
        </div>
        <button
          type="submit"
          className="button primary"
          data-testid="sign-in"
          disabled={checking || locked || token.trim() === ''}
        >
          {checking ? 'Checking' : 'Sign in'}
        </button>
      </form>
    </section>
  );
}

function titleOf(code: Parameters<typeof errorTitle>[0]): string {
  switch (code) {
    case 'UNAUTHENTICATED':
      return 'That token does not open this gateway';
    case 'RATE_LIMITED':
      return 'Too many wrong tokens';
    case 'UNAVAILABLE':
    case 'DEADLINE_EXCEEDED':
      return 'The gateway can’t be reached';
    default:
      return errorTitle(code);
  }
}
