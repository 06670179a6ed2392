import type { FinishedSpan } from '../finished-span.js';
import { CLIENT_SPAN } from '../finished-span.js';
import { named, type OperationAdapter, toName } from './operation-adapter.js';

/** JSON-RPC 2.0 over HTTP. */
export const jsonRpcAdapter: OperationAdapter = {
  kind: 'json-rpc',
  attributes: ['rpc.method', 'rpc.system.name', 'rpc.system'],
  readSpan: (span) => (isJsonRpcSpan(span) ? named(span.attributes['rpc.method']) : undefined),
  readMessage: ({ jsonrpc, method }) => (jsonrpc === '2.0' ? toName(method) : undefined),
};

/** A client's span belongs to a call that the handler made itself. */
function isJsonRpcSpan({ kind, attributes }: FinishedSpan): boolean {
  const system = attributes['rpc.system.name'] ?? attributes['rpc.system'];
  return system === 'jsonrpc' && kind !== CLIENT_SPAN;
}
