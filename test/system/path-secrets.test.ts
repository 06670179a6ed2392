// Credentials in paths reach no hit, whoever makes it: the table of segments is in test/hit/page/path-secrets.test.ts.
import { expect, test } from 'vitest';
import { eventually, startServer } from '../support/child-process.js';
import { sendSpans, startGateway } from '../support/gateway.js';
import { jwt } from '../support/jwt.js';
import { exportRequest, requestSpan } from '../support/otlp-spans.js';
import { APPS, matomo, REGISTER } from '../support/registered-app.js';
import { fetchFrom, startTracedService } from '../support/traced-service.js';

const SECRETS = [
  'npm_4fK2mQ7xT9vB1nL6pR3sW8zD5hJ0cY2aGt4E',
  jwt({ sub: 'bob' }),
  'ada@example.org',
  'AAF8xK2mQ7xT9vB1nL6pR3sW8zD5hJ0cY2a',
  '9fk2mq7x',
];
const [NPM, JWT, EMAIL, BOT, RESET] = SECRETS;
const PATHS = [
  `/-/user/token/${NPM}`,
  `/verify/${JWT}`,
  `/users/${EMAIL}`,
  `/bot123456789:${BOT}/getMe`,
  `/reset-password/${RESET}`,
];
const SENT = [
  '/-/user/token/redacted',
  '/verify/redacted',
  '/users/redacted',
  '/redacted/getMe',
  '/reset-password/redacted',
];
const dimensions = { 4: 'matomo.failed_endpoint' } as const;

type Params = Record<string, string>;

function expectRedacted(hits: readonly { readonly params: Params }[]) {
  const paths = hits.map(({ params }) => new URL(params.url ?? '').pathname);
  expect(paths).toEqual(SENT);
  expect(hits.map(({ params }) => params.action_name)).toEqual(SENT.map((sent) => `GET ${sent}`));
  for (const secret of SECRETS) {
    expect(JSON.stringify(hits)).not.toContain(secret);
    expect(JSON.stringify(hits)).not.toContain(encodeURIComponent(secret));
  }
}

test('the processor sends no credential in a path of a page or a referrer', async () => {
  const service = await startTracedService(
    (_request, response) => void response.writeHead(500).end(),
    {
      dimensions,
    },
  );
  for (const path of PATHS) {
    await service.fetch(path, { headers: { referer: `https://ref.example${path}` } });
  }
  await service.requests(PATHS.length);
  const hits = await service.hits();
  expectRedacted(hits);
  expect(hits.map(({ params }) => params.urlref)).toEqual(
    SENT.map((sent) => `https://ref.example${sent}`),
  );
  expect(hits.map(({ params }) => params.dimension4)).toEqual(
    SENT.map((sent) => `5xx GET ${sent}`),
  );
});

test('an application without tracing sends none', async () => {
  const { inspector, env } = await matomo();
  const app = await startServer([...REGISTER, `${APPS}/plain-http.cjs`], { env });
  const port = Number(new URL(app.url).port);
  for (const path of PATHS) await fetchFrom(port, path, {});
  await app.stop();
  expectRedacted(inspector.hits());
});

test('a gateway sends none', async () => {
  const { gateway, inspector } = await startGateway({ dimensions });
  await sendSpans(gateway, exportRequest(PATHS.map((path) => requestSpan(path))));
  await eventually(() => gateway.stats().tracked === PATHS.length);
  expectRedacted(inspector.hits());
});
