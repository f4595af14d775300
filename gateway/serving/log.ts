/** The slice of the log that serving writes to. */
export interface ServingLog {
  info(fields: object, message?: string): void;
  warn(fields: object, message?: string): void;
  error(fields: object, message?: string): void;
}
