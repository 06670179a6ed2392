import { copyText } from '../../common/generation-cache.js';
import {
  type HttpRequest,
  type Operation,
  type OperationKind,
  OTHER_NAME,
} from '../../hit/http-request.js';
import { toTitlePath } from '../../hit/page/page-path.js';
import { isRefusal } from '../../hit/page/title.js';
import { isSuccess } from './operation-target.js';

const MAX_NAMES = 500;
const DAY_MILLIS = 86_400_000;

/** Texts that clients may invent, and with which an operation has succeeded. */
class ProvenTexts {
  readonly #texts = new Set<string>();

  /** What may be sent of a text: without proof if it is known. With proof it is from now on, or is one of the others if there is no room. */
  admit(text: string | undefined, isProven: boolean): string | undefined {
    if (text === undefined || this.#texts.has(text)) return text;
    if (!isProven) return undefined;
    if (this.#texts.size >= MAX_NAMES) return OTHER_NAME;
    this.#texts.add(copyText(text)); // it may be a part of a long one
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

type AnsweredOperation = Pick<HttpRequest, 'operation' | 'path' | 'route' | 'statusCode'>;

/**
 * The names of operations that may be in titles: those with which an operation has succeeded. So clients cannot fill Matomo with
 * names, nor these tables for longer than a day.
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
  admit({ operation, path, route, statusCode }: AnsweredOperation): Operation | undefined {
    if (operation === undefined) return undefined;
    const { names, paths, clients } = this.#provenOf(operation.kind);
    const { kind, hasFailed, mcp } = operation;
    const isProven = operation.isEvident && !hasFailed && isSuccess(statusCode);
    // Of the endpoint: the procedures of tRPC are no part of it.
    const place = toTitlePath(kind === 'trpc' ? path.slice(0, path.lastIndexOf('/')) : path);
    const isKnown = paths.admit(place, isProven) !== undefined;
    const isPlace = isKnown || route !== undefined || !isRefusal(statusCode);
    const name = isPlace ? names.admit(operation.name, isProven) : undefined;
    if (!mcp) return { ...operation, name };
    const clientName = clients.admit(mcp.clientName, isProven);
    const method = isPlace ? mcp.method : undefined;
    return { ...operation, name, mcp: { ...mcp, method, clientName } };
  }

  /** Names that the server itself has listed: a tool that always fails has a name, too. */
  learn({ operation }: Pick<HttpRequest, 'operation'>): void {
    const listed = operation?.mcp?.listedNames;
    if (operation === undefined || listed === undefined) return;
    const { names } = this.#provenOf(operation.kind);
    for (const name of listed) names.admit(name, true);
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
