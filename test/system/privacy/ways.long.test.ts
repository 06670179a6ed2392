import { expect, test } from 'vitest';
import { createToPseudonym } from '../../../src/hit/visitor/pseudonym.js';
import { deriveVisitorKey } from '../../../src/hit/visitor/visitor-id.js';
import { captureOutput } from '../../support/output.js';
import { COMMON_ENV, ENV, KINDS, kindsWith, ROWS, SUBJECT } from './rows.js';
import { WAYS } from './ways.js';

const HIDDEN = [
  ...['203.0.113.77', '198.51.100.1', 'uid=', 'error_type', 'secret-query', 'secret-path'],
  ...['secret-dnt', 'secret-gpc', 'secret-cookie', 'secret-credentials', 'secret-message'],
];

test.each(Object.entries(WAYS))(
  '%s: no hit of any kind has more than strict privacy allows',
  async (_name, way) => {
    const { MATOMO_USER_ID: _, ...common } = COMMON_ENV;
    const sent = await way({
      ...common,
      MATOMO_PRIVACY: 'strict',
      MATOMO_REDACT_PATH_PATTERNS: ENV.MATOMO_REDACT_PATH_PATTERNS as string,
    });
    for (const text of HIDDEN) expect(sent.filter((hit) => hit.includes(text))).toEqual([]);
    const kinds = Object.keys(KINDS).filter((kind) => kind !== 'error');
    expect(kindsWith(sent, '/shown')).toEqual(kinds);
  },
);

const SECRETS = [
  ...ROWS.filter(({ option }) => /token/.test(option)).map(({ secret }) => secret),
  ...[SUBJECT, 'secret-unreadable', 'secret-bearer'],
];
const uid = createToPseudonym(deriveVisitorKey(COMMON_ENV.MATOMO_TOKEN_AUTH))(SUBJECT);

test.each(Object.entries(WAYS))(
  '%s: a claim of a bearer token is sent as a pseudonym only, and nothing of the token is logged',
  async (_name, way) => {
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
    const seen = [...sent, ...output];
    for (const secret of SECRETS) expect(seen.filter((text) => text.includes(secret))).toEqual([]);
  },
);
