/** Types of an import: from what somebody handed in to a package that is ready to be published. */
import type { ImportHints, ImportStepName } from '../../core/admin.ts';
import type { Manifest } from '../../core/manifest.ts';

export interface ImportInput {
  /** A folder (package, Hugging Face model) or a file (`.tar`, `.tar.gz`, `.zip`, `.onnx`) on this disk. Left as it is. */
  readonly path: string;
  /** The name under which it was handed in; its ending and its stem may say something. */
  readonly fileName: string;
  /** Where it comes from, in words or as an address: the manifest's `source` when the files don't say. */
  readonly source: string;
  readonly hints: ImportHints;
}

export interface ImportOptions {
  /** An empty folder that the importer may fill; the package is made in it or below. */
  readonly into: string;
  /** The version for what brings none. */
  readonly nextVersion: (name: string) => number;
  readonly signal: AbortSignal;
  /**
   * Called as soon as name and version are known, before the model is loaded. Throws CONFLICT when that version exists
   * or another import makes it; the import then ends with it.
   */
  readonly claim?: ((name: string, version: number) => void) | undefined;
  /** A step began, passed or failed. */
  onStep(step: ImportStepName, state: 'running' | 'passed' | 'failed', message: string): void;
}

export interface ImportedPackage {
  readonly folder: string;
  readonly manifest: Manifest;
}

/**
 * Turns an input into a package and tries it: every file is checked, the model is loaded in an instance of its
 * own, its goldens pass and every batch size runs. Rejects with the TwinlensError that the failed step told
 * (INVALID_ARGUMENT, PAYLOAD_TOO_LARGE, UNSUPPORTED_MEDIA, CANCELLED, UNAVAILABLE for a full disk).
 */
export type Importer = (input: ImportInput, options: ImportOptions) => Promise<ImportedPackage>;
