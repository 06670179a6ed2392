import { toCustomVariableColumns } from './custom-variables.js';
import { type HitOutcome, invalid, refused, tracked } from './hit-outcome.js';
import type { StoredAction } from './inspected-hit.js';
import type { InspectorSite } from './inspector-options.js';
import { MAX_URL_BYTES, toPageUrl } from './page-url.js';
import type { Parameters } from './read-tracker-request.js';
import { cutBytes, cutCharacters, escapeHtml } from './stored-text.js';
import { toInteger } from './to-integer.js';

/** The site and the time a hit belongs to. */
export interface ActionContext {
  readonly site: InspectorSite;
  readonly siteId: number;
  /** Epoch seconds. */
  readonly time: number;
}

const TIMINGS = {
  pf_net: 'time_network',
  pf_srv: 'time_server',
  pf_tfr: 'time_transfer',
  pf_dm1: 'time_dom_processing',
  pf_dm2: 'time_dom_completion',
  pf_onl: 'time_on_load',
} as const;
const MAX_TIMING = 16_777_215; // mediumint unsigned
const MAX_DIMENSION_CHARACTERS = 250;

export function storeAction(parameters: Parameters, context: ActionContext): HitOutcome {
  if (toInteger(parameters.ca)) return refused('ca: needs the CrashAnalytics plugin');
  const url = cutBytes(toPageUrl(parameters.url ?? '') ?? '', MAX_URL_BYTES);
  if (url === undefined) return refused('url: cut inside a character');
  const title = cutBytes(
    escapeHtml((parameters.action_name ?? '').replace(/[\0\n]/g, '').trim()),
    MAX_URL_BYTES,
  );
  if (title === undefined) return refused('action_name: cut inside a character');
  const timings = toTimings(parameters);
  if (timings === undefined) return invalid('pf_*: below -1');
  const stored: StoredAction = {
    type: url || title ? 'page' : 'none',
    idsite: context.siteId,
    server_time: context.time,
    ...(url ? { url } : {}),
    ...(title && title !== '0' ? { title } : {}),
    ...timings,
    ...toDimensions(parameters, context.site),
    ...toCustomVariableColumns(parameters.cvar),
  };
  return tracked(stored);
}

type Timings = Partial<Record<(typeof TIMINGS)[keyof typeof TIMINGS], number>>;

function toTimings(parameters: Parameters): Timings | undefined {
  const timings: Timings = {};
  for (const [name, column] of Object.entries(TIMINGS)) {
    const millis = toInteger(parameters[name]);
    if (millis === undefined) continue;
    if (millis < -1) return undefined;
    if (millis >= 0 && millis <= MAX_TIMING) timings[column] = millis;
  }
  return timings;
}

function toDimensions(
  parameters: Parameters,
  site: InspectorSite,
): Record<`custom_dimension_${number}`, string> {
  const columns: Record<`custom_dimension_${number}`, string> = {};
  for (const id of site.dimensions ?? []) {
    const value = parameters[`dimension${id}`];
    if (typeof value !== 'string') continue;
    const text = escapeHtml(value.replaceAll('\0', '').trim());
    columns[`custom_dimension_${id}`] = cutCharacters(text, MAX_DIMENSION_CHARACTERS);
  }
  return columns;
}
