import { expect, test } from 'vitest';
import type { InspectorOptions } from '../../../src/inspector/index.js';
import { checkWithApi } from '../../support/cli.js';
import type { ApiCall } from '../../support/matomo-api.js';

/** Runs doctor against a tracker with the rules of the plugin, and an API that says whether the plugin is active. */
async function diagnose(
  options: InspectorOptions,
  { isActive, env = {}, sends = false }: { isActive?: boolean; env?: object; sends?: boolean } = {},
) {
  const answer = ({ params }: ApiCall) =>
    params.pluginName === 'TrackingSpamPrevention' ? { value: isActive } : undefined;
  const diagnosis = await checkWithApi({ answer }, { inspector: options, env, sends });
  return { ...diagnosis, hits: diagnosis.hits(), spam: diagnosis.about('spam') };
}

const NO_TOKEN = { MATOMO_TOKEN_AUTH: '' };

test.each([
  ['without --send', false],
  ['with --send', true],
])('what a new Matomo 6 drops is found %s, and the settings are named', async (_, sends) => {
  const options = { matomoVersion: '6' } as const;
  const { code, hits, spam, about } = await diagnose(options, { isActive: true, sends });
  expect(spam).toEqual([
    {
      check: 'spam',
      verdict: 'warning',
      code: 'spam-prevention',
      found: expect.stringMatching(
        /AWS, Azure, DigitalOcean, Google Cloud, Oracle, headless.*TrackingSpamPrevention/,
      ),
      advice: expect.stringContaining(
        'block_clouds = 0, cloud_blocking_mode = "off", block_headless = 0 in the section [TrackingSpamPrevention]',
      ),
    },
  ]);
  expect(about('storing')[0]?.verdict).toBe('ok');
  expect(hits.filter(({ stored }) => stored !== null)).toHaveLength(sends ? 1 : 0);
  expect(code).toBe(0);
});

test('each of its other rules is found too', async () => {
  const spamPrevention = {
    blockHeadless: false,
    blockLibraries: true,
    clouds: [],
    organizations: ['5.9.0.0/16'],
  };
  const { spam } = await diagnose({ spamPrevention }, { isActive: true });
  expect(spam[0]?.found).toMatch(/Hetzner, client libraries/);
  expect(spam[0]?.advice).toContain(
    'set cloud_blocking_mode = "off", blockServerSideLibraries = 0',
  );
});

test('a plugin that drops nothing is fine, and one that is not active is not asked about', async () => {
  const active = await diagnose({}, { isActive: true });
  expect(active.spam).toMatchObject([
    { verdict: 'ok', found: expect.stringContaining('is active') },
  ]);
  const off = await diagnose({}, { isActive: false });
  expect(off.spam).toEqual([]);
  expect(active.hits.length - off.hits.length).toBe(8);
});

test('without a token, clients are probed and addresses are not', async () => {
  const { spam, matomo } = await diagnose({ matomoVersion: '6' }, { env: NO_TOKEN });
  expect(spam).toMatchObject([{ verdict: 'warning' }]);
  expect(spam[0]?.found).toMatch(/headless.*probably/);
  expect(matomo.calls).toEqual([]);
});

test('without a token, a server in a cloud is told which plugin may drop all of its hits', async () => {
  const spamPrevention = { clouds: ['127.0.0.0/8'] };
  const { about, spam } = await diagnose({ spamPrevention }, { env: NO_TOKEN });
  expect(about('storing')).toMatchObject([{ code: 'silently-dropped' }]);
  expect(about('storing')[0]?.advice).toContain('plugin TrackingSpamPrevention');
  expect(spam).toEqual([]);
});

test('if only AI chatbots are sent, which the plugin keeps, doctor reports nothing about it', async () => {
  const env = { MATOMO_PAGE_VIEWS: 'false' };
  expect((await diagnose({ matomoVersion: '6' }, { isActive: true, env })).spam).toEqual([]);
});
