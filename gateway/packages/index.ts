/** The face of `packages/`: from what somebody hands in to a published model package. */
export type { ImportedPackage, Importer, ImportInput, ImportOptions } from './import.ts';
export { createImporter, type ImporterOptions } from './importer.ts';
export { type Publication, publishPackage } from './publish.ts';
export { openStaging, type Staging } from './staging.ts';
