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
