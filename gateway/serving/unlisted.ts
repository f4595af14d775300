/** Which of the models that the configuration follows no catalogue lists: most often a slip of the pen. Pure. */
import type { SourceStatus } from '../../core/admin.ts';

/** Before it has answered, nobody knows what a catalogue lists; one that can't be asked any more may list more by now. */
const answered = ({ lastCheckAt, error }: SourceStatus): boolean => lastCheckAt !== undefined && error === undefined;

/** @param statuses of all sources; those that are no catalogues don't count */
export function unlisted(configured: readonly string[], statuses: readonly SourceStatus[]): readonly string[] {
  const catalogues = statuses.filter(({ kind }) => kind === 'catalogue');
  if (!catalogues.every(answered)) return [];
  const listed = new Set(catalogues.flatMap(({ offers }) => offers.map(({ model }) => model)));
  return configured.filter((model) => !listed.has(model));
}
