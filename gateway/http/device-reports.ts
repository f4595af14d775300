/**
 * `POST /v1/device-reports`: a page tells how fast its device answered, where the operator asks for that. Nothing of a
 * report is kept but the counts, and nothing of it is logged.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { deviceReportSchema } from '../../core/device-report.ts';
import { TwinlensError } from '../../core/errors.ts';
import type { ReportAllowance } from '../admission/index.ts';
import type { Metrics } from '../telemetry/index.ts';
import { discardRest } from './body.ts';
import { readJson } from './json.ts';

export interface DeviceReportsOptions {
  /** Undefined: the operator does not ask for reports. */
  readonly allowance: ReportAllowance | undefined;
  readonly metrics: Pick<Metrics, 'devicesReported'>;
  readonly after: (ms: number, run: () => void) => () => void;
}

/** Bytes; a report has a few hundred. */
const MAX_BYTES = 4096;

/** Other sites' pages can send texts here without being asked for leave, and JSON only with it. */
function checkType({ headers }: FastifyRequest): void {
  const type = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== 'application/json') throw new TwinlensError('UNSUPPORTED_MEDIA', 'Send the report as application/json.');
}

export function deviceReportsHandler({ allowance, metrics, after }: DeviceReportsOptions) {
  return async (request: FastifyRequest, reply: FastifyReply) => {
    try {
      if (!allowance) {
        throw new TwinlensError('NOT_FOUND', 'This gateway takes no device reports (TWINLENS_DEVICE_REPORTS is off).');
      }
      allowance.take(request.ip);
      checkType(request);
      metrics.devicesReported(await readJson(request, deviceReportSchema, MAX_BYTES));
    } catch (error) {
      discardRest(request.raw, after);
      throw error;
    }
    return reply.code(204).send();
  };
}
