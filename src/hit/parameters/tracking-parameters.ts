import type { SettableValues } from './parameter-table.js';

/** Timings of a page view. */
export const PERF_KEYS = ['pf_net', 'pf_srv', 'pf_tfr', 'pf_dm1', 'pf_dm2', 'pf_onl'] as const;

/**
 * A timing of a page view: `pf_net` network, `pf_srv` server, `pf_tfr` transfer, `pf_dm1` DOM processing, `pf_dm2` DOM completion,
 * `pf_onl` on load. A server can use the last five for its own steps.
 */
export type PerfKey = (typeof PERF_KEYS)[number];

export function isPerfKey(value: unknown): value is PerfKey {
  return PERF_KEYS.includes(value as PerfKey);
}

/**
 * Tracking parameters for one request, by Matomo's names. Custom variables are added to the existing ones. All others replace the
 * value of the hit. `undefined` means that a parameter is not set.
 */
export interface TrackingParameters extends SettableValues {
  /** Custom dimensions, `dimension1` to `dimension999`. @see [Matomo: `dimension[0-999]`](https://developer.matomo.org/api-reference/tracking-api) */
  [dimension: `dimension${number}`]: string | number | boolean | undefined;
}

/** Tracking parameters of a hit besides the page view: at least one says what it is about. */
export type HitParameters = TrackingParameters &
  (
    | { action_name: string }
    | { url: string }
    | { link: string }
    | { download: string }
    | { search: string }
    | { idgoal: number }
    | { e_c: string; e_a: string }
    | { c_n: string }
    | { ping: true | 1 }
  );

/** The kinds of values, with their types in code. */
export interface ValueTypes {
  text: string;
  url: string;
  referrer: string;
  integer: number;
  number: number;
  flag: boolean | 0 | 1;
  json: string;
  'user-id': string | number;
  'visitor-id': string;
  address: string;
  time: number;
  variables: Readonly<Record<string, string | number | boolean | undefined>>;
}

/** What a value must be like, so that Matomo stores it and its database accepts it. */
export interface ValueRules {
  readonly kind: keyof ValueTypes;
  /** Text: limit of its column. Bytes are counted after HTML escaping, because Matomo escapes before it cuts. */
  readonly maxBytes?: number;
  readonly maxCharacters?: number;
  /** Text: Matomo treats `0` as empty. */
  readonly isZeroEmpty?: true;
  /** Numbers: outside of this range, the parameter is dropped. */
  readonly min?: number;
  readonly max?: number;
  /** Integers: a fraction, which Matomo would ignore, is rounded. Without this flag, a fraction drops the parameter. */
  readonly rounded?: true;
}

/** Names of products, categories, events and content. */
export const NAME = { kind: 'text', maxCharacters: 4096, isZeroEmpty: true } as const;

/** Shorter than the texts that a gateway reads, so that text which it cut is rejected. Room for about 400 items. */
export const ITEMS = { kind: 'json', maxCharacters: 32_000 } as const;

/** Name or value of a custom variable. */
export const VARIABLE_TEXT = { kind: 'text', maxCharacters: 200 } as const;
