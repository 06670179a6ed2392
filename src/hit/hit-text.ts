import { copyText } from '../common/generation-cache.js';
import { PARAMETERS, type SettableParameter, SHARED } from './parameters/parameter-table.js';
import { toParameterValue } from './parameters/parameter-values.js';
import { encodeValue } from './text.js';
import type { Visitor } from './visitor/visitor.js';
import type { VisitorTraits } from './visitor/visitor-id.js';

/** `&name=value`, percent-encoded; `?idsite=…` of the site, with which every hit begins. */
export function rawPart(name: string, value: string): string {
  return `${startOf(name)}${encodeValue(value)}`;
}

/** The part of a parameter with the valid part of a value; empty if there is none. */
export function partOf(name: SettableParameter, unchecked: unknown): string {
  const value = toParameterValue(PARAMETERS[name], unchecked);
  return value === undefined ? '' : rawPart(name, value);
}

/** What Matomo reads in a part. */
export function readPart(part: string): string | undefined {
  return part === '' ? undefined : decodeURIComponent(part.slice(part.indexOf('=') + 1));
}

/** What every hit begins with. */
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
  visitor: ['idsite', 'rec', 'apiv', 'bots', 'cip', 'cid'],
  client: ['ua', 'uadata', 'lang'],
  url: ['url'],
  referrer: ['urlref'],
  time: ['cdt'],
  title: ['action_name'],
  variables: ['cvar'],
  duration: ['gt_ms', 'pf_srv'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

type Slot = keyof typeof NAMES;

const SLOT_OF: ReadonlyMap<string, Slot> = /* @__PURE__ */ new Map(
  Object.entries(NAMES).flatMap(([slot, names]) => names.map((name) => [name, slot as Slot])),
);

/**
 * A hit as text in slots, each of which has one or several parameters, percent-encoded. A class and not a literal, like the other objects
 * that each request makes and stores: once V8 has seen that objects of one literal survive, it allocates all later ones in the old
 * generation. They and what they hold then stay until the next full garbage collection. That took a fifth of the CPU time of a hit.
 */
export class HitText {
  visitor = '';
  client = '';
  url = '';
  referrer = '';
  time = '';
  title = '';
  variables = '';
  duration = '';
  /** Parameters without a slot. */
  rest = '';
  /** Whom it names by itself; `undefined` without a request. */
  named: Visitor | undefined = undefined;
  /** What the visitor ID is made of. */
  traits: VisitorTraits | undefined = undefined;
  /** Part of the user that the option `userId` names. */
  user = '';
  /** Whether anything was set that says where the hit is from. */
  isNamedAnew = false;
  /** When its request began, or what its time says if that was set. */
  startSeconds = 0;

  get site(): number {
    if (this.named && !this.isNamedAnew) return this.named.site;
    return Number(this.get('idsite'));
  }

  /** The user ID if there is one, else the visitor ID, if one is sent. */
  get who(): string {
    const uid = this.rest === '' ? undefined : this.get('uid');
    if (uid !== undefined) return uid;
    const id = this.named && !this.isNamedAnew ? this.named.id : this.get('cid');
    return id ?? '';
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
    if (slot === 'visitor' || slot === 'client') this.isNamedAnew = true;
    const text = this[slot];
    const known = findPart(text, name);
    if (known !== '') this[slot] = text.replace(known, () => part);
    else this[slot] = name === 'idsite' ? part + text : text + part; // every text begins with the site
    if (name === 'cdt' || name === 'cdo')
      this.startSeconds = Number(this.get('cdt')) - Number(this.get('cdo') ?? 0);
  }

  set(name: string, value: string): void {
    this.put(name, rawPart(name, value));
  }

  delete(name: string): void {
    this.put(name, '');
  }

  /** The parts by the names of their parameters. */
  parts(): [name: string, part: string][] {
    return partsOf(this.toString());
  }

  copy(): HitText {
    return Object.assign(new HitText(), this);
  }

  /** A hit of the same request, without any parameter. */
  emptied(): HitText {
    const empty = new HitText();
    empty.named = this.named;
    empty.traits = this.traits;
    empty.user = this.user;
    empty.startSeconds = this.startSeconds;
    return empty;
  }

  /** What all hits of its request have, as the beginning of another one. */
  toShared(): HitText {
    const shared = this.emptied();
    shared.visitor = this.visitor;
    shared.client = this.client;
    shared.url = this.url;
    shared.referrer = this.referrer;
    shared.isNamedAnew = this.isNamedAnew;
    for (const [name, part] of partsOf(this.rest)) if (SHARED.has(name)) shared.rest += part;
    return shared;
  }

  /** The same, without the longer texts of which URL and referrer may be parts. */
  toSharedCopy(): HitText {
    const shared = this.toShared();
    shared.url = copyText(shared.url);
    shared.referrer = copyText(shared.referrer);
    return shared;
  }

  /** As a query string. */
  toString(): string {
    const { visitor, client, url, referrer, time, title, variables, duration } = this;
    return visitor + client + url + referrer + time + title + variables + duration + this.rest;
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
