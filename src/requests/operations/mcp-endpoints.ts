import { hash } from 'node:crypto';
import { GenerationCache } from '../../common/generation-cache.js';
import type { Operation, OperationEvidence } from '../../hit/http-request.js';
import type { Request } from '../request.js';
import { readResponseHeader } from '../response.js';
import { describeMcp, type McpReport, mergeMcp, readMcpMessage, toSession } from './mcp.js';
import { evidenceOf, isSuccess, type OperationTarget } from './operation-target.js';

/** What a framework has parsed of the body of a request. */
export interface ParsedBody {
  /** The first one of a batch. */
  readonly message: unknown;
  readonly count: number;
}

/** The operation of an ended request, and the number of messages in it. */
type FoundMcp = Pick<Operation, 'name' | 'count' | 'evidence'> & Pick<McpReport, 'mcp'>;

/** Paths at which this process has served MCP, so that they need not end in `/mcp`, and are known if a stream is opened. */
const MAX_PATHS = 1000;
/** Sessions whose client is known: it names itself when the session begins. */
const MAX_SESSIONS = 10_000;

/** Recognizes the requests to MCP servers of one process. */
export class McpEndpoints {
  readonly #paths = new GenerationCache<string, true>(MAX_PATHS);
  /** By digests of sessions, which may be secret and long. */
  readonly #clients = new GenerationCache<string, string>(MAX_SESSIONS);

  /** `undefined` if a request is not one of MCP. */
  read(
    target: OperationTarget,
    request: Request,
    body: ParsedBody | undefined,
  ): FoundMcp | undefined {
    const { method, path } = target;
    const isKnown = this.#paths.get(path) === true;
    if (method === 'POST')
      return this.#readPost(target, request, body, isKnown || isEndpointPath(path));
    if (!isKnown || !isOfStream(target, request)) return undefined;
    const { session, protocolVersion } = readSender(request);
    const clientName = this.#clientOf(session);
    const mcp = { method: undefined, isProtocol: true, session, clientName, protocolVersion };
    // There is no name that needs evidence.
    return { name: undefined, count: 1, evidence: 'none', mcp };
  }

  #readPost(
    target: OperationTarget,
    request: Request,
    body: ParsedBody | undefined,
    isEndpoint: boolean,
  ): FoundMcp | undefined {
    const { spanOperation, announced } = request;
    const report = announced.mcp;
    const span = spanOperation?.mcp && { name: spanOperation.name, mcp: spanOperation.mcp };
    const message = readMcpMessage(body?.message);
    const isProven = (span ?? report) !== undefined;
    if (!isProven && !isEndpoint && message?.mcp.method !== 'initialize') return undefined;
    const answered = readResponseHeader(request, 'mcp-session-id');
    // The response to `initialize` shows that an endpoint with any path is one of MCP.
    if (!isProven && !isEndpoint && answered === undefined) return undefined;
    if (!isProven && (message ?? answered) === undefined && !hasMcpHeader(request))
      return undefined;

    const sender = readSender(request);
    const call = message?.isUnanswered ? undefined : readCall(request);
    const known = [report, span, call, message].filter((each) => each !== undefined);
    const { name, mcp } = mergeMcp(known);
    const isBeginning = mcp.method === 'initialize';
    const session =
      sender.session ?? mcp.session ?? (isBeginning ? toSession(answered) : undefined);
    const evidence = evidenceIn(report, span) ?? evidenceOf(target, 'mcp');
    const isServed = evidence !== 'none' && isSuccess(target.statusCode);
    if (isServed && isBeginning) this.#remember(session, mcp.clientName);
    if (isServed || isProven || !isEndpoint) this.#add(target.path);
    const clientName = mcp.clientName ?? this.#clientOf(session);
    const protocolVersion = sender.protocolVersion ?? mcp.protocolVersion;
    return {
      name,
      count: body?.count ?? 1,
      evidence,
      mcp: { ...mcp, session, clientName, protocolVersion },
    };
  }

  #add(path: string): void {
    if (this.#paths.get(path) === undefined) this.#paths.set(path, true);
  }

  #remember(session: string | undefined, clientName: string | undefined): void {
    if (session !== undefined && clientName !== undefined)
      this.#clients.set(digestOf(session), clientName);
  }

  #clientOf(session: string | undefined): string | undefined {
    return session === undefined ? undefined : this.#clients.get(digestOf(session));
  }
}

function isEndpointPath(path: string): boolean {
  return path.endsWith('/mcp') || path.endsWith('/mcp/');
}

/** Whether a request ends a session, or opens a stream of one. */
function isOfStream({ method, isEventStream }: OperationTarget, request: Request): boolean {
  if (method === 'DELETE') return request.header('mcp-session-id') !== undefined;
  if (method !== 'GET') return false;
  return isEventStream || request.header('accept')?.includes('text/event-stream') === true;
}

const HEADERS = ['mcp-session-id', 'mcp-protocol-version', 'mcp-method'];

function hasMcpHeader(request: Request): boolean {
  return HEADERS.some((name) => request.header(name) !== undefined);
}

/** Who sends any request of a session, according to its headers, which win: they have the revision that both sides agreed on. */
function readSender(request: Request): McpReport['mcp'] {
  return describeMcp({
    session: request.header('mcp-session-id'),
    protocolVersion: request.header('mcp-protocol-version'),
  }).mcp;
}

/** The call that headers name. */
function readCall(request: Request): McpReport {
  return describeMcp({
    method: decodeHeader(request.header('mcp-method')),
    target: decodeHeader(request.header('mcp-name')),
  });
}

/** Values that are no plain ASCII are sent as `=?base64?…?=`. */
function decodeHeader(value: string | undefined): string | undefined {
  if (value === undefined || value.length > MAX_ENCODED_LENGTH) return undefined;
  const encoded = /^=\?base64\?([A-Za-z\d+/]+={0,2})\?=$/.exec(value)?.[1];
  return encoded === undefined ? value : Buffer.from(encoded, 'base64').toString();
}

/** Four bytes for three of the longest name, and the markers. */
const MAX_ENCODED_LENGTH = 200;

/** Until `trackMcp` has seen the answer, which a transport may send elsewhere, clients may have invented the name. */
function evidenceIn(
  report: McpReport | undefined,
  span: McpReport | undefined,
): OperationEvidence | undefined {
  if (report) return report.hasSucceeded ? 'server' : 'response';
  return span && 'server';
}

function digestOf(secret: string): string {
  return hash('sha256', secret, 'base64');
}
