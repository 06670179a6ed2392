import { copyText } from '../../common/generation-cache.js';
import {
  type HttpRequest,
  type Operation,
  type OperationEvidence,
  type OperationKind,
  OTHER_NAME,
} from '../../hit/http-request.js';
import { REFUSALS } from '../../hit/page/action-name.js';
import { toTitlePath } from '../../hit/page/page-path.js';
import { isSuccess } from './operation-target.js';

/** Of each half of a table. */
const MAX_ENTRIES = 250;
const DAY_MILLIS = 86_400_000;

/** What shows that an operation has succeeded. */
type Evidence = Exclude<OperationEvidence, 'none'>;

/** Texts that the server has shown to be real, and, in a half of their own, texts that clients may have invented. */
class ProvenTexts {
  readonly #halves = { server: new Set<string>(), response: new Set<string>() };

  /** What may be sent of a text: without proof if it is in the table. With proof it is added, or is one of the others if its half is full. */
  admit(text: string | undefined, proof: Evidence | undefined): string | undefined {
    if (text === undefined) return undefined;
    const { server, response } = this.#halves;
    if (server.has(text) || response.has(text)) return text;
    if (proof === undefined) return undefined;
    const half = this.#halves[proof];
    if (half.size >= MAX_ENTRIES) return OTHER_NAME;
    half.add(copyText(text)); // it may be a part of a long one
    return text;
  }
}

/** What operations of one kind that succeeded have proved. */
class Proven {
  readonly names = new ProvenTexts();
  /** Templates of paths. */
  readonly paths = new ProvenTexts();
  /** Names of clients, of MCP. */
  readonly clients = new ProvenTexts();
}

/**
 * The names of operations that may be in titles: those with which an operation has succeeded. So clients cannot fill Matomo with
 * names, nor these tables for longer than a day, and never the half of the names that the server has shown.
 */
export class OperationNames {
  readonly #nowMillis: () => number;
  readonly #proven = new Map<OperationKind, Proven>();
  #emptiedMillis: number;

  /** `nowMillis` reads a monotonic clock. */
  constructor(nowMillis: () => number = () => performance.now()) {
    this.#nowMillis = nowMillis;
    this.#emptiedMillis = nowMillis();
  }

  /** The operation of an ended request with a name that may be in a title, or without one. */
  admit({
    operation,
    path,
    route,
    statusCode,
  }: Pick<HttpRequest, 'operation' | 'path' | 'route' | 'statusCode'>): Operation | undefined {
    if (operation === undefined || (operation.name ?? operation.mcp) === undefined)
      return operation;
    const { names, paths, clients } = this.#provenOf(operation.kind);
    const proof = proofOf(operation, statusCode);
    const isKnownPlace =
      paths.admit(placeOf(operation, path), proof) !== undefined ||
      route !== undefined ||
      REFUSALS[statusCode] === undefined;
    const name = isKnownPlace ? names.admit(operation.name, proof) : undefined;
    const { mcp } = operation;
    if (mcp) {
      const clientName = clients.admit(mcp.clientName, proof);
      const method = isKnownPlace ? mcp.method : undefined;
      return { ...operation, name, mcp: { ...mcp, method, clientName } };
    }
    return name === operation.name ? operation : { ...operation, name };
  }

  /** Names that the server itself has listed: a tool that always fails has a name, too. */
  learn({ operation }: Pick<HttpRequest, 'operation'>): void {
    const listed = operation?.mcp?.listedNames;
    if (operation === undefined || listed === undefined) return;
    const { names } = this.#provenOf(operation.kind);
    for (const name of listed) names.admit(name, 'server');
  }

  /** The tables of one kind. All are emptied daily. */
  #provenOf(kind: OperationKind): Proven {
    const nowMillis = this.#nowMillis();
    if (nowMillis - this.#emptiedMillis >= DAY_MILLIS) {
      this.#emptiedMillis = nowMillis;
      this.#proven.clear();
    }
    const proven = this.#proven.get(kind) ?? new Proven();
    this.#proven.set(kind, proven);
    return proven;
  }
}

/** The names of this process. */
export const operationNames: OperationNames = new OperationNames();

/** What shows that an operation has succeeded; `undefined` if it may have failed. */
function proofOf({ hasFailed, evidence }: Operation, statusCode: number): Evidence | undefined {
  return hasFailed || evidence === 'none' || !isSuccess(statusCode) ? undefined : evidence;
}

/** The path of the endpoint, of which the procedures of tRPC are no part. */
function placeOf({ kind }: Operation, path: string): string {
  return toTitlePath(kind === 'trpc' ? path.slice(0, path.lastIndexOf('/')) : path);
}
