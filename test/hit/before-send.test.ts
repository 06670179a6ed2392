import { expect, test } from 'vitest';
import type { BeforeSend } from '../../src/hit/hit-builder.js';
import { hitsOf, httpRequest } from '../support/builders.js';

test('beforeSend has the last word, cannot break a bulk, and drops what it does not return', () => {
  const send = (beforeSend: BeforeSend) => hitsOf(httpRequest(), { beforeSend });
  expect(
    send(({ url: _, ...rest }) => ({ ...rest, action_name: 'x\ud800', e_c: 'c' })).hits[0],
  ).toMatchObject({
    action_name: 'x\ufffd',
    rec: '1',
  });
  expect(send(() => null)).toMatchObject({ hits: [], reports: [] });
  expect(send(() => ({ pf_srv: '-5', token_auth: 'x' })).hits[0]).toEqual({
    idsite: '1',
    rec: '1',
    apiv: '1',
    ua: '-',
    cdt: expect.any(String),
  });
});
