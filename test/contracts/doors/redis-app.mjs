// A process that stores hits in Redis, and sends what it claims: to stdout. Lines: `STORED name…`, `SENT name…`, `UNCONFIRMED n`, when `n` hits
// of dead processes were found. Environment: REDIS, NAME, and DEAD_MILLIS, after which a killed process is dead.
import { writeSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

const BUILD = '../../../build/delivery';
const { createDeliveryCounts } = await import(`${BUILD}/delivery-counts.js`);
const { DELIVERY_LIMITS } = await import(`${BUILD}/delivery-limits.js`);
const { LogLines } = await import('../../../build/common/log-lines.js');
const { openRedis } = await import(`${BUILD}/spool/redis-spool.js`);
const { SpoolLog } = await import(`${BUILD}/spool/spool-log.js`);

const MOST = 20;
const { REDIS, NAME, DEAD_MILLIS } = process.env;
const counts = createDeliveryCounts();
const say = (...words) => writeSync(1, `${words.join(' ')}\n`);
const spool = await openRedis({
  place: REDIS,
  matomoUrl: 'https://matomo.test/matomo.php',
  hasToken: false,
  maxBytes: 2 ** 30,
  maxAgeMillis: 86_400_000,
  exportTimeoutMillis: 0,
  resendUnconfirmed: false,
  keys: undefined,
  limits: { ...DELIVERY_LIMITS, listMillis: 20, deadMillis: Number(DEAD_MILLIS) },
  counts,
  log: new SpoolLog(REDIS, new LogLines((line) => process.stderr.write(`${line}\n`))),
});

let made = 0;
let unconfirmed = 0;
for (;;) {
  const names = Array.from({ length: 1 + (made % 37) }, () => {
    made += 1;
    return `${NAME}-${made}`;
  });
  const hits = names.map((name) => ({
    ...{ site: 1, visitor: name, startSeconds: 1_800_000_000, kind: 'page' },
    query: `?h=${name}`,
  }));
  const stored = NAME === 'last' ? 0 : await spool.store(hits);
  say('STORED', ...names.slice(0, stored));
  const claim = await spool.claim(MOST, Number.POSITIVE_INFINITY);
  if (counts.lost.unconfirmed > unconfirmed) {
    say('UNCONFIRMED', counts.lost.unconfirmed - unconfirmed);
    unconfirmed = counts.lost.unconfirmed;
  }
  if (claim) {
    const isGivenBack = made % 5 === 0;
    const sent = claim.hits.slice(isGivenBack ? 7 : 0);
    if (isGivenBack) await claim.giveBack(claim.hits.slice(0, 7), claim.failures === 0 ? 1 : 0);
    say('SENT', ...sent.map(({ query }) => query.slice('?h='.length)));
    await claim.done({ tracked: sent.length });
  } else if (NAME === 'last') await wait(10);
}
