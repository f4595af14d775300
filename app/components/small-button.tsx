/** A button of the second rank: what can be done with the thing beside it. Submits nothing. */
import type { ComponentPropsWithoutRef } from 'react';

interface SmallButtonProps extends Omit<ComponentPropsWithoutRef<'button'>, 'type'> {
  /** The one of several that is meant most. */
  readonly primary?: boolean;
  readonly testId?: string | undefined;
}

export function SmallButton({ primary, testId, className, ...button }: SmallButtonProps) {
  const look = ['button small', primary && 'primary', className].filter(Boolean).join(' ');
  return <button {...button} type="button" className={look} data-testid={testId} />;
}
