import { type ExpectedHit, json, type Scenario } from '../scenario.js';

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

/** Accepted by servers of MCP. */
const ACCEPT = { accept: 'application/json, text/event-stream' };

/** The SDK of MCP takes long to load. */
const onExpress: Scenario['except'] = ({ framework }) => framework !== 'express';

const rows: readonly Scenario[] = [
  {
    name: 'a tool of MCP that fails, without trackMcp',
    does: 'answers an MCP call that failed',
    sends: [json('/broken/mcp', call('untracked_tool'))],
    hits: [plain('MCP tools/call untracked_tool 200')],
  },
  {
    name: 'a tool of MCP that never succeeds, with trackMcp',
    does: 'serves MCP',
    sends: [json('/lost/mcp', call('lose_order'), ACCEPT)],
    hits: [failed('MCP tools/call 200', 'tool_error', 'error MCP tools/call')],
    except: onExpress,
  },
  {
    name: 'a call of MCP that succeeds, and one without its tool',
    does: 'serves MCP',
    sends: [
      json('/served/mcp', call('ship_order'), ACCEPT),
      json('/served/mcp', call('sell_order'), ACCEPT),
    ],
    hits: [
      plain('MCP tools/call ship_order 200'),
      failed('MCP tools/call 200', '-32602', 'error MCP tools/call'),
    ],
    except: onExpress,
  },
  {
    name: 'JSON-RPC that is answered with an error',
    does: 'answers a JSON-RPC call that failed',
    sends: [json('/failed-rpc', rpc('shop_failing'))],
    hits: [plain('POST /failed-rpc shop_failing 200')],
  },
  {
    name: 'GraphQL that is answered with errors, which nobody reports',
    does: 'answers a GraphQL query that failed',
    sends: [json('/failed/graphql', graphql('FailingQuery'))],
    hits: [plain('POST /failed/graphql FailingQuery 200')],
  },
  {
    name: 'GraphQL that fails, as graphql 17 announces it',
    does: 'announces a GraphQL query that fails',
    sends: [json('/announced-failure/graphql', graphql('AnnouncedFailure'))],
    hits: [failed('POST /announced-failure/graphql 200', 'RangeError')],
  },
  {
    name: 'GraphQL that succeeds, as graphql 17 announces it',
    does: 'announces a GraphQL query that succeeds',
    sends: [json('/announced/data', graphql('AnnouncedSuccess'))],
    hits: [plain('POST /announced/data AnnouncedSuccess 200')],
  },
  {
    name: 'GraphQL whose span fails',
    needs: ['recorded'],
    does: 'traces a GraphQL query that fails',
    sends: [json('/traced/graphql', graphql('TracedQuery'))],
    hits: [failed('POST /traced/graphql 200', 'RangeError')],
  },
];

/** A parser leaves the body on Node's request, which the `stream` event does not have. */
export const OPERATIONS: readonly Scenario[] = rows.map(({ except, ...row }) => ({
  ...row,
  before: 'parses the body',
  except: (setup) => setup.framework === 'stream' || (except?.(setup) ?? false),
}));
