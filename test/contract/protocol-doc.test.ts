/** docs/protocol.md can't drift from the code: its table, its examples and its figures are read and compared. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ERROR_TABLE, errorRow, isErrorCode } from '../../core/errors.ts';
import { decodeClassifyFrame, encodeClassifyFrame, MAX_HEADER_BYTES } from '../../core/frame.ts';
import { parseClientMessage, parseGatewayMessage, STREAM_PATH, SUBPROTOCOL } from '../../core/protocol.ts';
import { parseConfiguration } from '../../gateway/configuration/index.ts';

const text = readFileSync(new URL('../../docs/protocol.md', import.meta.url), 'utf8');
const blocks = (info: string) =>
  [...text.matchAll(new RegExp(`^\`\`\`${info}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map((match) => match[1] ?? '');
const rows = (title: string) => {
  const section = text.split(`\n## ${title}\n`)[1]?.split('\n## ')[0] ?? '';
  return section
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    );
};

describe('docs/protocol.md', () => {
  it('has the error table of core/errors.ts, every row of it and nothing else', () => {
    const documented = rows('Errors').flatMap(([code = '', status, retry, close]) => {
      const name = code.replaceAll('`', '');
      return isErrorCode(name) ? [{ name, status, retry, close }] : [];
    });
    const coded = Object.keys(ERROR_TABLE).filter(isErrorCode);
    expect(documented).toEqual(
      coded.map((name) => {
        const row = errorRow(name);
        return {
          name,
          status: String(row.status),
          retry: row.retryable ? 'yes' : 'no',
          close: String(row.closeCode ?? ''),
        };
      }),
    );
  });

  it('shows examples that the parsers of the two ends take, at least one for every type', () => {
    const sent = blocks('json to-gateway').map(parseClientMessage);
    const received = blocks('json from-gateway').map(parseGatewayMessage);
    expect(new Set(sent.map((message) => message.type))).toEqual(new Set(['classify', 'cancel', 'subscribe', 'ping']));
    expect(new Set(received.map((message) => message.type))).toEqual(
      new Set(['welcome', 'result', 'error', 'model', 'goodbye', 'pong']),
    );
  });

  it('has a hex dump of a frame that the code makes and reads', () => {
    const dump = (blocks('hex')[0] ?? '').trimEnd().split('\n');
    const bytes = Uint8Array.from(
      dump.flatMap((line) =>
        line
          .slice(10, 57)
          .trim()
          .split(' ')
          .map((byte) => Number.parseInt(byte, 16)),
      ),
    );
    const { message, payload } = decodeClassifyFrame(bytes);
    expect(message).toEqual({ type: 'classify', id: '1', image: { encoding: 'jpeg' } });
    expect([...payload]).toEqual([0xff, 0xd8, 0xff, 0xe0]);
    expect([...encodeClassifyFrame(message, payload)]).toEqual([...bytes]);
    for (const [i, line] of dump.entries()) {
      const shown = [...bytes.subarray(i * 16, i * 16 + 16)].map((byte) =>
        byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.',
      );
      expect(line.slice(60, -1)).toBe(shown.join(''));
    }
  });

  it('gives the defaults of the configuration and the constants of core', () => {
    const defaults = parseConfiguration({});
    const limits = new Map(rows('Order, flow and limits').map(([, value = '', setting = '']) => [setting, value]));
    const figure = (setting: string) => Number.parseInt((limits.get(setting) ?? '').replaceAll(',', ''), 10);
    expect(figure('`TWINLENS_MAX_IN_FLIGHT`')).toBe(defaults.maxInFlight);
    expect(figure('`TWINLENS_MAX_BYTES`')).toBe(defaults.maxBytes);
    expect(figure('`TWINLENS_MAX_PIXELS`')).toBe(defaults.maxPixels);
    expect(figure('`TWINLENS_QUEUE_MAX`')).toBe(defaults.queueMax);
    expect(figure('`TWINLENS_QUEUE_MS`')).toBe(defaults.queueMs);
    expect(figure('`TWINLENS_DEADLINE_MS`')).toBe(defaults.deadlineMs);
    expect(figure('`TWINLENS_MAX_SOCKETS`')).toBe(defaults.maxSockets);
    expect(figure('`TWINLENS_MAX_UNREAD_BYTES`')).toBe(defaults.maxUnreadBytes);
    expect(figure('`TWINLENS_PING_MS`')).toBe(defaults.pingMs);
    expect(figure('fixed')).toBe(MAX_HEADER_BYTES);
    expect(text).toContain(`ws://HOST:PORT${STREAM_PATH}`);
    expect(text).toContain(`Sec-WebSocket-Protocol: ${SUBPROTOCOL}`);
  });
});
