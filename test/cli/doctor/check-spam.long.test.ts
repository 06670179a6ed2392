import { expect, test } from 'vitest';
import type { InspectorOptions } from '../../../src/inspector/index.js';
import { checkWithApi } from '../../support/cli.js';
import { answering } from '../../support/matomo-api.js';

/** Runs doctor against a tracker with the rules of the plugin, and an API that says whether the plugin is active. */
async function diagnose(
  inspector: InspectorOptions,
  isActive: boolean,
  { env = {}, sends = false }: { env?: Record<string, string>; sends?: boolean } = {},
) {
  const answer = answering('TrackingSpamPrevention', { value: isActive });
  const diagnosis = await checkWithApi({ answer }, { inspector, env, sends });
  return { ...diagnosis, hits: diagnosis.hits(), spam: diagnosis.about('spam') };
}

const NEW = { matomoVersion: '6' } as const;
const NO_TOKEN = { MATOMO_TOKEN_AUTH: '' };
const OTHER_RULES = {
  ...{ blockHeadless: false, blockLibraries: true, clouds: [] },
  organizations: ['5.9.0.0/16'],
};

test.each([false, true])(
  'what a new Matomo 6 drops is found, and the settings are named (--send: %s)',
  async (sends) => {
    const { code, hits, spam, about } = await diagnose(NEW, true, { sends });
    const found =
      /AWS, Azure, DigitalOcean, Google Cloud, Oracle, headless.*TrackingSpamPrevention/;
    const advice =
      'block_clouds = 0, cloud_blocking_mode = "off", block_headless = 0 in the section [TrackingSpamPrevention]';
    expect(spam).toEqual([
      {
        ...{ check: 'spam', verdict: 'warning', code: 'spam-prevention' },
        found: expect.stringMatching(found),
        advice: expect.stringContaining(advice),
      },
    ]);
    expect(about('storing')[0]?.verdict).toBe('ok');
    expect(hits.filter(({ stored }) => stored !== null)).toHaveLength(sends ? 1 : 0);
    expect(code).toBe(0);
  },
);

test('each of its other rules is found, a plugin that drops nothing is fine, and one that is off is not asked about', async () => {
  const others = await diagnose({ spamPrevention: OTHER_RULES }, true);
  expect(others.spam[0]?.found).toMatch(/Hetzner, client libraries/);
  const advice = 'set cloud_blocking_mode = "off", blockServerSideLibraries = 0';
  expect(others.spam[0]?.advice).toContain(advice);
  const active = await diagnose({}, true);
  const found = expect.stringContaining('is active');
  expect(active.spam).toMatchObject([{ verdict: 'ok', found }]);
  const off = await diagnose({}, false);
  expect(off.spam).toEqual([]);
  expect(active.hits.length - off.hits.length).toBe(8);
});

test('without a token, clients are probed and addresses are not; a server in a cloud is told of the plugin', async () => {
  const { spam, matomo } = await diagnose(NEW, true, { env: NO_TOKEN });
  const found = expect.stringMatching(/headless.*probably/);
  expect(spam).toMatchObject([{ verdict: 'warning', found }]);
  expect(matomo.calls).toEqual([]);
  const spamPrevention = { clouds: ['127.0.0.0/8'] };
  const cloud = await diagnose({ spamPrevention }, true, { env: NO_TOKEN });
  const advice = expect.stringContaining('plugin TrackingSpamPrevention');
  expect(cloud.about('storing')).toMatchObject([{ code: 'silently-dropped', advice }]);
  expect(cloud.spam).toEqual([]);
});

test('if only AI chatbots are sent, which the plugin keeps, doctor reports nothing about it', async () => {
  const env = { MATOMO_PAGE_VIEWS: 'false' };
  expect((await diagnose(NEW, true, { env })).spam).toEqual([]);
});
