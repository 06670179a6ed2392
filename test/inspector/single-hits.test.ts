import { expect, test } from 'vitest';
import { hit, start } from './inspector-client.js';

interface SingleRequest {
  method?: string;
  query?: string;
  form?: Record<string, string>;
  body?: string;
  headers?: Record<string, string>;
}

async function send({ method, query = '', form, body, headers }: SingleRequest): Promise<{
  status: number;
  contentType: string | null;
  bytes: number;
  hits: { verdict: string; url: string | undefined }[];
}> {
  const inspector = await start();
  const answer = await fetch(`${inspector.url}/matomo.php${query}`, {
    method: method ?? ((form ?? body === undefined) ? 'GET' : 'POST'),
    headers: { 'User-Agent': 'test/1', ...headers },
    ...(form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }),
    ...(body === undefined ? {} : { body }),
  });
  return {
    status: answer.status,
    contentType: answer.headers.get('content-type'),
    bytes: (await answer.arrayBuffer()).byteLength,
    hits: inspector.hits().map(({ verdict, stored }) => ({ verdict, url: stored?.url })),
  };
}

test('what follows a second question mark is a part of the query', async () => {
  const query = '?idsite=1&rec=1&url=https://a.test/b?c=1&action_name=d';
  expect((await send({ query })).hits).toEqual([
    { verdict: 'tracked', url: 'https://a.test/b?c=1' },
  ]);
});

test.each<[string, SingleRequest, number, string[]]>([
  ['GET answers 200 and an image', { query: hit() }, 200, ['tracked']],
  ['send_image=0 answers 204', { query: hit({ send_image: '0' }) }, 204, ['tracked']],
  ['send_image=false is not 0', { query: hit({ send_image: 'false' }) }, 200, ['tracked']],
  ['a form is read like a query', { form: { idsite: '1', rec: '1' } }, 200, ['tracked']],
  [
    'parameters in the query, the token in the body',
    { query: hit({ cip: '192.0.2.1' }), form: { token_auth: 'write' } },
    200,
    ['tracked'],
  ],
  [
    'the token in the query, the rest in the body',
    { query: '?token_auth=write', form: { idsite: '1', rec: '1', cip: '192.0.2.1' } },
    200,
    ['tracked'],
  ],
  ['one JSON object as body is 400', { method: 'POST', body: '{"idsite":1,"rec":1}' }, 400, []],
  [
    'PUT with a form is 400',
    {
      method: 'PUT',
      body: 'idsite=1&rec=1',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    },
    400,
    [],
  ],
  ['HEAD stores', { method: 'HEAD', query: hit() }, 200, ['tracked']],
  ['OPTIONS stores', { method: 'OPTIONS', query: hit() }, 200, ['tracked']],
  ['without rec 204 and nothing stored', { query: '?idsite=1&send_image=0' }, 204, ['dropped']],
  ['an unknown site is 400', { query: '?idsite=9&rec=1&send_image=0' }, 400, ['invalid']],
  ['ca=1 is 400 like anything else', { query: hit({ ca: '1' }) }, 400, ['refused']],
  ['a wrong token that nothing needs', { query: hit({ token_auth: 'x' }) }, 200, ['tracked']],
  [
    'a wrong token and cip is 400',
    { query: hit({ token_auth: 'x', cip: '192.0.2.1' }) },
    400,
    ['invalid'],
  ],
  ['no parameters at all is 200', {}, 200, []],
])('%s', async (_, request, status, verdicts) => {
  const answer = await send(request);
  expect(answer.status).toBe(status);
  expect(answer.hits.map(({ verdict }) => verdict)).toEqual(verdicts);
});

test('an image is a gif of 43 bytes, and of more with a text behind it when the hit is bad', async () => {
  expect(await send({ query: hit() })).toMatchObject({ contentType: 'image/gif', bytes: 43 });
  const bad = await send({ query: '?idsite=9&rec=1' });
  expect(bad).toMatchObject({ status: 400, contentType: 'image/gif' });
  expect(bad.bytes).toBeGreaterThan(43);
});

test.each([
  ['becomes the URL of a hit without one', {}, 'https://a.test/from'],
  ['does not where there is a url', { url: 'https://a.test/x' }, 'https://a.test/x'],
  ['does not where there is a urlref', { urlref: 'https://b.test/' }, undefined],
])('the Referer of the request %s', async (_, parameters, url) => {
  const answer = await send({
    query: hit(parameters as Record<string, string>),
    headers: { Referer: 'https://a.test/from' },
  });
  expect(answer.hits).toEqual([{ verdict: 'tracked', url }]);
});
