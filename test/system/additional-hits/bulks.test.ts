import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { trackEvent, trackGoal, trackHit, trackOrder } from '../../../src/index.js';
import type { InspectedHit } from '../../../src/inspector/index.js';
import type { MatomoOptions } from '../../../src/options.js';
import { type Fault, startFaultProxy } from '../../support/fault-proxy.js';
import { captureOutput } from '../../support/output.js';
import { startRedis } from '../../support/redis-server.js';
import { sorted } from '../../support/sorted.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { startTracedService } from '../../support/traced-service.js';
import { isMixed } from '../faults/mixture.js';

const CHATBOT = 'ChatGPT-User/1.0';
const REQUESTS = 15;
const MAX_SIZES = [1, 2, 7, 100];

const isOfChatbot = (number: number) => number % 5 === 4;
const hitsIn = (body: string) => body.split('?idsite=').length - 1;

function answer({ url = '', headers }: IncomingMessage, response: ServerResponse): void {
  const path = url.slice(1);
  if (headers['user-agent'] !== CHATBOT) {
    trackEvent('Request', `event ${path}`);
    trackGoal(Number(path) + 1, { e_n: `goal ${path}` });
    trackOrder({ id: `order ${path}`, revenue: 20, items: [{ sku: 'mug', price: 20 }] });
    trackHit({ search: `search ${path}` });
  }
  response.end('ok');
}

function nameOf({ params }: InspectedHit): string | undefined {
  return params.e_a ?? params.e_n ?? params.ec_id ?? params.search ?? params.action_name;
}

/** The names of all hits in the order in which Matomo is to get them: those of people, and those of AI chatbots. */
function expectedNames(): { people: string[]; chatbots: string[] } {
  const numbers = Array.from({ length: REQUESTS }, (_, number) => number);
  const additional = ['event', 'goal', 'order', 'search'];
  return {
    people: numbers
      .filter((number) => !isOfChatbot(number))
      .flatMap((number) => ['GET /:id', ...additional.map((kind) => `${kind} ${number}`)]),
    chatbots: numbers.filter(isOfChatbot).map(() => 'GET /:id'),
  };
}

/** Has a service answer all requests, and gives what Matomo stored and the bulks that came, once nothing is pending. */
async function run(options: MatomoOptions, fault?: Fault) {
  const proxy = await startFaultProxy();
  const service = await startTracedService(answer, {
    url: proxy.url,
    scheduledDelayMillis: 60_000,
    ...options,
  });
  proxy.forwardTo(service.inspector.url);
  await proxy.play(fault);
  for (let number = 0; number < REQUESTS; number++) {
    const headers = isOfChatbot(number) ? { 'user-agent': CHATBOT } : {};
    await service.fetch(`/${number}`, { headers });
  }
  await service.requests(REQUESTS);
  const { processor, inspector } = service;
  const countWaiting = () => {
    const { pending, stored, claimed } = processor.stats();
    return pending + stored - claimed;
  };
  for (let i = 0; i < 200 && countWaiting() > 0; i++) await processor.forceFlush();
  const hits = inspector.hits();
  const ofChatbots = hits.filter(({ verdict }) => verdict === 'ai_chatbot');
  return {
    stats: processor.stats(),
    people: hits.filter((hit) => !ofChatbots.includes(hit)).map(nameOf),
    chatbots: ofChatbots.map(nameOf),
    bulks: proxy.requests().map(({ body }) => ({ size: hitsIn(body), isMixed: isMixed(body) })),
  };
}

type Result = Awaited<ReturnType<typeof run>>;

function expectAll({ stats, people, chatbots, bulks }: Result, maxExportBatchSize: number): void {
  const { people: ofPeople, chatbots: ofChatbots } = expectedNames();
  const all = ofPeople.length + ofChatbots.length;
  const additionalHits = ofPeople.filter((name) => !name.startsWith('GET ')).length;
  expect(stats).toMatchObject({ hits: all, additionalHits, tracked: all, pending: 0 });
  expect({ people, chatbots }).toEqual(expectedNames());
  expect(bulks.filter(({ size }) => size > maxExportBatchSize)).toEqual([]);
  expect(bulks.filter((bulk) => bulk.isMixed)).toEqual([]);
}

test.for(MAX_SIZES)(
  'from memory no bulk has more than %i hits, and each is in order',
  async (max) => {
    expectAll(await run({ maxExportBatchSize: max }), max);
  },
);

test.for(MAX_SIZES)('neither has one from a file spool: %i', async (max) => {
  expectAll(await run({ maxExportBatchSize: max, spool: temporaryFolder() }), max);
});

test('neither has one from Redis', async () => {
  const { url: spool } = await startRedis();
  expectAll(await run({ maxExportBatchSize: 7, spool }), 7);
});

test('bulks that are too large are halved, and everything stays in order', async () => {
  captureOutput();
  const tooLarge: Fault = {
    kind: 'answer',
    where: (body) => hitsIn(body) > 2,
    status: '413 Content Too Large',
  };
  const result = await run({}, tooLarge);
  expectAll(result, 100);
  expect(result.bulks[0]?.size).toBeGreaterThan(2);
});

test('an additional hit that Matomo cannot store costs no other', async () => {
  captureOutput();
  const poison: Fault = {
    kind: 'answer',
    where: (body) => /e_a=event%207\b/.test(body),
    status: '500 Oops',
  };
  const { stats, people, chatbots } = await run({}, poison);
  // It counts as rejected only after a minute.
  expect(stats).toMatchObject({ pending: 1, tracked: stats.hits - 1 });
  const expected = expectedNames();
  expect(sorted(people)).toEqual(sorted(expected.people.filter((n) => n !== 'event 7')));
  expect(chatbots).toEqual(expected.chatbots);
});
