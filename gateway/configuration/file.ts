/** Reads a configuration file: one JSON object. Knows nothing of the settings in it. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { asTwinlensError } from '../../core/errors.ts';

const shape = z.record(z.string(), z.unknown());

/** The object in the file, or in words why there is none. */
export function readSettingsFile(path: string): Readonly<Record<string, unknown>> | string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    return `can't be read: ${asTwinlensError(error).message}`;
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return `${path} is no JSON: ${asTwinlensError(error).message}`;
  }
  const parsed = shape.safeParse(json);
  return parsed.success ? parsed.data : `${path} must hold one JSON object of settings, such as {"port": 8080}`;
}
