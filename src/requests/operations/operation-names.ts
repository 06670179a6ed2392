import { copyText } from '../../common/generation-cache.js';
import {
  type HttpRequest,
  type Operation,
  type OperationKind,
  OTHER_NAME,
} from '../../hit/http-request.js';
import { toTitlePath } from '../../hit/page/page-path.js';

/** Of names, and of paths, of each kind. */
const MAX_ENTRIES = 500;
const DAY_MILLIS = 86_400_000;
const FIRST_FAILED_STATUS = 400;

/** Statuses that scanners get, whatever they put into a request. */
const REFUSED: ReadonlySet<number> = new Set([401, 403, 404, 405]);

/** What operations that succeeded have proved. */
interface Proven {
  readonly names: Set<string>;
  /** Templates of paths. */
  readonly paths: Set<string>;
}

/**
 * The names of operations that may be in titles: those with which an operation has succeeded. So clients cannot fill Matomo with
 * names, nor these tables for longer than a day.
 */
export class OperationNames {
  readonly #nowMillis: () => number;
  readonly #proven = new Map<OperationKind, Proven>();
  readonly #clients = new Set<string>();
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
    this.#emptyDaily();
    const { names, paths } = this.#provenOf(operation.kind);
    const place = placeOf(operation, path);
    const hasSucceeded = statusCode < FIRST_FAILED_STATUS && !operation.hasFailed;
    if (hasSucceeded) add(paths, place);
    const isKnownPlace =
      hasSucceeded || route !== undefined || !REFUSED.has(statusCode) || paths.has(place);
    const name = isKnownPlace ? nameIn(names, operation.name, hasSucceeded) : undefined;
    const { mcp } = operation;
    if (mcp) {
      const clientName = nameIn(this.#clients, mcp.clientName, hasSucceeded);
      const method = isKnownPlace ? mcp.method : undefined;
      return { ...operation, name, mcp: { ...mcp, method, clientName } };
    }
    return name === operation.name ? operation : { ...operation, name };
  }

  /** Names that the server itself has listed: a tool that always fails has a name, too. */
  learn({ operation }: Pick<HttpRequest, 'operation'>): void {
    const listed = operation?.mcp?.listedNames;
    if (operation === undefined || listed === undefined) return;
    this.#emptyDaily();
    const { names } = this.#provenOf(operation.kind);
    for (const name of listed) add(names, name);
  }

  #provenOf(kind: OperationKind): Proven {
    let proven = this.#proven.get(kind);
    if (!proven) {
      proven = { names: new Set(), paths: new Set() };
      this.#proven.set(kind, proven);
    }
    return proven;
  }

  #emptyDaily(): void {
    const nowMillis = this.#nowMillis();
    if (nowMillis - this.#emptiedMillis < DAY_MILLIS) return;
    this.#emptiedMillis = nowMillis;
    this.#proven.clear();
    this.#clients.clear();
  }
}

/** The names of this process. */
export const operationNames: OperationNames = new OperationNames();

/** What may be sent of a name. */
function nameIn(
  table: Set<string>,
  name: string | undefined,
  hasSucceeded: boolean,
): string | undefined {
  if (name === undefined) return undefined;
  if (hasSucceeded) return add(table, name) ? name : OTHER_NAME;
  return table.has(name) ? name : undefined;
}

/** Adds a text unless the table is full. Returns whether it is in the table. */
function add(table: Set<string>, text: string): boolean {
  if (table.has(text)) return true;
  if (table.size >= MAX_ENTRIES) return false;
  table.add(copyText(text)); // it may be a part of a long one
  return true;
}

/** The path of the endpoint, of which the procedures of tRPC are no part. */
function placeOf({ kind }: Operation, path: string): string {
  return toTitlePath(kind === 'trpc' ? path.slice(0, path.lastIndexOf('/')) : path);
}
