import { expect, test } from 'vitest';
import { createToPseudonym } from '../../src/hit/visitor/pseudonym.js';
import { trackEvent } from '../../src/index.js';
import type { MatomoOptions } from '../../src/options.js';
import { APPS, REGISTER, startTracked, TRACED } from '../support/registered-app.js';
import { fetchFrom, startTracedService } from '../support/traced-service.js';

type Headers = Record<string, string | string[]>;
type Change = (headers: NodeJS.Dict<string | string[]>) => void;

const remove =
  (...names: string[]): Change =>
  (headers) => {
    for (const name of names) delete headers[name];
  };
const set =
  (name: string, value: string): Change =>
  (headers) => {
    headers[name] = value;
  };

/** The hits of one request to a service with a middleware that changes `request.headers`. */
async function hitsOf(options: MatomoOptions, headers: Headers, change: Change) {
  const service = await startTracedService(
    (request, response) => {
      change(request.headers);
      trackEvent('in', 'request');
      response.end();
    },
    { scheduledDelayMillis: 60_000, ...options },
  );
  return (await service.visit('/a', { headers })).map(({ params }) => params);
}

const DNT = { doNotTrack: true };
const CONSENT = { consent: 'cookie:consent=yes' };
const nothing = () => undefined;

test.each<[string, MatomoOptions, Headers, Change, number]>([
  ['DNT, deleted', DNT, { dnt: '1' }, remove('dnt'), 0],
  ['DNT in other letters, deleted', DNT, { DNT: '1' }, remove('dnt'), 0],
  ['one of several DNT, deleted', DNT, { dnt: ['0', '1'] }, remove('dnt'), 0],
  ['Sec-GPC, deleted', DNT, { 'Sec-GPC': '1' }, remove('sec-gpc'), 0],
  ['DNT, changed', DNT, { dnt: '1' }, set('dnt', '0'), 0],
  ['DNT, set by the application', DNT, {}, set('dnt', '1'), 0],
  ['no DNT', DNT, { 'x-dnt': '1', dnt: '0' }, nothing, 2],
  ['DNT, deleted, without the option', {}, { dnt: '1' }, remove('dnt'), 2],
  ['consent, deleted', CONSENT, { cookie: 'consent=yes' }, remove('cookie'), 2],
  ['consent, set by the application', CONSENT, {}, set('cookie', 'consent=yes'), 0],
  [
    'consent, made of a refusal',
    CONSENT,
    { cookie: 'consent=no' },
    set('cookie', 'consent=yes'),
    0,
  ],
  [
    'consent, withdrawn by the application',
    CONSENT,
    { cookie: 'consent=yes' },
    set('cookie', 'consent=no'),
    0,
  ],
  [
    'consent in a header, deleted',
    { consent: 'header:X_Consent=yes' },
    { 'x-consent': 'yes' },
    remove('x-consent'),
    2,
  ],
  [
    'refusals in a header, deleted',
    { consent: 'header:x-consent=yes' },
    { 'x-consent': 'no' },
    remove('x-consent'),
    0,
  ],
  [
    'an opt-out for ignore, deleted',
    { ignore: (request) => request.header('X-Out') === '1', pageViews: true },
    { 'x-out': '1' },
    remove('x-out'),
    1,
  ],
])('%s: %#', async (_what, options, headers, change, sent) => {
  expect(await hitsOf(options, headers, change)).toHaveLength(sent);
});

const USER = { visitorKey: 'a-key', userId: 'http.request.header.x-api-key' };
const KEY = { 'X-Api-Key': 'k-1' };

test.each<[string, MatomoOptions, Headers, Change, string | undefined]>([
  ['deleted', USER, KEY, remove('x-api-key'), 'k-1'],
  ['replaced', USER, KEY, set('x-api-key', 'k-2'), 'k-2'],
  ['set by the application', USER, {}, set('x-api-key', 'k-3'), 'k-3'],
  ['sent twice, deleted', USER, { 'x-api-key': ['k-1', 'k-2'] }, remove('x-api-key'), 'k-1, k-2'],
  [
    'of credentials, deleted',
    { ...USER, userId: 'http.request.header.authorization' },
    { authorization: 'Bearer k-1' },
    remove('authorization'),
    'k-1',
  ],
])('a key header, %s, names its user', async (_what, options, headers, change, key) => {
  const users = (await hitsOf(options, headers, change)).map(({ uid }) => uid);
  const user = key && createToPseudonym('a-key')(key);
  expect(users).toEqual([user, user]);
});

test('dimensions and functions get what the client sent, unless the application has set something else', async () => {
  const options: MatomoOptions = {
    dimensions: {
      1: 'http.request.header.x-client',
      2: (request) => request.header('X-Client'),
      3: 'http.request.header.x-plan',
    },
  };
  const [hit] = await hitsOf(options, { 'X-Client': 'café', 'x-plan': 'free' }, (headers) => {
    delete headers['x-client'];
    headers['x-plan'] = 'paid';
  });
  expect(hit).toMatchObject({ dimension1: 'café', dimension2: 'café', dimension3: 'paid' });
});

test.each([
  ['the main thread', [...TRACED, ...REGISTER], {}],
  ['the main thread without tracing', REGISTER, {}],
  ['a worker thread', REGISTER, { WORKER: '1' }],
] as const)('register in %s: what the client sent decides', async (_where, args, more) => {
  const { inspector, app } = await startTracked([...args, `${APPS}/users.cjs`], {
    ...more,
    MATOMO_SCHEDULE_DELAY: '3600000',
    MATOMO_DO_NOT_TRACK: 'true',
    MATOMO_CONSENT: 'cookie:consent=yes',
    MATOMO_USER_ID: 'http.request.header.x-api-key',
    MATOMO_VISITOR_KEY: 'a-key',
  });
  const port = Number(new URL(app.url).port);
  const consent = { 'x-kind': 'event', cookie: 'consent=yes', 'x-api-key': 'k-1' };
  const shown = { ...consent, 'x-delete': 'cookie,x-api-key' };
  await fetchFrom(port, '/dnt', { headers: { ...consent, dnt: '1', 'x-delete': 'dnt' } });
  await fetchFrom(port, '/none', {
    headers: { 'x-kind': 'event', cookie: 'consent=no', 'x-delete': 'cookie' },
  });
  await fetchFrom(port, '/shown', { headers: shown });
  await app.stop();
  const uid = createToPseudonym('a-key')('k-1');
  const url = `http://127.0.0.1:${port}/shown`;
  expect(inspector.hits().map(({ params }) => ({ uid: params.uid, url: params.url }))).toEqual([
    { uid, url },
    { uid, url },
  ]);
});
