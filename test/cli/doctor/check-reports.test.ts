import { expect, test } from 'vitest';
import { checkReports } from '../../../src/cli/doctor/check-site.js';
import { resolveOptions } from '../../../src/options/resolve-options.js';
import { silentDiagnostics } from '../../support/diagnostics.js';
import { type ApiCall, type ApiRole, startMatomoApi, tokenOf } from '../../support/matomo-api.js';

/** The verdicts and codes of a site's reports. */
async function check(
  siteId: number,
  answer: (call: ApiCall) => unknown = () => undefined,
  role: ApiRole = 'super',
) {
  const matomo = await startMatomoApi({ answer });
  const findings = await checkAt(matomo.url, siteId, role);
  expect(matomo.unrecorded).toEqual([]);
  return findings;
}

function checkAt(url: string, siteId: number, role: ApiRole) {
  const given = { url, siteId, tokenAuth: tokenOf(role) };
  const options = resolveOptions(given, {}, silentDiagnostics());
  if (!options) throw new Error('no options');
  return checkReports(options);
}

test('a report of which more than a tenth is "Others" is reported, and orders of a site without e-commerce', async () => {
  const [pages, titles, orders, ...rest] = await check(4);
  expect(pages).toMatchObject({ verdict: 'warning', code: 'report-others' });
  expect(pages?.found).toContain('50 %');
  expect(pages?.advice).toContain('MATOMO_URL_PATHS=template');
  expect(pages?.advice).toMatch(/\bdatatable_archiving_maximum_rows_subtable_actions = \d/);
  expect(titles).toMatchObject({ verdict: 'ok', found: expect.stringContaining('1 %') });
  expect(orders).toMatchObject({ verdict: 'warning', code: 'no-ecommerce' });
  expect(orders?.found).toContain('2 orders');
  expect(rest).toEqual([]);
});

test('a site with e-commerce may have orders', async () => {
  const findings = await check(4, ({ method }) =>
    method === 'SitesManager.getSiteFromId' ? { idsite: 4, ecommerce: 1 } : undefined,
  );
  expect(findings.map(({ code }) => code)).toEqual(['report-others', undefined]);
});

test.each<[string, ApiRole]>([
  ['reports without rows', 'super'],
  ['a token without access', 'noaccess'],
])('%s: what is not known is a question mark', async (_what, role) => {
  const findings = await check(1, undefined, role);
  expect(findings.map(({ verdict }) => verdict)).toEqual(['unknown']);
});

test('a server that does not answer is not a site without page views', async () => {
  const findings = await checkAt('http://127.0.0.1:1', 1, 'write');
  expect(findings).toMatchObject([
    { verdict: 'unknown', found: expect.stringMatching(/\b1\b.*ECONNREFUSED/) },
  ]);
});

test.each([
  [9, 'ok'],
  [10, 'ok'],
  [11, 'warning'],
])('%d of 100 hits in "Others": %s', async (hits, verdict) => {
  const rows = [
    { label: '/a', nb_hits: 100 - hits },
    { label: 'Others', nb_hits: hits, is_summary: '1' },
  ];
  const [pages] = await check(1, ({ method }) =>
    method === 'Actions.getPageUrls' ? rows : undefined,
  );
  expect(pages?.verdict).toBe(verdict);
});
