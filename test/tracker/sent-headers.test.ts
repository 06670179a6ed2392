import { expect, test } from 'vitest';
import { trackEvent } from '../../src/index.js';
import type { MatomoOptions } from '../../src/options.js';
import { startTracedService } from '../support/traced-service.js';

type Headers = Record<string, string | string[]>;
/** What a middleware sets or, with `undefined`, deletes. */
type Changes = Record<string, string | undefined>;

/** The hits of one request to a service with a middleware that changes `request.headers`. */
async function hitsOf(options: MatomoOptions, headers: Headers, changes: Changes) {
  const service = await startTracedService(
    (request, response) => {
      for (const [name, value] of Object.entries(changes))
        if (value === undefined) delete request.headers[name];
        else request.headers[name] = value;
      trackEvent('in', 'request');
      response.end();
    },
    { scheduledDelayMillis: 60_000, ...options },
  );
  return (await service.visit('/a', { headers })).map(({ params }) => params);
}

const DNT = { doNotTrack: true };
const CONSENT = { consent: 'cookie:consent=yes' };

// What is deleted: test/contracts/capture/scenarios/visitors.ts.
test.each<[string, MatomoOptions, Headers, Changes, number]>([
  ['one of several DNT, deleted', DNT, { dnt: ['0', '1'] }, { dnt: undefined }, 0],
  ['DNT, changed', DNT, { dnt: '1' }, { dnt: '0' }, 0],
  ['DNT, set by the application', DNT, {}, { dnt: '1' }, 0],
  ['consent, deleted', CONSENT, { cookie: 'consent=yes' }, { cookie: undefined }, 2],
  ['a refusal, changed', CONSENT, { cookie: 'consent=no' }, { cookie: 'consent=yes' }, 0],
  ['consent, withdrawn', CONSENT, { cookie: 'consent=yes' }, { cookie: 'consent=no' }, 0],
])('%s: %#', async (_what, options, headers, changes, sent) => {
  expect(await hitsOf(options, headers, changes)).toHaveLength(sent);
});

test('dimensions and functions get what the client sent, unless the application has set something else', async () => {
  const options: MatomoOptions = {
    dimensions: {
      1: 'http.request.header.x-client',
      2: (request) => request.header('X-Client'),
      3: 'http.request.header.x-plan',
    },
  };
  const headers = { 'X-Client': 'café', 'x-plan': 'free' };
  const [hit] = await hitsOf(options, headers, { 'x-client': undefined, 'x-plan': 'paid' });
  expect(hit).toMatchObject({ dimension1: 'café', dimension2: 'café', dimension3: 'paid' });
});
