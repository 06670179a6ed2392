import { describe, expect, test } from 'vitest';
import type { GatewayStats } from '../../src/gateway/index.js';
import { startBulkReceiver } from '../support/bulk-receiver.js';
import { eventually, startServer } from '../support/child-process.js';
import { sumOfResults } from '../support/delivery.js';
import { sendSpans, startGatewayProcess } from '../support/gateway.js';
import { below, exportRequest, requestSpan } from '../support/otlp-spans.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';
import { APPS, REGISTER } from '../support/registered-app.js';
import { sorted } from '../support/sorted.js';

const VISITORS = ['ann', 'bob', 'cat'];
const ROUNDS = 6;
const DAY_MILLIS = 24 * 3_600_000;

const utcDayOf = (millis: number) => Math.floor(millis / DAY_MILLIS);

/** `raw-ann-3`: the third request of a visitor, as that source makes it. */
const nameOf = (source: string, visitor: string, round: number) => `${source}-${visitor}-${round}`;
const namesOf = (source: string) =>
  VISITORS.flatMap((visitor) =>
    Array.from({ length: ROUNDS }, (_, round) => nameOf(source, visitor, round)),
  );

describe('a service and two gateways that share a Redis', () => {
  test('every request of each is one hit, and those that one process made for a visitor are in order', async () => {
    const begun = Date.now();
    const redis = await startRedis();
    const matomo = await startBulkReceiver();
    const env = {
      MATOMO_URL: matomo.url,
      MATOMO_SITE_ID: '1',
      MATOMO_SPOOL: redis.url,
      MATOMO_VISITOR_KEY: 'shared', // one in Redis is not used by a process that is too busy to open the spool in time
      MATOMO_SCHEDULE_DELAY: '50',
    };
    const gateways = await Promise.all([startGatewayProcess(env), startGatewayProcess(env)]);
    const app = await startServer([...REGISTER, `${APPS}/plain-http.cjs`], { env });
    const isKnown = async (names: readonly string[]) => {
      const known = new Set([...matomo.tracked(), ...(await storedIn(redis))]);
      return names.every((name) => known.has(name));
    };

    async function serve(round: number): Promise<void> {
      for (const visitor of VISITORS) {
        const headers = { 'user-agent': visitor, connection: 'close' };
        await (await fetch(`${app.url}/${nameOf('node', visitor, round)}`, { headers })).text();
      }
    }

    /** A trace comes in two exports, to one gateway. The next request of the visitor goes to the other. */
    async function sendRaw(round: number): Promise<void> {
      for (const [i, visitor] of VISITORS.entries()) {
        const gateway = gateways[(round + i) % 2] as (typeof gateways)[number];
        const request = requestFrom('raw', visitor, round);
        for (const span of [below(request, { 'matomo.perf_key': 'pf_dm1' }), request]) {
          expect((await sendSpans(gateway, exportRequest([span]))).status).toBe(200);
        }
      }
      await eventually(() => isKnown(VISITORS.map((visitor) => nameOf('raw', visitor, round))));
    }

    matomo.play({ refusals: 1000 });
    for (let round = 0; round < ROUNDS; round++) {
      if (round === ROUNDS / 2) matomo.play({});
      await Promise.all([serve(round), sendRaw(round)]);
    }
    const all = ['node', 'raw'].flatMap(namesOf);
    await eventually(() => matomo.tracked().length >= all.length);
    await eventually(async () => (await storedIn(redis)).length === 0);
    await app.stop('SIGKILL');
    const stats = await Promise.all(gateways.map(({ finish }) => finish()));

    expect(sorted(matomo.tracked())).toEqual(sorted(all));
    const days = new Set([begun, Date.now()].map(utcDayOf)); // each has its own IDs
    const visitors = new Set(matomo.bulks.flatMap((bulk) => bulk.visitors));
    expect(visitors.size).toBe(VISITORS.length * days.size);
    for (const visitor of VISITORS) {
      const ofVisitor = matomo.tracked().filter((name) => name.startsWith(`node-${visitor}-`));
      expect(ofVisitor).toEqual(
        Array.from({ length: ROUNDS }, (_, round) => nameOf('node', visitor, round)),
      );
    }
    expect(stats.map(({ hits }) => hits)).toEqual([ROUNDS * 1.5, ROUNDS * 1.5]);
    for (const one of stats) expectSettled(one);
  });
});

/** Names of the hits in all streams. */
async function storedIn(redis: RedisServer): Promise<string[]> {
  const keys = (await redis.command('KEYS', 'matomo-spool:*')) as string[];
  const streams = keys.filter((key) => /:(?:hits|failed|suspects)(?::token)?$/.test(key));
  const entries = await Promise.all(streams.map((key) => redis.command('XRANGE', key, '-', '+')));
  return (entries.flat() as [string, string[]][]).flatMap(([, fields]) => {
    const lines = fields[fields.indexOf('h') + 1]?.split('\n') ?? [];
    return lines.map((line) => {
      const query = line.split(' ').at(-1) ?? '';
      return new URL(new URLSearchParams(query).get('url') ?? '').pathname.slice(1);
    });
  });
}

/** As the service sees such a visitor: from loopback, with nothing but a user agent. */
function requestFrom(source: string, visitor: string, round: number) {
  const start = BigInt(Date.now()) * 1_000_000n;
  return requestSpan(
    `/${nameOf(source, visitor, round)}`,
    { startTimeUnixNano: String(start), endTimeUnixNano: String(start + 10_000_000n) },
    { 'user_agent.original': visitor, 'network.peer.address': '127.0.0.1' },
  );
}

function expectSettled(stats: GatewayStats): void {
  const { hits, claimed, stored, spans } = stats;
  expect(sumOfResults(stats) + stored).toBe(hits + claimed);
  expect(stats).toMatchObject({ pending: 0, pendingRequests: 0 });
  expect(spans).toEqual({ received: 2 * hits, rejected: 0, waiting: 0, used: 2 * hits, unused: 0 });
}
