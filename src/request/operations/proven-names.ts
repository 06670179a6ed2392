import { createHmac, randomBytes } from 'node:crypto';
import { copyText } from '../../common/generation-cache.js';
import {
  type HttpRequest,
  type Operation,
  type OperationEvidence,
  type OperationKind,
  OTHER_NAME,
} from '../../hit/http-request.js';
import { toTitlePath } from '../../hit/page/page-path.js';
import { isRefusal } from '../../hit/page/refusals.js';
import { maskAddress } from '../../hit/visitor/addresses.js';
import { isSuccess } from './operation-target.js';

/** Of each half of a table. */
const MAX_ENTRIES = 500;
/** The others are for clients that have added few. */
const MAX_ENTRIES_OF_ANYBODY = 250;
const FEW_ENTRIES = 50;
const DAY_MILLIS = 86_400_000;

/** What shows that an operation has succeeded. */
type Evidence = Exclude<OperationEvidence, 'none'>;

/** Clients are counted by a byte of a keyed digest of their network, so that no address is kept. */
const MAX_GROUPS = 256;
const GROUP_KEY = /* @__PURE__ */ randomBytes(32);

function groupOf(address: string | undefined): number {
  const network = address === undefined ? '' : maskAddress(address, 1);
  return createHmac('sha256', GROUP_KEY).update(network).digest()[0] as number;
}

/** Texts of which one client cannot use up the room: a server of GraphQL runs queries with any name. */
class SharedTexts {
  readonly #texts = new Set<string>();
  /** How many each group of clients has added. */
  readonly #counts = new Uint16Array(MAX_GROUPS);

  has(text: string): boolean {
    return this.#texts.has(text);
  }

  /** Returns `false` if there is no room for a text of this client. */
  add(text: string, address: string | undefined): boolean {
    const { size } = this.#texts;
    if (size >= MAX_ENTRIES) return false;
    const group = groupOf(address);
    const count = this.#counts[group] as number;
    if (size >= MAX_ENTRIES_OF_ANYBODY && count >= FEW_ENTRIES) return false;
    this.#counts[group] = count + 1;
    this.#texts.add(copyText(text)); // it may be a part of a long one
    return true;
  }
}

/** Texts that the server has shown to be real, and, in a half of their own, texts that clients may have invented. */
class ProvenTexts {
  readonly #halves = { server: new SharedTexts(), response: new SharedTexts() };

  /** What may be sent of a text: without proof if it is in the table. With proof it is added, or is one of the others if its half is full. */
  admit(
    text: string | undefined,
    proof: Evidence | undefined,
    address: string | undefined,
  ): string | undefined {
    if (text === undefined) return undefined;
    const { server, response } = this.#halves;
    if (server.has(text) || response.has(text)) return text;
    if (proof === undefined) return undefined;
    return this.#halves[proof].add(text, address) ? text : OTHER_NAME;
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

/** An operation outside of a request has no address. */
type AnsweredOperation = Pick<HttpRequest, 'operation' | 'path' | 'route' | 'statusCode'> &
  Partial<Pick<HttpRequest, 'address'>>;

/**
 * The names of operations that may be in titles: those with which an operation has succeeded. So clients cannot fill Matomo with
 * names, nor these tables for longer than a day. Names that only clients have sent never fill the half of those that the server has shown.
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
  admit({ operation, path, route, statusCode, address }: AnsweredOperation): Operation | undefined {
    if (operation === undefined) return undefined;
    const { names, paths, clients } = this.#provenOf(operation.kind);
    const { kind, hasFailed, evidence } = operation;
    const isProven = !hasFailed && evidence !== 'none' && isSuccess(statusCode);
    const proof = isProven ? evidence : undefined;
    // Of the endpoint: the procedures of tRPC are no part of it.
    const place = toTitlePath(kind === 'trpc' ? path.slice(0, path.lastIndexOf('/')) : path);
    const isKnownPlace =
      paths.admit(place, proof, address) !== undefined ||
      route !== undefined ||
      !isRefusal(statusCode);
    const name = isKnownPlace ? names.admit(operation.name, proof, address) : undefined;
    const { mcp } = operation;
    if (!mcp) return { ...operation, name };
    const clientName = clients.admit(mcp.clientName, proof, address);
    const method = isKnownPlace ? mcp.method : undefined;
    return { ...operation, name, mcp: { ...mcp, method, clientName } };
  }

  /** Names that the server itself has listed: a tool that always fails has a name, too. */
  learn({ operation }: Pick<HttpRequest, 'operation'>): void {
    const listed = operation?.mcp?.listedNames;
    if (operation === undefined || listed === undefined) return;
    const { names } = this.#provenOf(operation.kind);
    for (const name of listed) names.admit(name, 'server', undefined);
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
