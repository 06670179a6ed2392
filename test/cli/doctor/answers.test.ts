import { expect, test } from 'vitest';
import type { Finding } from '../../../src/cli/doctor/finding.js';
import type { PlayedAnswer } from '../../../src/inspector/index.js';
import { matomoOnWire, runDoctor } from '../../support/doctor.js';
import { DATABASE_DIED } from '../../support/scripted-transport.js';

const json = (body: string): PlayedAnswer => ({ body, contentType: 'application/json' });
const shifted = (seconds: number): PlayedAnswer => ({
  headers: { date: new Date(Date.now() + seconds * 1000).toUTCString() },
});

/** The first finding that is neither good nor unknown. */
function trouble(findings: readonly Finding[]): Finding | undefined {
  return findings.find(({ verdict }) => verdict === 'problem' || verdict === 'warning');
}

test.each<[string, PlayedAnswer, Partial<Finding>, found: RegExp, advice: RegExp]>([
  [
    'a redirect',
    { status: 301, headers: { location: 'https://stats.test/matomo.php?a=b' } },
    { check: 'address', verdict: 'problem', code: 'redirected' },
    /points to https:\/\/stats\.test\/matomo\.php;/,
    /MATOMO_URL/,
  ],
  [
    'a firewall',
    { status: 403 },
    { check: 'address', verdict: 'problem', code: 'refused' },
    /answered 403/,
    /pass POST/,
  ],
  [
    'a wrong path',
    { status: 404 },
    { check: 'address', verdict: 'problem', code: 'refused' },
    /answered 404/,
    /matomo\.php/,
  ],
  [
    'another page',
    { body: '<h1>Welcome</h1>' },
    { check: 'address', verdict: 'problem', code: 'not-matomo' },
    /is not Matomo's tracker \(text\/html\)/,
    /MATOMO_URL/,
  ],
  [
    'a server that is down',
    { status: 503 },
    { check: 'address', verdict: 'problem', code: 'unavailable' },
    /answered 503/,
    /web server/,
  ],
  [
    'a database that dies',
    { body: DATABASE_DIED },
    { check: 'address', verdict: 'problem', code: 'rolled-back' },
    /database failed \(SQLSTATE\[HY000\]\)/,
    /database is up/,
  ],
  [
    'a small limit',
    { status: 413 },
    { check: 'address', verdict: 'problem', code: 'too-large' },
    /413/,
    /limit/,
  ],
  [
    'a dead connection',
    { disconnect: 'after-request' },
    { check: 'address', verdict: 'problem', code: 'no-answer' },
    /did not answer/,
    /in front of it/,
  ],
  [
    'tracking switched off',
    json('{"status":"success","tracked":0,"invalid":0}'),
    { check: 'matomo', verdict: 'problem', code: 'nothing-kept' },
    /kept none/,
    /record_statistics/,
  ],
  [
    'a database that is away',
    { status: 500 },
    { check: 'matomo', verdict: 'problem', code: 'rolled-back' },
    /answered 500/,
    /bulk_requests_require_authentication/,
  ],
  [
    'a site that is not there',
    json('{"status":"success","tracked":0,"invalid":1}'),
    { check: 'site', verdict: 'problem', code: 'site-unknown' },
    /no site 1/,
    /MATOMO_SITE_ID/,
  ],
  [
    '204 to everything',
    { status: 204 },
    { check: 'queue', verdict: 'warning', code: 'queued-unseen' },
    /with nothing/,
    /queue/,
  ],
  [
    'images for everything',
    { contentType: 'image/gif' },
    { check: 'queue', verdict: 'warning', code: 'queued-unseen' },
    /an image/,
    /queue/,
  ],
  [
    'a clock an hour ahead of it',
    shifted(-3600),
    { check: 'clock', verdict: 'warning', code: 'clock' },
    /3[56]\d\d s ahead/,
    /NTP/,
  ],
  [
    'a clock two days behind it',
    shifted(172_800),
    { check: 'clock', verdict: 'problem', code: 'clock' },
    /refused/,
    /NTP/,
  ],
])('%s is found', async (_what, answer, expected, found, advice) => {
  const { inspector, env } = await matomoOnWire();
  inspector.play(answer);
  const { code, findings } = await runDoctor(env);
  const first = trouble(findings);
  expect(first).toMatchObject(expected);
  expect(first?.found).toMatch(found);
  expect(first?.advice).toMatch(advice);
  expect(code).toBe(expected.verdict === 'problem' ? 1 : 0);
  expect(inspector.hits().filter(({ stored }) => stored !== null)).toEqual([]);
});

test('a clock that is two days behind is no more than a warning where there is a token', async () => {
  const { inspector, env } = await matomoOnWire();
  inspector.play(shifted(172_800));
  const { code, about } = await runDoctor({ ...env, MATOMO_TOKEN_AUTH: 'a'.repeat(32) });
  expect(about('clock')).toMatchObject([{ verdict: 'warning' }]);
  expect(code).toBe(0);
});
