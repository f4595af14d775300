/** The face of `packages/`: from what somebody hands in to a published model package. */
export type { ImportedPackage, Importer, ImportInput, ImportOptions } from './import.ts';
