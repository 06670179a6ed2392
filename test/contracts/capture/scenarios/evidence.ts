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
    'JSON-RPC that is answered with a page',
    'a page',
    json('/rpc-page', call('getOrder')),
    ['POST /rpc-page 200'],
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
