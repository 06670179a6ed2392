// Bearer tokens as the source of user IDs, and in dimensions: nothing of them leaves, and no log quotes what cannot be read.
import { expect, test } from 'vitest';
import { createToPseudonym } from '../../../src/hit/visitor/pseudonym.js';
import { deriveVisitorKey } from '../../../src/hit/visitor/visitor-id.js';
import { captureOutput } from '../../support/output.js';
import { COMMON_ENV, ROWS, SUBJECT } from './rows.js';
import { WAYS } from './ways.js';

const SECRETS = [
  ...ROWS.filter(({ option }) => /token/.test(option)).map(({ secret }) => secret),
  ...[SUBJECT, 'secret-unreadable', 'secret-bearer'],
];
const uid = createToPseudonym(deriveVisitorKey(COMMON_ENV.MATOMO_TOKEN_AUTH))(SUBJECT);

test.each(Object.entries(WAYS))('%s: a claim is sent as a pseudonym only', async (_name, way) => {
  const output = captureOutput();
  const sent = await way({
    ...COMMON_ENV,
    MATOMO_USER_ID: 'jwt.sub',
    MATOMO_DIMENSIONS: '1=http.request.header.x-note',
  });
  const ofToken = sent.filter((hit) => hit.includes('/token') && hit.includes('action_name='));
  expect(ofToken).not.toEqual([]);
  for (const hit of ofToken) {
    expect(hit).toContain(`uid=${uid}`);
    expect(hit).toContain('dimension1=redacted');
  }
  for (const secret of SECRETS) {
    expect(sent.filter((hit) => hit.includes(secret))).toEqual([]);
    expect(output.filter((line) => line.includes(secret))).toEqual([]);
  }
});

test.each(Object.entries(WAYS))('%s: a token is no key, and not sent', async (_name, way) => {
  const output = captureOutput();
  const sent = await way({
    ...COMMON_ENV,
    MATOMO_USER_ID: 'http.request.header.authorization',
  });
  expect(sent.filter((hit) => hit.includes('/token') && hit.includes('uid='))).toEqual([]);
  for (const secret of SECRETS) {
    expect(sent.filter((hit) => hit.includes(secret))).toEqual([]);
    expect(output.filter((line) => line.includes(secret))).toEqual([]);
  }
});
