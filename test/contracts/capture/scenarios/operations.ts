import { type ExpectedHit, type Hits, json, post, type Scenario } from '../scenario.js';

/** JSON-RPC, GraphQL and so on: a name appears after the operation has succeeded. What a parser leaves on the request is read. */
const row = (
  name: string,
  does: string,
  sends: Scenario['sends'],
  hits: Hits,
  more: Partial<Scenario> = {},
): Scenario => ({ name, before: 'parses the body', does, sends, hits, ...more });

/** Neither `error_type` nor a failed endpoint. */
const plain = (hit: string): ExpectedHit => ({
  hit,
  params: { cvar: /^(?!.*error_type)/, dimension8: undefined },
});
/** Of GraphQL, a failed endpoint is known by its status alone. */
const failed = (hit: string, error: string, endpoint?: string): ExpectedHit => ({
  hit,
  params: { cvar: new RegExp(`"error_type","${error}"`), dimension8: endpoint },
});

const rpc = (method: string, more: object = {}) => ({ jsonrpc: '2.0', id: 1, method, ...more });
const call = (name: string) => rpc('tools/call', { params: { name, arguments: {} } });
const graphql = (operationName: string) => ({
  operationName,
  query: `query ${operationName} { a }`,
});

const rows: readonly Scenario[] = [
  row(
    'a batch of JSON-RPC',
    'json',
    [json('/rpc-batch', [rpc('first'), rpc('second')])],
    ['POST /rpc-batch first (2) 200'],
  ),
  row('MCP', 'json', [json('/mcp', call('find_order'))], ['MCP tools/call find_order 200']),
  row(
    'a notification of MCP',
    'json',
    [json('/notified/mcp', { jsonrpc: '2.0', method: 'notifications/initialized' })],
    [],
    { ignored: 'mcp' },
  ),
  row(
    'GraphQL that fails, as graphql 17 announces it',
    'announces a GraphQL query that fails',
    [json('/announced-failure/graphql', graphql('AnnouncedFailure'))],
    [failed('POST /announced-failure/graphql 200', 'RangeError')],
  ),
  row(
    'GraphQL that succeeds, as graphql 17 announces it',
    'announces a GraphQL query that succeeds',
    [json('/announced/data', graphql('AnnouncedSuccess'))],
    [plain('POST /announced/data AnnouncedSuccess 200')],
  ),
  row(
    'GraphQL whose span fails',
    'traces a GraphQL query that fails',
    [json('/traced/graphql', graphql('TracedQuery'))],
    [failed('POST /traced/graphql 200', 'RangeError')],
    { needs: ['recorded'] },
  ),
];

export const OPERATIONS: readonly Scenario[] = [
  // A parser leaves the body on Node's request, which the `stream` event does not have.
  ...rows.map(
    (each): Scenario => ({
      ...each,
      except: (setup) => setup.framework === 'stream' || (each.except?.(setup) ?? false),
    }),
  ),
  {
    name: 'SOAP',
    before: 'reads the body',
    does: 'xml',
    sends: [post('/soap', '<a/>', { headers: { soapaction: '"urn:GetOrder"' } })],
    hits: ['POST /soap GetOrder 200', 'event Test body'],
  },
];
