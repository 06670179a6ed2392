import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { runChecks, runCli } from '../support/cli.js';
import { listen } from '../support/listen.js';
import { type ApiRole, answering, startMatomoApi, tokenOf } from '../support/matomo-api.js';

const ACCEPTED = '{"status":"success","tracked":1,"invalid":0}';
const REJECTED = '{"status":"success","tracked":0,"invalid":1}';

/** A Matomo of a version, whose API accepts the token of a role, and its tracker does not. */
async function startVersion({ role = 'super' as ApiRole, version = '5.2.0' }) {
  const tried: string[] = [];
  const tracker = await listen(async (request, response) => {
    const { token_auth: token } = JSON.parse(await text(request)) as { token_auth?: string };
    if (token !== undefined) tried.push(token);
    response.setHeader('Content-Type', 'application/json');
    response.end(token === undefined ? ACCEPTED : REJECTED);
  });
  const answer = answering('API.getMatomoVersion', { value: version });
  const { url } = await startMatomoApi({ tracker, answer });
  const token = tokenOf(role);
  const env = { MATOMO_URL: url, MATOMO_SITE_ID: '1', MATOMO_TOKEN_AUTH: token };
  return { env, tried, token };
}

const SECURE = /API accepts the token .*super user.*"Only allow secure requests".*Matomo 5\.4/;
const RECENT = /API accepts the token with write access to site 1, but its tracker rejects it\b/;

test.for([
  { version: '5.2.0-b5', role: 'super', found: SECURE, advice: /not a super user, or update/ },
  { version: '5.4.0', role: 'super', found: RECENT, advice: /five minutes/ },
] as const)(
  'a token of role $role that the tracker of Matomo $version rejects: doctor and setup say why, after one attempt',
  async ({ found, advice, ...matomo }) => {
    const { env, tried, token } = await startVersion(matomo);
    const { about, output } = await runChecks(env);
    const texts = { found: expect.stringMatching(found), advice: expect.stringMatching(advice) };
    expect(about('token')).toMatchObject([
      { verdict: 'problem', code: 'token-rejected', ...texts },
    ]);
    expect(tried).toEqual([token]);

    const { stderr, output: ofSetup } = await runCli(['setup', '--dry-run'], env);
    expect(stderr).toMatch(found);
    expect(stderr).toMatch(advice);
    expect(stderr).toContain('[token-rejected]');
    expect(tried).toEqual([token, token]);
    expect(output + ofSetup).not.toContain(token);
  },
);

test('setup does not try a token that may only view', async () => {
  const viewer = await startVersion({ role: 'view' });
  await runCli(['setup', '--dry-run'], viewer.env);
  expect(viewer.tried).toEqual([]);
});
