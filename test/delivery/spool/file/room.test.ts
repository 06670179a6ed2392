import { expect, onTestFinished, test } from 'vitest';
import { createDiagnostics } from '../../../../src/common/diagnostics.js';
import { FileSpoolOpener } from '../../../../src/delivery/spool/file/file-spool.js';
import { openRedisSpool } from '../../../../src/delivery/spool/redis/redis-spool.js';
import type { SpoolStore } from '../../../../src/delivery/spool/spool-store.js';
import type { Hit } from '../../../../src/hit/hit.js';
import { eventually } from '../../../support/child-process.js';
import { startRedis } from '../../../support/redis-server.js';
import { temporaryFolder } from '../../../support/spool.js';

const matomoUrl = 'https://matomo.test/matomo.php';
const maxBytes = 100_000;
const hit: Hit = { site: 1, visitor: 'v', startSeconds: 1, kind: 'page', query: '?h=a' };

function inFolder(): () => SpoolStore {
  const folder = temporaryFolder();
  const options = { folder, url: matomoUrl, maxBytes };
  return () => new FileSpoolOpener(options, createDiagnostics()).open() as SpoolStore;
}

async function inRedis(): Promise<() => SpoolStore> {
  const { url } = await startRedis();
  const options = { url, matomoUrl, maxBytes, exportTimeoutMillis: 1000 };
  const rest = { keepsVisitorKey: false, quietly: <T>(run: () => T) => run() };
  return () => openRedisSpool({ ...options, ...rest }, createDiagnostics());
}

test.each([
  ['a folder', inFolder],
  ['Redis', inRedis],
] as const)(
  'the room in %s is what nobody has stored and nothing is on its way for',
  async (_where, create) => {
    const open = await create();
    const [one, other] = [open(), open()];
    for (const store of [one, other]) {
      store.start({ count: () => undefined, giveBack: () => undefined });
      onTestFinished(() => store.close());
      await store.ready;
    }
    expect(one.room).toBe(maxBytes);
    one.append([hit, hit, hit]);
    expect(one.room).toBe(maxBytes - 3000);
    await one.write();
    await eventually(() => other.room < maxBytes && other.room === one.room);
    expect(maxBytes - one.room).toBeGreaterThan(3 * hit.query.length);
    expect(maxBytes - one.room).toBeLessThan(200);
  },
);
