import { copyText } from '../common/recent-texts.js';
import { PARAMETERS, type SettableParameter, SHARED } from './parameters/parameter-table.js';
import { toParameterValue } from './parameters/parameter-values.js';
import { encodeValue } from './text.js';
import type { Visitor } from './visitor/visitor.js';

/**
 * Hits of different kinds are sent in separate bulks. If an insert of Matomo's AI chatbot reports deadlocks, the transaction of the
 * whole bulk is rolled back, but Matomo reports the page views in it as tracked.
 */
export type HitKind = 'action' | 'chatbot';

/** One tracking request as delivery sees it: visitor, time, and the bytes to send. */
export interface Hit {
  readonly site: number;
  /** Hits of one visitor stay together and in order. The user ID if there is one, else the visitor ID. */
  readonly visitor: string;
  /** Start of the request, in epoch seconds. Half a second later for an additional hit that comes after page views. */
  readonly startSeconds: number;
  readonly kind: HitKind;
  /** `?idsite=…`, percent-encoded: ASCII that needs no escaping inside JSON. */
  readonly query: string;
  /**
   * The client for the rule about hits that fail: a keyed hash of its address, which no option masks; without an address, the visitor;
   * empty if nothing is known. A part of its line in a spool, and never sent.
   */
  readonly client: string;
  /** How often the hit failed alone right after another request had succeeded; `undefined` if it never did. A part of its line in a spool. */
  readonly failures?: number;
  /** How often the hit was sent with an unknown outcome, before it is sent again. A part of its line in a spool. */
  readonly resends?: number;
  /** Time at which all hits of its bulk were invalid, in epoch seconds: the hits are, or the token is. A part of its line. */
  readonly invalidSeconds?: number;
}

/** `&name=value`, percent-encoded; `?idsite=…` of the site, with which every hit begins. */
export function rawPart(name: string, value: string): string {
  return `${startOf(name)}${encodeValue(value)}`;
}

/** The part of a parameter with the valid part of a value; empty if there is none. */
export function partOf(name: SettableParameter, unchecked: unknown): string {
  const value = toParameterValue(PARAMETERS[name], unchecked);
  return value === undefined ? '' : rawPart(name, value);
}

/** The value that Matomo reads in a part. */
export function readPart(part: string): string | undefined {
  return part === '' ? undefined : decodeURIComponent(part.slice(part.indexOf('=') + 1));
}

/** The beginning of every hit. */
export function siteText(site: number | string, trackBots = false): string {
  return `${rawPart('idsite', String(site))}&rec=1&apiv=1${trackBots ? '&bots=1' : ''}`;
}

function startOf(name: string): string {
  return name === 'idsite' ? '?idsite=' : `&${name}=`;
}

/** The part of a parameter in a text; empty if there is none. */
function findPart(text: string, name: string): string {
  if (text === '') return '';
  const start = text.indexOf(startOf(name));
  if (start < 0) return '';
  const end = text.indexOf('&', start + 1);
  return end < 0 ? text.slice(start) : text.slice(start, end);
}

/** The parameters that each slot may have. `rest` has all others. */
const NAMES = {
  who: ['idsite', 'rec', 'apiv', 'bots', 'cip', 'cid'],
  agent: ['ua', 'uadata', 'lang'],
  url: ['url'],
  referrer: ['urlref'],
  time: ['cdt'],
  title: ['action_name', 'cvar'],
  duration: ['gt_ms', 'pf_srv'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

type Slot = keyof typeof NAMES;

const SLOT_OF: ReadonlyMap<string, Slot> = /* @__PURE__ */ new Map(
  Object.entries(NAMES).flatMap(([slot, names]) => names.map((name) => [name, slot as Slot])),
);

/**
 * A hit, while it is built and when it is sent: text in slots, each of which has one or several parameters, percent-encoded. A class and not
 * a literal, like the other objects that each request makes and stores: once V8 has seen that objects of one literal survive, it allocates all
 * later ones in the old generation, where they stay until the next full garbage collection.
 */
export class HitText implements Hit {
  who = '';
  agent = '';
  url = '';
  referrer = '';
  time = '';
  title = '';
  duration = '';
  rest = '';
  /** The visitor that the hit names itself; `undefined` without a request. */
  named: Visitor | undefined = undefined;
  /** Address of the client as it is known, never sent. */
  address: string | undefined = undefined;
  /** The part with the user that the option `userId` names. */
  user = '';
  /** Whether a parameter was set that says who made the hit. */
  isNamedAnew = false;
  /** The start of the request, or the time that was set. */
  startSeconds = 0;
  kind: HitKind = 'action';
  // Known once the hit is finalized:
  site = 0;
  visitor = '';
  query = '';
  #client: string | undefined = undefined;

  /** The hash is made only if the hit is stored in a spool, or if hits fail. */
  get client(): string {
    this.#client ??= this.address && this.named?.toClient(this.address, this.startSeconds);
    return this.#client || this.visitor;
  }

  /** Makes the query string. No parameter is set afterwards. */
  finalize(): this {
    const { rest, named, isNamedAnew } = this;
    const isNamed = named !== undefined && !isNamedAnew;
    this.site = isNamed ? named.site : Number(this.get('idsite'));
    this.visitor =
      (rest === '' ? undefined : this.get('uid')) ?? (isNamed ? named.id : this.get('cid')) ?? '';
    this.query = this.toString();
    return this;
  }

  toString(): string {
    const { who, agent, url, referrer, time, title, duration } = this;
    return who + agent + url + referrer + time + title + duration + this.rest;
  }

  find(name: string): string {
    return findPart(this[SLOT_OF.get(name) ?? 'rest'], name);
  }

  get(name: string): string | undefined {
    return readPart(this.find(name));
  }

  has(name: string): boolean {
    return this.find(name) !== '';
  }

  /** Replaces the part of a parameter in its slot, or appends it. An empty one removes the parameter. */
  put(name: string, part: string): void {
    const slot = SLOT_OF.get(name) ?? 'rest';
    if (slot === 'who' || slot === 'agent') this.isNamedAnew = true;
    const text = this[slot];
    const known = findPart(text, name);
    if (known !== '') this[slot] = text.replace(known, () => part);
    else this[slot] = name === 'idsite' ? part + text : text + part; // every hit begins with its site
    if (name === 'cdt' || name === 'cdo')
      this.startSeconds = Number(this.get('cdt')) - Number(this.get('cdo') ?? 0);
  }

  set(name: string, value: string): void {
    this.put(name, rawPart(name, value));
  }

  delete(name: string): void {
    this.put(name, '');
  }

  parts(): [name: string, part: string][] {
    return partsOf(this.toString());
  }

  /** A hit of the same request, without any parameter. */
  emptied(): HitText {
    const empty = new HitText();
    empty.named = this.named;
    empty.address = this.address;
    empty.user = this.user;
    empty.startSeconds = this.startSeconds;
    empty.kind = this.kind;
    return empty;
  }

  /** The parts that all hits of the request have, as the beginning of another hit. */
  toShared(): HitText {
    const shared = this.emptied();
    shared.kind = 'action';
    shared.who = this.who;
    shared.agent = this.agent;
    shared.url = this.url;
    shared.referrer = this.referrer;
    shared.isNamedAnew = this.isNamedAnew;
    for (const [name, part] of partsOf(this.rest)) if (SHARED.has(name)) shared.rest += part;
    return shared;
  }

  /** A copy that does not keep the longer texts of which URL and referrer may be parts. */
  toSharedCopy(): HitText {
    const shared = this.toShared();
    shared.url = copyText(shared.url);
    shared.referrer = copyText(shared.referrer);
    return shared;
  }
}

function partsOf(text: string): [name: string, part: string][] {
  if (text === '') return [];
  return text
    .slice(1)
    .split('&')
    .map((each) => {
      const name = each.slice(0, each.indexOf('='));
      return [name, startOf(name) + each.slice(name.length + 1)];
    });
}
