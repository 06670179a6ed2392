import { get, type Hits, post, type Scenario, withRoute } from '../scenario.js';

/** What a response shows of the name of an operation that only the client has sent. */
const row = (
  name: string,
  does: string,
  sent: ReturnType<typeof get>,
  hits: Hits,
  more: Partial<Scenario> = {},
): Scenario => ({ name, does, sends: [sent], hits, ...more });

const call = (method: string) => JSON.stringify({ jsonrpc: '2.0', id: 1, method });
const parsed: Partial<Scenario> = {
  before: 'parses the body',
  except: ({ framework }) => framework === 'stream',
};
const json = (path: string, body: string) =>
  post(path, body, { headers: { 'content-type': 'application/json' } });

export const EVIDENCE: readonly Scenario[] = [
  row(
    'a batch of tRPC',
    'json',
    get('/batched/trpc/user.byId,user.list?batch=1'),
    ['GET /batched/trpc/user.byId (2) 200'],
    { route: '/batched/trpc/*' },
  ),
  row(
    'a batch of tRPC below another path',
    'json',
    get('/elsewhere/user.byId,user.list?batch=1'),
    ['GET /elsewhere/user.byId (2) 200'],
    { route: '/elsewhere/*', differs: withRoute(['GET /elsewhere/* 200']) },
  ),
  row(
    'below another path, a batch that is answered with a page',
    'ok',
    get('/elsewhere-page/user.byId,user.list?batch=1'),
    ['GET /elsewhere-page/user.byId,user.list 200'],
    {
      route: '/elsewhere-page/*',
      does: 'a page',
      differs: withRoute(['GET /elsewhere-page/* 200']),
    },
  ),
  row(
    'below another path, no batch',
    'json',
    get('/elsewhere-one/user.byId?batch=2'),
    ['GET /elsewhere-one/user.byId 200'],
    { route: '/elsewhere-one/*', differs: withRoute(['GET /elsewhere-one/* 200']) },
  ),
  row('an ID is no procedure of tRPC', 'json', get('/ids/trpc/42'), ['GET /ids/trpc/:id 200'], {
    route: '/ids/trpc/*',
    differs: withRoute(['GET /ids/trpc/* 200']),
  }),
  row(
    'an operation of AWS',
    'json',
    post('/aws', '{}', { headers: { 'x-amz-target': 'Kinesis_20131202.ListStreams' } }),
    ['POST /aws ListStreams 200', 'event Test body'],
    { before: 'reads the body' },
  ),
  row(
    'an action that is answered with a page',
    'a page',
    post('/action-page', '{}', { headers: { soapaction: '"urn:NeverShown"' } }),
    ['POST /action-page 200', 'event Test body'],
    { before: 'reads the body' },
  ),
  row(
    'an action with GET',
    'json',
    get('/action-get', { headers: { soapaction: '"urn:GetOrder"' } }),
    ['GET /action-get 200'],
  ),
  row(
    'an action that is too long',
    'json',
    post('/action-long', '{}', { headers: { soapaction: `${'x:'.repeat(128)}GetOrder` } }),
    ['POST /action-long 200', 'event Test body'],
    { before: 'reads the body' },
  ),
  row(
    'GraphQL with GET at any path, by the type of the response',
    'a response of GraphQL',
    get('/any-path?operationName=ListOrders&query=x'),
    ['GET /any-path ListOrders 200'],
  ),
  row(
    'the query of GraphQL at any path',
    'json',
    get('/any-page?operationName=ListOrders&query=x'),
    ['GET /any-page 200'],
  ),
  row(
    'the name of an operation of GraphQL without a document',
    'json',
    get('/no-document/graphql?operationName=ListOrders'),
    ['GET /no-document/graphql 200'],
  ),
  row(
    'GraphQL with GET, by the hash of its document',
    'json',
    get('/hashed/graphql?extensions=%7B%7D&operationName=ListOrders'),
    ['GET /hashed/graphql ListOrders 200'],
  ),
  row(
    'JSON-RPC that is answered with a page',
    'a page',
    json('/rpc-page', call('getOrder')),
    ['POST /rpc-page 200'],
    parsed,
  ),
  row(
    'JSON-RPC 1',
    'json',
    json('/rpc-1', '{"id":1,"method":"getOrder"}'),
    ['POST /rpc-1 200'],
    parsed,
  ),
  row(
    'a method of JSON-RPC that is a secret',
    'json',
    json('/rpc-secret', call('eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4ifQ.c2ln')),
    ['POST /rpc-secret redacted 200'],
    parsed,
  ),
  row(
    'a method of JSON-RPC that is no name',
    'json',
    json('/rpc-text', call('get the order')),
    ['POST /rpc-text 200'],
    parsed,
  ),
  row(
    'a body that is no message',
    'json',
    json('/rpc-none', '[1,"2"]'),
    ['POST /rpc-none 200'],
    parsed,
  ),
  {
    name: 'JSON-RPC that has succeeded before it fails',
    does: 'fails the second time',
    sends: [json('/rpc-twice', call('succeedsOnce')), json('/rpc-twice', call('succeedsOnce'))],
    hits: ['POST /rpc-twice succeedsOnce 200', 'POST /rpc-twice succeedsOnce 500'],
    ...parsed,
  },
];
