import type { InspectedHit } from '../inspected-hit.js';

/** An answer of `/new-hits`: the hits from number `first` on. The server has already dropped hits before `oldest`. */
export interface NewHits {
  /** A number that changes when all hits are cleared or the inspector is restarted. */
  readonly run: number;
  readonly first: number;
  readonly oldest: number;
  readonly hits: readonly InspectedHit[];
  /** Whether the server has more hits. */
  readonly hasMore: boolean;
}

export interface HeldHits extends ReturnType<typeof createHeldHits> {}

/** Creates a list of the hits that the server's log has, in order of arrival. */
export function createHeldHits() {
  let held: HeldHit[] = [];
  let filter: Filter = () => true;
  let next = 0;

  return {
    take({ first, oldest, hits }: NewHits): void {
      next = first + hits.length;
      const added = hits.map((hit, index) => readHit(hit, first + index));
      for (const one of added) one.isShown = filter(one);
      held = [...held.filter(({ number }) => number >= oldest), ...added];
    },
    all: () => held,
    /** The hits that match the filter. */
    shown: () => held.filter(({ isShown }) => isShown),
    setFilter(wanted: Filter): void {
      filter = wanted;
      for (const one of held) one.isShown = filter(one);
    },
    /** Number of all hits since the last clear. */
    total: () => next,
    clear(): void {
      held = [];
      next = 0;
    },
  };
}

/** A hit with values that the page reads often. */
export interface HeldHit {
  /** Number of the hit since the last clear, from 0. */
  readonly number: number;
  readonly hit: InspectedHit;
  /** The title that Matomo stores. If Matomo stores none, the title that was sent. */
  readonly title: string;
  readonly visitor: string;
  /** Whether the hit matches the filter. */
  isShown: boolean;
}

const MAX_TITLE_CHARACTERS = 300;

export function readHit(hit: InspectedHit, number: number): HeldHit {
  const { params, stored } = hit;
  const title = stored?.title ?? stored?.url ?? (params.action_name || params.url || 'no title');
  return {
    number,
    hit,
    title: shorten(title, MAX_TITLE_CHARACTERS),
    visitor: hit.visitor ?? '–',
    isShown: true,
  };
}

/** First digit of the status; 0 without a status. */
export function classOf({ hit }: HeldHit): number {
  return Math.floor((hit.status ?? 0) / 100);
}

export function shorten(text: string, maxCharacters: number): string {
  return text.length > maxCharacters ? `${text.slice(0, maxCharacters - 1)}…` : text;
}

type Filter = (held: HeldHit) => boolean;

const CONDITION = /(?:([\w.]+):)?(?:"((?:[^"\\]|\\.)*)"|(\S+))/g;

/**
 * Parses a filter. A hit has to match all conditions. A condition is a word anywhere in the hit, or `name:value` with the name of a parameter or
 * one of `endpoint`, `verdict`, `status`, `visitor`, `reason`. Quotes keep several words together.
 */
export function parseFilter(text: string): Filter {
  const conditions = [...text.matchAll(CONDITION)].map(([, name, quoted, plain]): Filter => {
    const value = (quoted?.replace(/\\(.)/g, '$1') ?? plain ?? '').toLowerCase();
    return name === undefined ? contains(value) : createFieldFilter(name, value);
  });
  return (held) => conditions.every((fits) => fits(held));
}

function createFieldFilter(name: string, value: string): Filter {
  switch (name) {
    case 'endpoint':
      return ({ title }) => title.toLowerCase() === value;
    case 'verdict':
      return ({ hit }) => hit.verdict === value;
    case 'visitor':
      return ({ visitor }) => visitor.toLowerCase().startsWith(value);
    case 'reason':
      return ({ hit }) => hit.reason?.toLowerCase().includes(value) === true;
    case 'status': {
      const digits = value.replace(/x+$/, '');
      return ({ hit }) => hit.status !== undefined && String(hit.status).startsWith(digits);
    }
    default:
      // A word may contain a colon, as a URL does.
      return (held) =>
        Object.hasOwn(held.hit.params, name)
          ? held.hit.params[name]?.toLowerCase().includes(value) === true
          : contains(`${name}:${value}`)(held);
  }
}

function contains(value: string): Filter {
  return ({ title, visitor, hit }) =>
    [title, visitor, hit.verdict, hit.reason ?? '', ...Object.values(hit.params)].some((text) =>
      text.toLowerCase().includes(value),
    );
}
