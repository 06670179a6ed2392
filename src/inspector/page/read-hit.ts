import type { InspectedHit } from '../inspected-hit.js';

/** A hit with values that the page reads often. */
export interface HeldHit {
  /** Number of the hit since the last clear, from 0. */
  readonly number: number;
  readonly hit: InspectedHit;
  readonly title: string;
  /** Name of the AI chatbot, if it made the request. */
  readonly visitor: string;
  /** Status of the response, from the custom variable or the parameter. */
  readonly status: number | undefined;
  /** Page load time in Matomo, the sum of all timings, in milliseconds. */
  readonly millis: number | undefined;
  /** Parts of the page load time besides the server time, by parameter. */
  readonly steps: readonly (readonly [name: string, millis: number])[];
  /** Whether it matches the filter. */
  isShown: boolean;
}

const MAX_TITLE_CHARACTERS = 300;
const MAX_VISITOR_CHARACTERS = 64;
const TIMINGS = [
  ['pf_net', 'time_network'],
  ['pf_srv', 'time_server'],
  ['pf_tfr', 'time_transfer'],
  ['pf_dm1', 'time_dom_processing'],
  ['pf_dm2', 'time_dom_completion'],
  ['pf_onl', 'time_on_load'],
] as const;

export function readHit(hit: InspectedHit, number: number): HeldHit {
  const { params, aiRequest } = hit;
  return {
    number,
    hit,
    title: shorten(titleOf(hit), MAX_TITLE_CHARACTERS),
    visitor: shorten(
      aiRequest?.name || params.uid || params.cid || params._id || params.cip || '–',
      MAX_VISITOR_CHARACTERS,
    ),
    status: aiRequest ? aiRequest.statusCode : toNumber(statusOf(params)),
    millis: aiRequest ? aiRequest.millis : loadTimeOf(hit),
    steps: TIMINGS.flatMap(([name]) => {
      const millis = name === 'pf_srv' ? undefined : toNumber(params[name]);
      return millis === undefined ? [] : [[name, millis] as const];
    }),
    isShown: true,
  };
}

/** From the stored timings; for a hit that is not stored, from the sent ones. */
function loadTimeOf({ params, stored }: InspectedHit): number | undefined {
  const timings = TIMINGS.flatMap(
    ([name, column]) => (stored ? stored[column] : toNumber(params[name])) ?? [],
  );
  return timings.length === 0 ? undefined : timings.reduce((sum, millis) => sum + millis);
}

/** The title that Matomo stores; if it stores none, the one that was sent. */
function titleOf({ params, stored, aiRequest, conversion }: InspectedHit): string {
  if (conversion) return CONVERSIONS[conversion.kind](conversion.idgoal);
  // Matomo ignores the titles of such hits.
  if (aiRequest) return aiRequest.url ?? 'no URL';
  const event = [params.e_c, params.e_a].filter(Boolean).join(' / ');
  return (
    stored?.title ?? stored?.search ?? (event || params.action_name || params.url || 'no title')
  );
}

const CONVERSIONS = {
  goal: (id: number): string => `Goal ${id}`,
  order: (): string => 'Order',
  cart: (): string => 'Cart',
};

function statusOf({ cvar, http_status }: InspectedHit['params']): unknown {
  if (cvar === undefined) return http_status;
  try {
    const slots = Object.values(JSON.parse(cvar) as Record<string, unknown>);
    const slot = slots.find((pair) => Array.isArray(pair) && pair[0] === 'http_status_code');
    return (slot as unknown[] | undefined)?.[1] ?? http_status;
  } catch {
    return http_status;
  }
}

function toNumber(value: unknown): number | undefined {
  if (typeof value !== 'string' || value.trim() === '') return undefined;
  const number = Number(value);
  return Number.isFinite(number) && number >= 0 ? number : undefined;
}

export function shorten(text: string, maxCharacters: number): string {
  return text.length > maxCharacters ? `${text.slice(0, maxCharacters - 1)}…` : text;
}
