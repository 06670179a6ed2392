import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { hit, start } from './inspector-client.js';

const GOOD = hit({ action_name: 'x' });
const OTHER_SITE = hit({ idsite: '9' });

async function post(
  body: string | Uint8Array,
  {
    query = '',
    method = 'POST',
    headers,
  }: { query?: string; method?: string; headers?: Record<string, string> } = {},
): Promise<{ status: number; type: string | null; body: string; stored: number }> {
  const inspector = await start();
  const answer = await fetch(`${inspector.url}/piwik.php${query}`, {
    method,
    headers: { 'User-Agent': 'test/1', ...headers },
    body,
  });
  return {
    status: answer.status,
    type: answer.headers.get('content-type'),
    body: await answer.text(),
    stored: inspector.hits().filter(({ stored }) => stored !== null).length,
  };
}

const SUCCESS = (tracked: number, invalid: number, rest = ''): string =>
  `{"status":"success","tracked":${tracked},"invalid":${invalid}${rest}}`;
const json = (requests: unknown, rest: object = {}): string =>
  JSON.stringify({ requests, ...rest });

test.each<[string, string | Uint8Array, object, number, string, number]>([
  [
    'any Content-Type is read',
    json([GOOD]),
    { headers: { 'Content-Type': 'text/plain' } },
    200,
    SUCCESS(1, 0),
    1,
  ],
  ['any method is read', json([GOOD]), { method: 'PUT' }, 200, SUCCESS(1, 0), 1],
  [
    'raw line breaks are removed first',
    `{\n"requests":["${GOOD}\r\n"]}`,
    {},
    200,
    SUCCESS(1, 0),
    1,
  ],
  ['a raw tab loses the batch', `{"requests":["${GOOD}\t"]}`, {}, 200, SUCCESS(0, 0), 0],
  [
    'truncated JSON loses the batch with a success',
    json([GOOD]).slice(0, -2),
    {},
    200,
    SUCCESS(0, 0),
    0,
  ],
  ['single quotes lose the batch', `{'requests':['${GOOD}']}`, {}, 200, SUCCESS(0, 0), 0],
  ['a byte-order mark loses the batch', `\ufeff${json([GOOD])}`, {}, 200, SUCCESS(0, 0), 0],
  ['a lone surrogate loses the batch', json([GOOD, '?x=\ud800']), {}, 200, SUCCESS(0, 0), 0],
  ['invalid UTF-8 loses the batch', Buffer.from(json(['é']), 'latin1'), {}, 200, SUCCESS(0, 0), 0],
  ['an empty list', json([]), {}, 200, SUCCESS(0, 0), 0],
  ['a map works as a list', json({ a: GOOD, b: GOOD }), {}, 200, SUCCESS(2, 0), 2],
  ['all invalid is a success', json([OTHER_SITE, OTHER_SITE]), {}, 200, SUCCESS(0, 2), 0],
  [
    'idsite in the address is not inherited',
    json(['?rec=1']),
    { query: '?idsite=1&rec=1' },
    200,
    SUCCESS(0, 1),
    0,
  ],
  ['send_image 0 at the top level: 204', json([GOOD], { send_image: 0 }), {}, 204, '', 1],
  [
    'send_image 0 in a hit has no effect',
    json([hit({ send_image: '0' })]),
    {},
    200,
    SUCCESS(1, 0),
    1,
  ],
  [
    'a super user is told the indices',
    json([GOOD, OTHER_SITE], { token_auth: 'super' }),
    {},
    200,
    SUCCESS(1, 1, ',"invalid_indices":[1]'),
    1,
  ],
  ['a write user is not', json([OTHER_SITE], { token_auth: 'write' }), {}, 200, SUCCESS(0, 1), 0],
  [
    'a super user in the address is',
    json([hit({ cip: '192.0.2.1' })]),
    { query: '?token_auth=super' },
    200,
    SUCCESS(0, 1, ',"invalid_indices":[0]'),
    0,
  ],
  [
    'ca=1 fails the whole bulk',
    json([GOOD, hit({ ca: '1' }), GOOD]),
    {},
    500,
    '{"status":"error","tracked":1,"invalid":0}',
    0,
  ],
  ['cdt beyond 64 bits: 500 and nothing else', json([GOOD, hit({ cdt: '1e19' })]), {}, 500, '', 0],
])('%s', async (_, body, options, status, answer, stored) => {
  expect(await post(body, options)).toMatchObject({ status, body: answer, stored });
});

test.each<[string, string | Uint8Array, Record<string, string>]>([
  [
    'multipart, whose body PHP has eaten',
    json([GOOD]),
    { 'Content-Type': 'multipart/form-data; boundary=x' },
  ],
  ['a compressed body', gzipSync(json([GOOD])), { 'Content-Encoding': 'gzip' }],
  ['no requests key', JSON.stringify({ hits: [GOOD] }), {}],
  ['a bare list', JSON.stringify([GOOD]), {}],
  ['an escaped key', '{"\\u0072equests":[]}', {}],
  ['an empty body', '', {}],
])('400 without a word for %s', async (_, body, headers) => {
  expect(await post(body, { headers })).toMatchObject({
    status: 400,
    type: 'text/html',
    stored: 0,
  });
});
