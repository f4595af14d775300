/** Client tokens as a page can send them: a real browser's WebSocket, which sets no header. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { tokenProtocol } from '../../core/token-protocol.ts';
import { type Site, startSite, visit } from './site.ts';

const TOKEN = 'the/secret+of=a-page';

let site: Site;
const folder = mkdtempSync(join(tmpdir(), 'twinlens-page-tokens-'));
test.beforeAll(async () => {
  const file = join(folder, 'clients');
  writeFileSync(file, `page:${TOKEN}\n`);
  site = await startSite({ TWINLENS_CLIENT_TOKENS_FILE: file });
});
test.afterAll(async () => {
  await site.close();
  rmSync(folder, { recursive: true });
});

test('the right token is welcome among the subprotocols, a wrong one and none can read why not', async () => {
  const { browser, page } = await visit(site.gateway.url);
  const dial = (protocols: readonly string[]) =>
    page.evaluate(
      ({ url, offered }) =>
        new Promise<{ selected: string; messages: string[]; code: number }>((resolve) => {
          const socket = new WebSocket(url, offered);
          const messages: string[] = [];
          socket.onmessage = ({ data }) => {
            messages.push(String(JSON.parse(String(data)).type));
            if (messages[0] === 'welcome') socket.close(1000);
          };
          socket.onclose = ({ code }) => resolve({ selected: socket.protocol, messages, code });
        }),
      { url: site.gateway.streamUrl, offered: [...protocols] },
    );
  const selected = 'twinlens.v1';
  expect(await dial([selected, tokenProtocol(TOKEN)])).toEqual({ selected, messages: ['welcome'], code: 1000 });
  for (const protocols of [[selected, tokenProtocol('wrong')], [selected]]) {
    expect(await dial(protocols)).toEqual({ selected, messages: ['error'], code: 4401 });
  }
  await browser.close();
});
