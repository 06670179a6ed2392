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

/** One tracking request in the form that delivery needs: visitor, time, and the text to send. */
export interface Hit {
  readonly site: number;
  /** The user ID if there is one, else the visitor ID. Hits of one visitor stay together and in order. */
  readonly visitor: string;
  /** Start of the request, in epoch seconds. Half a second later for an additional hit that comes after page views. */
  readonly startSeconds: number;
  readonly kind: HitKind;
  /** `?idsite=…`, percent-encoded: ASCII that needs no escaping inside JSON. */
  readonly query: string;
  /**
   * Identifies the client for the rule about failing hits: a keyed hash of the address, which no option masks; without an address, the
   * visitor; empty if both are unknown. Spool lines contain it. Matomo never gets it.
   */
  readonly client: string;
  /**
   * How often the hit, sent alone, failed right after another request had
   * succeeded; `undefined` if it never did. Spool lines contain it.
   */
  readonly failures?: number;
  /** How often sending the hit had an unknown outcome, so that it is sent again. Spool lines contain it. */
  readonly resends?: number;
  /** Epoch seconds at which all hits of the bulk were invalid: either the hits or the token are invalid. Spool lines contain it. */
  readonly invalidSeconds?: number;
}

/** Formats `&name=value`, percent-encoded. `idsite` becomes `?idsite=…`, because every hit begins with it. */
export function rawPart(name: string, value: string): string {
  return `${startOf(name)}${encodeValue(value)}`;
}

/** Formats a parameter with the valid part of a value. Returns an empty string if nothing of the value is valid. */
export function partOf(name: SettableParameter, unchecked: unknown): string {
  const value = toParameterValue(PARAMETERS[name], unchecked);
  return value === undefined ? '' : rawPart(name, value);
}

/** Decodes the value of a part as Matomo reads it. */
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

/** Finds the part of a parameter in a text; empty if the text does not have the parameter. */
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
 * A hit while it is built and when it is sent: slots of percent-encoded text, each with one or several parameters. An object literal would cost
 * memory: once V8 has seen that objects of one literal survive, it allocates all later ones in the old generation, where they stay until the
 * next full garbage collection. Other objects that each request creates and stores are classes, too.
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
  /** The visitor of the request; `undefined` without a request. */
  named: Visitor | undefined = undefined;
  /** Address of the client, not masked and never sent. */
  address: string | undefined = undefined;
  /** The part with the user that the option `userId` names. */
  user = '';
  /** Whether a parameter that identifies the visitor was set. */
  isNamedAnew = false;
  /** The start of the request, or the time that was set. */
  startSeconds = 0;
  kind: HitKind = 'action';
  // `finalize` sets these:
  site = 0;
  visitor = '';
  query = '';
  #client: string | undefined = undefined;

  /** The hash is computed on first use: only the spool and the handling of failing hits need it. */
  get client(): string {
    this.#client ??= this.address && this.named?.toClient(this.address, this.startSeconds);
    return this.#client || this.visitor;
  }

  /** Builds the query string. No parameter may be set afterwards. */
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

  /** Replaces the part of a parameter in its slot, or appends it. An empty part removes the parameter. */
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

  /** Creates a hit of the same request without any parameter. */
  emptied(): HitText {
    const empty = new HitText();
    empty.named = this.named;
    empty.address = this.address;
    empty.user = this.user;
    empty.startSeconds = this.startSeconds;
    empty.kind = this.kind;
    return empty;
  }

  /** Creates another hit of the request from the parts that all of its hits share. */
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

  /** Copies the shared parts. URL and referrer may be substrings of longer texts, which would stay in memory. */
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
