/** A page that could not load what it runs on: why, and the way to try again. */
import { Message } from './message.tsx';

export function NotStarted({ reason }: { readonly reason: string }) {
  return (
    <Message
      tone="bad"
      title="The page did not start"
      text={`${reason} Reload the page to try again.`}
      action={{ label: 'Reload', run: () => window.location.reload() }}
    />
  );
}
