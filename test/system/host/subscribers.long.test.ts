import { expect, test } from 'vitest';
import { eventually } from '../../support/child-process.js';
import { listen } from '../../support/listen.js';
import { OWN_NODE } from '../../support/matrix.js';
import { get, REGISTER } from '../../support/registered-app.js';
import { APP, expectToLive, firstDelivery, preload, startHost } from './hosts.js';

const SUBSCRIBERS = preload('subscribers');

async function namesOfHeaders(args: readonly string[]) {
  const seen: Record<string, unknown> = {};
  const target = await listen((request, response) => {
    seen[request.url ?? ''] = request.headers['x-subscriber'];
    response.end();
  });
  const { receiver, app } = await startHost([...args, APP], { env: { TARGET: target } });
  await get(`${app.url}/calls`);
  const [bulk] = await eventually(() => receiver.bulks.length > 0 && receiver.bulks);
  return { seen, names: bulk?.rawHeaders.filter((_, i) => i % 2 === 0) };
}

test.each([
  ['before', [...SUBSCRIBERS, ...REGISTER]],
  ['after', [...REGISTER, ...SUBSCRIBERS]],
])(
  'what a process publishes of the requests that it sends changes no delivery, if it was subscribed to %s the package is loaded',
  async (_when, flags) => {
    const alone = await namesOfHeaders(REGISTER);
    const { seen, names } = await namesOfHeaders(flags);
    // Node.js 20 publishes a request that a process sends after its headers are sent.
    expect(seen).toEqual({ '/http': OWN_NODE >= 22 ? 'created' : undefined, '/fetch': 'undici' });
    expect(names).toEqual(alone.names);
    await expectToLive([...flags, APP], {});
  },
);

test('nothing is published of a request that nobody has sent', async () => {
  const namesOf = async (flags: readonly string[]) => {
    const host = await startHost([...flags, ...SUBSCRIBERS, APP]);
    await get(host.app.url);
    if (flags.length > 0) await firstDelivery(host);
    return JSON.parse(await get(`${host.app.url}/published`));
  };
  const alone = await namesOf([]);
  expect(alone).toContain('http.server.request.start /published');
  expect(await namesOf(REGISTER)).toEqual(alone);
});
