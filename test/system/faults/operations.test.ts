import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { setEnvironment } from '../../support/environment.js';
import type { FaultProxy } from '../../support/fault-proxy.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { rideOut } from './ride-out.js';

const OLD = 'a'.repeat(32);
const NEW = 'b'.repeat(32);

/** A file with a token, which the environment names. */
function tokenFile(token: string): string {
  const folder = temporaryFolder();
  const file = join(folder, 'token');
  writeFileSync(file, `${token}\n`);
  setEnvironment({ MATOMO_TOKEN_AUTH_FILE: file });
  return file;
}

test('the token is replaced in its file, then the old one is revoked', async (context) => {
  const file = tokenFile(OLD);
  let requests: ReturnType<FaultProxy['requests']> = [];
  let sentBefore = 0;
  const row = await rideOut(
    context,
    {
      begin(_matomo, proxy) {
        requests = proxy.requests();
        sentBefore = requests.length;
        writeFileSync(file, NEW);
        const body = '{"status":"success","tracked":0,"invalid":1000}';
        void proxy.play({
          kind: 'answer',
          where: (sent) => sent.includes(OLD),
          status: '200 OK',
          body,
        });
      },
      end: () => undefined,
    },
    {},
  );
  expect(row.stats).toMatchObject({ tracked: row.hits, invalid: 0, resent: 0 });
  expect(row.lines).toEqual([]);
  const rejected = requests.slice(sentBefore).filter(({ body }) => body.includes(OLD));
  expect(rejected).toHaveLength(1);
});

test('the token is revoked and not replaced', async (context) => {
  tokenFile(OLD);
  let rejected = 0;
  const row = await rideOut(
    context,
    {
      begin: (_matomo, proxy) =>
        proxy.play({
          kind: 'answer',
          where(body) {
            rejected += 1;
            return body.includes(OLD);
          },
          status: '200 OK',
          body: '{"status":"success","tracked":0,"invalid":1000}',
        }),
      end: () => undefined,
      endsFirst: true,
    },
    {
      lost: ['shutdown'],
      logs: /: \d+ hits.*\[token-rejected\]/,
    },
  );
  expect(row.lines.join('')).toMatch(/\(Matomo rejected .*\[lost-at-shutdown\]/);
  // Three, and one at shutdown.
  expect(rejected).toBeLessThanOrEqual(4);
});
