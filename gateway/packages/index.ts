/** The face of `packages/`: from what somebody hands in to a published model package. */
export type { ImportedPackage, Importer, ImportInput, ImportOptions } from './import.ts';
export type { Download } from './import-job.ts';
export { createImporter, type ImporterOptions } from './importer.ts';
export { Imports, type ImportsOptions } from './imports.ts';
export { type Publication, publishPackage } from './publish.ts';
export type { ImportTarget } from './publish-import.ts';
export { createStaging, type Staging } from './staging.ts';
export { Uploads } from './uploads.ts';
