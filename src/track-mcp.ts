import { isRecord } from './common/is-record.js';
import type { Operation } from './hit/http-request.js';
import {
  describeMcp,
  type McpOperation,
  readMcpMessage,
  reportMcp,
} from './request/operations/mcp.js';
import { toName } from './request/operations/operation-target.js';
import type { Request } from './request/request.js';
import { findTracker } from './tracker/key.js';

/**
 * The part that {@link trackMcp} uses of the interface `Transport` in `@modelcontextprotocol/sdk` 1.x and
 * `@modelcontextprotocol/server` 2.x.
 */
export interface McpTransport {
  start(): Promise<void>;
  // biome-ignore lint/suspicious/noExplicitAny: the types of messages belong to the SDK, and differ between its majors
  send(message: any, options?: any): Promise<void>;
  // biome-ignore lint/suspicious/noExplicitAny: the same
  onmessage?: ((message: any, extra?: any) => void) | undefined;
}

/** Who calls a server over stdio. One of both is needed, because there is no HTTP request from which a visitor could be derived. */
export interface McpVisitor {
  /** User ID, sent as it is. */
  readonly uid?: string | undefined;
  /** Visitor ID: 16 hexadecimal digits. */
  readonly cid?: string | undefined;
}

/**
 * Tracks the calls of an MCP server by the messages of one of its transports. Without it, calls are recognized by request headers and by
 * bodies that a framework has parsed, but nobody knows which calls have failed: a tool that fails responds with status 200. Call it
 * before `server.connect(transport)`.
 *
 * Over HTTP, a failed call sets `matomo.failed_endpoint`, such as `error MCP tools/call find_order`, and counts in `errors` as `tool_error`
 * or with the code of its JSON-RPC error. Over stdio, each call makes a hit outside of a request when its response is sent, with the URL
 * `baseUrl`, else `http://localhost`, followed by `/mcp`; the option `mcp` applies.
 *
 * Reads the method of a message, the name of its tool or prompt, and the name of the client; of responses, `isError`, the code of an
 * error, and the names in lists of tools and prompts. Arguments, URIs and contents are not read. Never throws.
 *
 * @param transport - A transport of the official SDK, 1.x or 2.x.
 * @param visitor - Who calls a server over stdio. Without `uid` and `cid`, no hit is sent, which is logged once. Not used over HTTP.
 * @returns The transport.
 * @example
 * await server.connect(trackMcp(new StdioServerTransport(), { uid: 'ann' }));
 */
export function trackMcp<T extends McpTransport>(transport: T, visitor: McpVisitor = {}): T {
  try {
    watch(transport, visitor);
  } catch {
    findTracker()?.reportHit('trackMcp', NO_TRANSPORT);
  }
  return transport;
}

const NO_TRANSPORT =
  'trackMcp: the argument is not a transport of an MCP server. Its calls are not tracked. Call it as trackMcp(transport) before server.connect(transport).';

/** Of any copy of this package. */
const TRACKED = Symbol.for('opentelemetry-matomo.mcp.1');

function watch(transport: McpTransport, visitor: McpVisitor): void {
  if (TRACKED in transport) return;
  const { onmessage, start, send } = transport;
  if (typeof start !== 'function' || typeof send !== 'function') throw new TypeError(NO_TRANSPORT);
  const calls = new McpCalls(visitor);
  Object.defineProperty(transport, TRACKED, { value: true });

  function listen(next: McpTransport['onmessage']): void {
    transport.onmessage = function onmessage(...message) {
      calls.receive(...message);
      next?.apply(this, message);
    };
  }

  // Whoever connects sets `onmessage`, and starts the transport afterwards.
  if (onmessage) listen(onmessage);
  else {
    transport.start = function (...none) {
      listen(transport.onmessage);
      return start.apply(this, none);
    };
  }
  transport.send = function (...message) {
    calls.answer(message[0]);
    return send.apply(this, message);
  };
}

/** Calls of one transport without a response: a client chooses how many there are, and a server need not respond to any. */
const MAX_PENDING = 1000;
const MAX_ID_LENGTH = 128;

/** A request of the client that has no response yet. */
interface PendingCall {
  readonly operation: McpOperation;
  /** Weak: a call may stay here for as long as its session. */
  readonly request: WeakRef<Request> | undefined;
  readonly isOverHttp: boolean;
  /** Monotonic. */
  readonly startMillis: number;
  /** Calls with its ID that have no response, including itself. */
  openCalls: number;
  /** Whether another open call had its ID, so that nobody knows which of them a response is for. */
  isAmbiguous: boolean;
}

/** The calls of one transport. Nothing here throws. */
class McpCalls {
  readonly #visitor: McpVisitor;
  /** By the ID of their JSON-RPC message, the oldest first. */
  readonly #pending = new Map<unknown, PendingCall>();
  /** From `initialize`. Since revision 2026-07-28, each request has them. */
  #client: Pick<McpOperation['mcp'], 'clientName' | 'protocolVersion'> = {};

  constructor(visitor: unknown) {
    const { uid, cid } = (isRecord(visitor) ? visitor : {}) as McpVisitor;
    this.#visitor = { uid, cid };
  }

  receive(message: unknown, extra?: unknown): void {
    try {
      const said = readMcpMessage(message);
      if (said === undefined) return;
      const operation = describeMcp(said);
      const { mcp } = operation;
      // Over HTTP, one transport may serve several clients: there, the session tells which one calls.
      const request = findTracker()?.currentRequest();
      const isOverHttp = request !== undefined || isOfHttp(extra);
      const known = isOverHttp ? {} : this.#client;
      const { clientName = known.clientName, protocolVersion = known.protocolVersion } = mcp;
      const client = { clientName, protocolVersion };
      if (mcp.method === 'initialize') this.#client = client;
      if (request) reportMcp({ ...said, ...client }, request);
      const { id } = message as { id?: unknown };
      if (said.isUnanswered || !isId(id)) return;
      this.#add(id, {
        operation: { ...operation, mcp: { ...mcp, ...client } },
        request: request && new WeakRef(request),
        isOverHttp,
        startMillis: performance.now(),
        openCalls: 1,
        isAmbiguous: false,
      });
    } catch {
      // A getter of the message: nothing is known of it.
    }
  }

  answer(message: unknown): void {
    try {
      if (!isRecord(message) || message.method !== undefined) return;
      const call = this.#pending.get(message.id);
      if (!call) return;
      call.openCalls -= 1;
      if (call.openCalls === 0) this.#pending.delete(message.id);
      if (call.isAmbiguous) return;
      const errorType = readError(message);
      const listedNames = readListedNames(call.operation.mcp.method, message.result);
      const request = call.request?.deref();
      if (request && errorType !== undefined) request.failOperation(errorType);
      else if (request) reportMcp({ listedNames }, request);
      if (!call.isOverHttp) this.#give(call, errorType, listedNames);
    } catch {
      // A getter of the message.
    }
  }

  #add(id: string | number, call: PendingCall): void {
    const known = call.isOverHttp ? this.#pending.get(id) : undefined;
    if (known) {
      call.openCalls += known.openCalls;
      call.isAmbiguous = true;
    }
    this.#pending.delete(id);
    this.#pending.set(id, call);
    if (this.#pending.size <= MAX_PENDING) return;
    const [oldest] = this.#pending.keys();
    this.#pending.delete(oldest);
  }

  #give(
    { operation: { name, mcp }, startMillis }: PendingCall,
    errorType: string | undefined,
    listedNames: readonly string[] | undefined,
  ): void {
    const { uid, cid } = this.#visitor;
    const hasFailed = errorType !== undefined;
    const operation: Operation = {
      kind: 'mcp',
      name,
      mcp: { ...mcp, listedNames },
      count: 1,
      hasFailed,
      isEvident: true,
    };
    const durationMillis = performance.now() - startMillis;
    findTracker()?.addCall(
      { operation, errorType, durationMillis },
      { ...(uid !== undefined && { uid }), ...(cid !== undefined && { cid }) },
    );
  }
}

/** IDs are texts or numbers; a long one would stay in memory until the response. */
function isId(id: unknown): id is string | number {
  return typeof id === 'number' || (typeof id === 'string' && id.length <= MAX_ID_LENGTH);
}

/** Whether a transport has got a message by HTTP: it passes on what it knows of the request. */
function isOfHttp(extra: unknown): boolean {
  return isRecord(extra) && ['authInfo', 'request', 'requestInfo'].some((name) => name in extra);
}

/** Why a call has failed; `undefined` if it has not. */
function readError({ error, result }: Readonly<Record<string, unknown>>): string | undefined {
  if (error !== undefined) {
    const code = isRecord(error) ? error.code : undefined;
    return Number.isInteger(code) ? String(code) : 'error';
  }
  return isRecord(result) && result.isError === true ? 'tool_error' : undefined;
}

/** More are not known of a server either. */
const MAX_LISTED = 500;

/** The names in a list of tools or prompts. */
function readListedNames(method: string | undefined, result: unknown): string[] | undefined {
  const key = method === 'tools/list' ? 'tools' : method === 'prompts/list' ? 'prompts' : undefined;
  if (key === undefined || !isRecord(result)) return undefined;
  const listed = result[key];
  if (!Array.isArray(listed)) return undefined;
  const names = listed.slice(0, MAX_LISTED).map((each) => isRecord(each) && toName(each.name));
  return names.filter((name) => typeof name === 'string');
}
