import { copyText } from '../../common/copy-text.js';
import { PairCache } from '../../common/generation-cache.js';
import { createField, type Field, Fields, rawField } from '../field.js';
import type { HttpRequest } from '../http-request.js';
import type { Visitor } from './visitor-id.js';

/** Pairs of user agent and language that are remembered, and as many with client hints. */
const MAX_AGENTS = 2000;
/** An agent with more in a query string is not remembered: with all its texts it would take over 10 kB of memory. */
const MAX_AGENT_CHARACTERS = 2000;
/** The same for a client, of which there are several for each user agent. */
const MAX_CLIENT_CHARACTERS = 600;
/** Callers whose visitor ID is remembered, some 300 bytes each: to compute one takes longer than all else of a hit. */
const MAX_CALLERS = 40_000;
/** A longer origin is not remembered with each caller. */
const MAX_END_CHARACTERS = 60;
const DAY_MILLIS = 86_400_000;

const NO_USER_AGENT = rawField('ua', '-'); // an empty one is replaced by our own client's

/** What a client sends about itself with every request. */
export class Agent {
  /** As it is sent. */
  readonly userAgent: string;
  readonly fields: Fields;
  #site = 0;
  #toBeginning: ((site: number) => string) | undefined;
  #beginning = '';

  constructor(userAgent: string, fields: Fields) {
    this.userAgent = userAgent;
    this.fields = fields;
  }

  /** The beginning of query strings for a site. One is remembered: most processes have one site and one processor. */
  beginning(site: number, toBeginning: (site: number) => string): string {
    if (this.#site !== site || this.#toBeginning !== toBeginning) {
      this.#site = site;
      this.#toBeginning = toBeginning;
      this.#beginning = [toBeginning(site), this.fields.text].join('');
    }
    return this.#beginning;
  }
}

type Described = Partial<
  Pick<HttpRequest, 'userAgent' | 'acceptLanguage' | 'clientHints' | 'client'>
>;

/** Finds what is sent of user agent, client hints and language. */
export function createToAgent(): (described: Described) => Agent {
  const plain = new PairCache<string, string, Agent>(MAX_AGENTS);
  const hinted = new PairCache<Agent, string, Agent>(MAX_AGENTS);

  function create({ userAgent = '', acceptLanguage, clientHints }: Described): Agent {
    const fieldOf = (name: 'ua' | 'uadata' | 'lang', text: string | undefined) =>
      text === undefined ? undefined : createField(name, copyText(text));
    const agent = fieldOf('ua', userAgent) ?? NO_USER_AGENT;
    const fields = [agent, fieldOf('uadata', clientHints), fieldOf('lang', acceptLanguage)];
    return new Agent(agent.value, new Fields(fields));
  }

  function toPlainAgent(described: Described): Agent {
    const { userAgent = '', acceptLanguage = '' } = described;
    const known = plain.get(userAgent, acceptLanguage);
    if (known) return known;
    const agent = create({ ...described, clientHints: undefined });
    if (isShort(agent)) plain.set(userAgent, acceptLanguage, agent);
    return agent;
  }

  return function toAgent(described) {
    const { client, clientHints, userAgent = '', acceptLanguage = '' } = described;
    let agent = client?.agent;
    if (!agent) {
      agent = toPlainAgent(described);
      if (client && agent.fields.text.length <= MAX_CLIENT_CHARACTERS) client.agent = agent;
    }
    if (clientHints === undefined) return agent;
    const known = hinted.get(agent, clientHints);
    if (known) return known;
    const created = create(described);
    // What is remembered for an agent that is not would never be found again.
    const isFound = client?.agent === agent || plain.get(userAgent, acceptLanguage) === agent;
    if (isFound && isShort(created)) hinted.set(agent, clientHints, created);
    return created;
  };
}

function isShort({ fields }: Agent): boolean {
  return fields.text.length <= MAX_AGENT_CHARACTERS;
}

/** What is sent of a visitor. */
export class Caller {
  readonly day: number;
  readonly site: number;
  /** `undefined` if none is to be sent. */
  readonly visitorId: string | undefined;
  /** Address and visitor ID as in a query string. */
  readonly text: string;
  /** The ID even if none is sent, once it was needed. */
  anyVisitorId: string | undefined;
  #end = '';
  #joined = '';

  constructor(day: number, site: number, visitorId: string | undefined, text: string) {
    this.day = day;
    this.site = site;
    this.visitorId = visitorId;
    this.text = text;
  }

  /** With what mostly follows: each piece of a query string costs as much as a lookup. */
  textWith(end: string): string {
    if (end.length > MAX_END_CHARACTERS) return this.text + end;
    if (this.#end !== end) {
      this.#end = end;
      this.#joined = [this.text, end].join('');
    }
    return this.#joined;
  }
}

/** Finds what is sent of a visitor. If IDs must not be linked to addresses later, callers are not remembered. */
export function createToCaller(
  toAddress: (address: string) => Field | undefined,
  toVisitorId: (visitor: Visitor) => string | undefined,
  areRemembered = true,
): (visitor: Visitor) => Caller {
  const callers = new PairCache<string, string, Caller>(MAX_CALLERS);
  return function toCaller(visitor) {
    const { address, userAgent, site, startMillis } = visitor;
    const day = Math.floor(startMillis / DAY_MILLIS);
    const known = callers.get(userAgent, address ?? '');
    if (known && known.day === day && known.site === site) return known;
    const visitorId = toVisitorId(visitor);
    const field = address === undefined ? undefined : toAddress(address);
    const id = visitorId === undefined ? '' : `&cid=${visitorId}`;
    const caller = new Caller(day, site, visitorId, [field?.pair ?? '', id].join(''));
    if (areRemembered) callers.set(userAgent, address ?? '', caller);
    return caller;
  };
}

/** Finds the visitor ID of a caller even if none is sent. */
export function createToAnyVisitorId(
  toCaller: (visitor: Visitor) => Caller,
  toVisitorId: (visitor: Visitor) => string,
): (visitor: Visitor) => string {
  return function toAnyVisitorId(visitor) {
    const caller = toCaller(visitor);
    caller.anyVisitorId ??= caller.visitorId ?? toVisitorId(visitor);
    return caller.anyVisitorId;
  };
}
