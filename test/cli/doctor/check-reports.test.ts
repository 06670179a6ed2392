import { expect, test } from 'vitest';
import { checkReports } from '../../../src/cli/doctor/check-site.js';
import { resolveOptions } from '../../../src/options/resolve-options.js';
import { silentDiagnostics } from '../../support/diagnostics.js';
import {
  type ApiCall,
  type ApiRole,
  answering,
  startMatomoApi,
  tokenOf,
} from '../../support/matomo-api.js';

function checkAt(url: string, siteId: number, role: ApiRole = 'write') {
  const given = { url, siteId, tokenAuth: tokenOf(role) };
  const options = resolveOptions(given, {}, silentDiagnostics());
  if (!options) throw new Error('no options');
  return checkReports(options);
}

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
  const site = { idsite: 4, ecommerce: 1 };
  const findings = await check(4, answering('SitesManager.getSiteFromId', site));
  expect(findings.map(({ code }) => code)).toEqual(['report-others', undefined]);
});

test('reports without rows, and a server that does not answer, are question marks', async () => {
  expect(await check(1)).toMatchObject([{ verdict: 'unknown' }]);
  expect(await check(1, undefined, 'noaccess')).toMatchObject([{ verdict: 'unknown' }]);
  const found = expect.stringMatching(/\b1\b.*ECONNREFUSED/);
  expect(await checkAt('http://127.0.0.1:1', 1)).toMatchObject([{ verdict: 'unknown', found }]);
});

test.each([
  [10, 'ok'],
  [11, 'warning'],
])('%d of 100 hits in "Others": %s', async (hits, verdict) => {
  const rows = [
    { label: '/a', nb_hits: 100 - hits },
    { label: 'Others', nb_hits: hits, is_summary: '1' },
  ];
  const [pages] = await check(1, answering('Actions.getPageUrls', rows));
  expect(pages?.verdict).toBe(verdict);
});
