// The rules of the plugin TrackingSpamPrevention, with the user agents and addresses that were measured.
import { expect, test } from 'vitest';
import type { InspectorOptions } from '../../src/inspector/index.js';
import { words } from '../support/words.js';
import { hit, NOW, sendBulk, start } from './inspector-client.js';

type Parameters = Record<string, string>;

const AWS = { cip: '52.94.1.7' };
const HEADLESS = [
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/126.0 Safari/537.36',
  'k6/0.52.0 (https://k6.io/)',
  'Mozilla/5.0 Chrome/126.0 Electron/31.1 Safari/537.36',
  ...words('Cypress/13.1 ApacheBench/2.3 Siege/4.0.4 locust/2.0'),
];
const LIBRARIES = words(`
  python-requests/2.32 curl/8.5.0 node-fetch undici axios/1.7.2 Go-http-client/1.1 okhttp/4.12.0 PostmanRuntime/7.39
  Java/17.0.1 Apache-HttpClient/5.3 GuzzleHttp/7 aiohttp/3.9 python-httpx/0.27 Dart/3.4
`);
const PEOPLE = [
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36',
  'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
  ...words('k6/0.52.0 shop-worker/1.4 node CFNetwork/1494'),
];

/** Why hits were dropped, each sent in a bulk of its own: the setting, or another reason; `undefined` for those that were not. */
async function reasonsOf(
  options: InspectorOptions,
  hits: readonly Parameters[],
  sending: Parameters[] = [{}],
): Promise<(string | undefined)[]> {
  const tokens = { write: 'write', super: 'super' } as const;
  const sites = { 1: { goals: [1] } };
  const inspector = await start({ clock: () => NOW * 1000, sites, tokens, ...options });
  for (const headers of sending) {
    for (const one of hits) {
      const answer = await sendBulk(inspector, [hit(one)], { token: 'super', headers });
      expect(await answer.json()).toMatchObject({ tracked: 1, invalid: 0, invalid_indices: [] });
    }
  }
  return inspector.hits().map(({ verdict, reason, stored }) => {
    if (verdict !== 'dropped') return undefined;
    expect(stored).toBeNull();
    return reason?.replace(/^(\w+): .*\((\w+)\)$/, '$1 $2');
  });
}

const DEFAULT = { spamPrevention: 'default' } as const;
const ofAgents = (agents: readonly string[]) =>
  agents.map((ua) => ({ ua, cip: '203.0.113.9', bots: '1' }));

test('headless browsers and load testers are dropped by default, client libraries only if set', async () => {
  const agents = ofAgents([...HEADLESS, ...LIBRARIES, ...PEOPLE]);
  const byDefault = await reasonsOf(DEFAULT, agents);
  expect(byDefault).toEqual(
    agents.map(({ ua }) => (HEADLESS.includes(ua) ? 'ua block_headless' : undefined)),
  );
  const spamPrevention = { blockHeadless: false, blockLibraries: true };
  expect(await reasonsOf({ spamPrevention }, agents)).toEqual(
    agents.map(({ ua }) => (LIBRARIES.includes(ua) ? 'ua blockServerSideLibraries' : undefined)),
  );
});

test('addresses of clouds are dropped, also of events, goals and users; an IPv4 address in the form of IPv6 is not', async () => {
  const dropped = ['52.94.1.7', '34.64.0.9', '20.33.0.9', '2600:1f00::9'];
  const kept = ['203.0.113.9', '104.16.0.9', '52.95.1.7', '::ffff:52.94.1.7'];
  const kinds = [{ e_c: 'a', e_a: 'b' }, { idgoal: '1' }, { uid: 'u' }, { cid: 'none' }];
  const hits = [...dropped, ...kept].map((cip) => ({ cip }));
  const reasons = await reasonsOf(DEFAULT, [...kinds.map((one) => ({ ...AWS, ...one })), ...hits]);
  expect(reasons).toEqual([
    ...[...kinds, ...dropped].map(() => 'cip block_clouds'),
    ...kept.map(() => undefined),
  ]);
});

const EVERYWHERE = ['52.94.0.0/16'];
const SETTINGS = { organizations: EVERYWHERE, blockLibraries: true };
const HEADLESS_AWS = { ...AWS, ua: 'HeadlessChrome', bots: '1' };
const CHATBOT = {
  ua: 'Mozilla/5.0; compatible; ChatGPT-User/1.0; +https://openai.com/bot',
  ...{ url: 'https://shop.example/a', recMode: '1' },
};

test.each<[InspectorOptions, Parameters, string | undefined]>([
  // The first rule in the order of the plugin decides.
  [{ spamPrevention: { ...SETTINGS, blockList: EVERYWHERE } }, HEADLESS_AWS, 'cip ip_block_list'],
  [{ spamPrevention: SETTINGS }, HEADLESS_AWS, 'ua block_headless'],
  [{ spamPrevention: SETTINGS }, AWS, 'cip cloud_blocking_mode'],
  [{ spamPrevention: { ...SETTINGS, organizations: [] } }, AWS, 'cip block_clouds'],
  [{ spamPrevention: 'off' }, HEADLESS_AWS, undefined],
  // Without an address in the hit, that of the sender counts.
  [
    { spamPrevention: { clouds: ['127.0.0.0/8'] } },
    {},
    'address of the sender: an address of a cloud, dropped by TrackingSpamPrevention (block_clouds)',
  ],
  // Only Matomo 6 has the plugin on.
  [{ matomoVersion: '6' }, AWS, 'cip block_clouds'],
  [{ matomoVersion: '6', spamPrevention: 'off' }, AWS, undefined],
  [{}, AWS, undefined],
  // A bot is one first, and requests by AI chatbots are not filtered.
  [DEFAULT, { ...AWS, ua: 'Googlebot/2.1' }, expect.stringContaining('bots=1')],
  [DEFAULT, { ...AWS, ...CHATBOT }, undefined],
])('with %j, a hit %j is dropped because of %s', async (options, parameters, reason) => {
  expect(await reasonsOf(options, [parameters])).toEqual([reason]);
});

test('behind the proxy of Google Chrome nothing is dropped', async () => {
  const spamPrevention = { blockList: ['66.249.81.0/24'] };
  const google = { cip: '66.249.81.1', bots: '1' };
  const headers = [{ Via: '1.1 chrome-compression-proxy' }, {}];
  expect(await reasonsOf({ spamPrevention }, [google], headers)).toEqual([
    undefined,
    'cip ip_block_list',
  ]);
});
