import { expect, onTestFinished, test } from 'vitest';
import { Delivery } from '../../src/delivery/delivery.js';
import { DELIVERY_LIMITS } from '../../src/delivery/delivery-limits.js';
import { createTransport } from '../../src/delivery/http/create-transport.js';
import { openFolder } from '../../src/delivery/spool/folder-spool.js';
import { SpoolLog } from '../../src/delivery/spool/spool-log.js';
import { eventually } from '../support/child-process.js';
import { DEFAULT_OPTIONS } from '../support/default-options.js';
import { collectDiagnostics } from '../support/diagnostics.js';
import { freePort } from '../support/free-port.js';
import { startMatomo } from '../support/matomo.js';
import { startNginx } from '../support/nginx.js';
import { requires } from '../support/skips.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const HITS = 300;
const SPOOL_OPTIONS = {
  matomoUrl: 'https://matomo.test/matomo.php',
  maxBytes: 2 ** 30,
  maxAgeMillis: 7 * 86_400_000,
  exportTimeoutMillis: 30_000,
  hasToken: true,
  resendUnconfirmed: false,
  keys: undefined,
  limits: DELIVERY_LIMITS,
};
/** Paths that scanners request. */
const ATTACKS = ['../../etc/passwd', '%3Cscript%3E'];
const MINUTE = 60_000;

/** Starts a Matomo behind a web application firewall: 403 for a body with an attack. */
async function startFirewall() {
  const inspector = await startMatomo();
  const [port, blocked] = await Promise.all([freePort(), freePort()]);
  // nginx reads the body before it chooses where to pass it because of `mirror`.
  await startNginx(
    `map $request_body $matomo {
      default ${new URL(inspector.url).host};
      "~(\\.\\./\\.\\./etc/passwd|%3Cscript%3E)" 127.0.0.1:${blocked};
    }
    server {
      listen 127.0.0.1:${port};
      client_body_buffer_size 1m;
      location / { mirror /read; proxy_pass http://$matomo; }
      location = /read { internal; return 204; }
    }
    server { listen 127.0.0.1:${blocked}; return 403; }`,
    port,
  );
  return { inspector, url: new URL(`http://127.0.0.1:${port}/matomo.php`) };
}

function startDelivery(url: URL, withSpool: boolean) {
  const { diagnostics, logged } = collectDiagnostics();
  const { lines } = diagnostics;
  const place = temporaryFolder();
  const delivery = new Delivery({
    options: { ...DEFAULT_OPTIONS, tokenAuth: 't', scheduledDelayMillis: 200 },
    transport: createTransport({ ...DEFAULT_OPTIONS, url, userAgent: 'test' }),
    ...{ diagnostics, lines },
    openSpool: withSpool
      ? async (counts) =>
          openFolder({ ...SPOOL_OPTIONS, place, counts, log: new SpoolLog(place, lines) })
      : undefined,
  });
  onTestFinished(() => delivery.shutdown(1000));
  let made = 0;
  const push = (path = `r/${withSpool}/${made}`) => {
    made += 1;
    const startSeconds = Math.floor(Date.now() / 1000);
    const visitor = String(made);
    const cid = made.toString(16).padStart(16, '0');
    const query = `?idsite=1&rec=1&cid=${cid}&url=https://shop.test/${path}&cdt=${startSeconds}`;
    delivery.put({ site: 1, visitor, startSeconds, kind: 'action', query });
  };
  return { delivery, logged, push };
}

test('a firewall that rejects bulks with an attack stops no other hit, with and without a spool', async () => {
  requires('nginx');
  requires('time'); // hits are tried one by one, with back-off
  const { inspector, url } = await startFirewall();
  const deliveries = [startDelivery(url, false), startDelivery(url, true)];
  for (const { push } of deliveries) {
    for (let i = 0; i < HITS - ATTACKS.length; i++) push();
    for (const path of ATTACKS) push(path);
  }
  const others = HITS - ATTACKS.length;
  const tracked = () => deliveries.map(({ delivery }) => delivery.counts.tracked);
  await eventually(() => tracked().every((count) => count >= others), {
    timeoutMillis: MINUTE,
  });

  for (const { delivery, push } of deliveries) {
    let looks = 0;
    await eventually(
      () => {
        if (++looks % 20 === 0) push();
        return delivery.counts.lost.rejected === ATTACKS.length;
      },
      { timeoutMillis: 5 * MINUTE },
    );
  }
  for (const { delivery, logged } of deliveries) {
    await eventually(() => delivery.pending === 0);
    const lines = logged.filter((line) => line.endsWith('[rejected]'));
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(line).toMatch(/\b403\b/);
    expect(delivery.counts).toMatchObject({ invalid: 0, lost: { unconfirmed: 0 } });
  }
  const stored = inspector.hits().filter(({ stored: page }) => page !== undefined);
  expect(stored).toHaveLength(tracked().reduce((sum, count) => sum + count, 0));
}, 600_000);
