// The rules of the plugin TrackingSpamPrevention, with the user agents and addresses that were measured.
import { expect, test } from 'vitest';
import type { InspectorOptions, SpamPrevention } from '../../src/inspector/index.js';
import { hit, NOW, sendBulk, start } from './inspector-client.js';

type Parameters = Record<string, string>;

const AWS = { cip: '52.94.1.7' };
const HOME = { cip: '203.0.113.9' };
const HEADLESS = [
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/126.0 Safari/537.36',
  'k6/0.52.0 (https://k6.io/)',
  'Mozilla/5.0 Chrome/126.0 Electron/31.1 Safari/537.36',
  'Cypress/13.1',
  'ApacheBench/2.3',
  'Siege/4.0.4',
  'locust/2.0',
];
const LIBRARIES =
  'python-requests/2.32 curl/8.5.0 node-fetch undici axios/1.7.2 Go-http-client/1.1 okhttp/4.12.0 PostmanRuntime/7.39 Java/17.0.1 Apache-HttpClient/5.3 GuzzleHttp/7 aiohttp/3.9 python-httpx/0.27 Dart/3.4'.split(
    ' ',
  );
const PEOPLE = [
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36',
  'k6/0.52.0',
  'shop-worker/1.4',
  'node',
  'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
  'CFNetwork/1494',
];

function startWith(options: Pick<InspectorOptions, 'spamPrevention' | 'matomoVersion'>) {
  const tokens = { write: 'write', super: 'super' } as const;
  return start({ clock: () => NOW * 1000, sites: { 1: { goals: [1] } }, tokens, ...options });
}

/** Why hits were dropped, each sent in a bulk of its own; `undefined` for those that were not. */
async function reasonsOf(
  spamPrevention: 'default' | 'off' | SpamPrevention,
  hits: readonly Parameters[],
): Promise<(string | undefined)[]> {
  const inspector = await startWith({ spamPrevention });
  for (const one of hits) {
    const answer = await sendBulk(inspector, [hit({ bots: '1', ...one })], { token: 'write' });
    expect(await answer.json()).toEqual({ status: 'success', tracked: 1, invalid: 0 });
  }
  return inspector
    .hits()
    .map(({ verdict, reason }) => (verdict === 'dropped' ? reason : undefined));
}

const ofAgents = (agents: readonly string[]): Parameters[] => agents.map((ua) => ({ ua, ...HOME }));

test('headless browsers and load testers are dropped by default, client libraries only if set', async () => {
  const agents = ofAgents([...HEADLESS, ...LIBRARIES, ...PEOPLE]);
  const byDefault = await reasonsOf('default', agents);
  expect(byDefault.slice(0, HEADLESS.length)).toEqual(
    HEADLESS.map(() => expect.stringContaining('block_headless')),
  );
  expect(new Set(byDefault.slice(HEADLESS.length))).toEqual(new Set([undefined]));
  const libraries = await reasonsOf({ blockHeadless: false, blockLibraries: true }, agents);
  expect(agents.filter((_, index) => libraries[index]).map(({ ua }) => ua)).toEqual(LIBRARIES);
});

test('addresses of clouds are dropped, an IPv4 address in the form of IPv6 is not', async () => {
  const dropped = ['52.94.1.7', '34.64.0.9', '20.33.0.9', '2600:1f00::9'];
  const kept = ['203.0.113.9', '104.16.0.9', '52.95.1.7', '::ffff:52.94.1.7'];
  const reasons = await reasonsOf(
    'default',
    [...dropped, ...kept].map((cip) => ({ cip })),
  );
  expect(reasons).toEqual([
    ...dropped.map(() => expect.stringMatching(/^cip: .*block_clouds/)),
    ...kept.map(() => undefined),
  ]);
});

test.each<[string, Parameters]>([
  ['an event', { e_c: 'a', e_a: 'b' }],
  ['a goal', { idgoal: '1' }],
  ['a user', { uid: 'u' }],
  ['an invalid cid', { cid: 'none' }],
])('%s of a cloud is dropped, also with the token of a super user', async (_, parameters) => {
  const inspector = await startWith({ spamPrevention: 'default' });
  await sendBulk(inspector, [hit({ ...AWS, ...parameters })], { token: 'super' });
  expect(inspector.hits()).toMatchObject([{ verdict: 'dropped', stored: null }]);
});

test('without cip the address of the sender counts', async () => {
  const inspector = await startWith({ spamPrevention: { clouds: ['127.0.0.0/8'] } });
  await sendBulk(inspector, [hit()]);
  expect(inspector.hits()[0]?.reason).toMatch(/^address of the sender: .*block_clouds/);
});

test('the first rule in the order of the plugin decides', async () => {
  const headless = { ua: 'HeadlessChrome' };
  const everywhere = ['52.94.0.0/16'];
  const settings = { organizations: everywhere, blockLibraries: true };
  const reasons = await Promise.all([
    reasonsOf({ ...settings, blockList: everywhere }, [{ ...AWS, ...headless }]),
    reasonsOf(settings, [{ ...AWS, ...headless }, AWS]),
    reasonsOf({ ...settings, organizations: [] }, [AWS]),
    reasonsOf({ blockLibraries: true, clouds: [] }, [{ ...AWS, ua: 'curl/8' }]),
    reasonsOf('off', [{ ...AWS, ...headless }]),
  ]);
  expect(reasons.flat().map((reason) => /\((\w+)\)$/.exec(reason ?? '')?.[1])).toEqual([
    'ip_block_list',
    'block_headless',
    'cloud_blocking_mode',
    'block_clouds',
    'blockServerSideLibraries',
    undefined,
  ]);
});

test('a bot is dropped as a bot first, a request by an AI chatbot is not filtered', async () => {
  const inspector = await startWith({ matomoVersion: '6' });
  const ua = 'Mozilla/5.0; compatible; ChatGPT-User/1.0; +https://openai.com/bot';
  const url = 'https://shop.example/a';
  const hits = [hit({ ...AWS, ua: 'Googlebot/2.1' }), hit({ ...AWS, ua, url, recMode: '1' })];
  await sendBulk(inspector, hits, { token: 'write' });
  expect(inspector.hits()).toMatchObject([
    { verdict: 'dropped', reason: expect.stringContaining('bots=1') },
    { verdict: 'ai_chatbot' },
  ]);
});

test('behind the proxy of Google Chrome nothing is dropped', async () => {
  const inspector = await startWith({ spamPrevention: { blockList: ['66.249.81.0/24'] } });
  const google = hit({ cip: '66.249.81.1', bots: '1' });
  const headers = { Via: '1.1 chrome-compression-proxy' };
  await sendBulk(inspector, [google], { token: 'write', headers });
  await sendBulk(inspector, [google], { token: 'write' });
  expect(inspector.hits().map(({ verdict }) => verdict)).toEqual(['tracked', 'dropped']);
});

test('matomoVersion 6 drops hits of clouds unless spamPrevention is off, newest does not', async () => {
  const cases = [
    [{ matomoVersion: '6' }, 'dropped'],
    [{ matomoVersion: '6', spamPrevention: 'off' }, 'tracked'],
    [{}, 'tracked'],
  ] as const;
  for (const [options, verdict] of cases) {
    const inspector = await startWith(options);
    await sendBulk(inspector, [hit(AWS)], { token: 'write' });
    expect(inspector.hits()).toMatchObject([{ verdict }]);
  }
});
