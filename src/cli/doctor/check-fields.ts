import type { ResolvedOptions } from '../../options/resolved-options.js';
import type { Dimension } from '../matomo-api/dimension.js';
import { recommendSetup, recommendSetupFor } from '../setup/recommend-setup.js';
import { type Finding, ok, unknown, warning } from './finding.js';
import { type ApiFacts, readApiFacts } from './read-api-facts.js';

const DIMENSIONS_PAGE = 'Administration > Websites > Custom Dimensions';

/** Whether Matomo stores custom variables and dimensions. Only its API tells, which needs a token; the tracker does not. */
export async function checkFields(
  options: ResolvedOptions,
  hasGoodToken: boolean,
): Promise<{ findings: Finding[]; isKnown: boolean; facts: ApiFacts | undefined }> {
  const facts = hasGoodToken ? await readApiFacts(options) : undefined;
  // Only page views have variables and dimensions.
  const variables = options.pageViews ? checkVariables(options, facts) : [];
  const dimensions = options.pageViews ? checkDimensions(options, facts) : [];
  const isKnown = variables !== undefined && dimensions !== undefined;
  const findings = [...(variables ?? []), ...(dimensions ?? [])];
  if (facts?.hasQueuedTracking) findings.push(queued());
  return { findings, isKnown, facts };
}

/** The finding after a hit was stored, if its status and method may be missing. */
export function fieldsUnknown(): Finding {
  const found =
    "cannot tell whether status and method are stored: the tracker does not say, and there is no token with access to Matomo's API";
  const advice = `${recommendSetup()} Or check CustomVariables and CustomDimensions in Administration > Plugins, and ${DIMENSIONS_PAGE}.`;
  return unknown('fields', found, advice);
}

/** `undefined`: not known. */
function checkVariables(
  { maxCustomVariables }: ResolvedOptions,
  facts: ApiFacts | undefined,
): Finding[] | undefined {
  if (maxCustomVariables === 0) return [];
  if (facts?.hasCustomVariables === undefined) return undefined;
  if (facts.hasCustomVariables) return [ok('fields', 'the plugin CustomVariables is active')];
  const found =
    'the plugin CustomVariables is not active: Matomo drops custom variables, and with them status and method';
  const advice = `${recommendSetup()} Or send them as custom dimensions (MATOMO_DIMENSIONS) and set MATOMO_MAX_CUSTOM_VARIABLES=0, or install the plugin from the Marketplace.`;
  return [warning('fields', 'fields-dropped', found, advice)];
}

function checkDimensions(
  { dimensions, siteId }: ResolvedOptions,
  facts: ApiFacts | undefined,
): Finding[] | undefined {
  const ids = Object.keys(dimensions);
  if (ids.length === 0) return [];
  if (facts?.hasCustomDimensions === false) {
    const found = 'the plugin CustomDimensions is not active: Matomo drops all dimensions';
    const advice = 'Activate it in Administration > Plugins; Matomo includes it.';
    return [warning('fields', 'fields-dropped', found, advice)];
  }
  if (facts?.dimensions === undefined) return undefined;
  const byId = new Map(facts.dimensions.map((dimension) => [String(dimension.id), dimension]));
  const findings = Object.entries(dimensions).flatMap(([id, attribute]) =>
    checkDimension(id, byId.get(id), siteId).map((finding) => withSetup(finding, attribute)),
  );
  if (findings.length > 0) return findings;
  return [
    ok('fields', `${readName(ids)} ${ids.length === 1 ? 'is' : 'are'} active on site ${siteId}`),
  ];
}

function checkDimension(
  id: string,
  dimension: Dimension | undefined,
  siteId: ResolvedOptions['siteId'],
): Finding[] {
  if (dimension === undefined) {
    const found = `site ${siteId} has no dimension ${id}: Matomo drops its values`;
    const advice = `Create an action dimension in ${DIMENSIONS_PAGE}, and use its ID in MATOMO_DIMENSIONS.`;
    return [warning('fields', 'fields-dropped', found, advice)];
  }
  if (dimension.scope !== 'action') {
    const found = `dimension ${id} has scope ${dimension.scope}, not action: Matomo does not store its value for each request`;
    const advice = `Create an action dimension in ${DIMENSIONS_PAGE}, and use its ID in MATOMO_DIMENSIONS.`;
    return [warning('fields', 'fields-dropped', found, advice)];
  }
  if (dimension.isActive) return [];
  const found = `dimension ${id} is inactive: Matomo drops its values`;
  return [
    warning('fields', 'fields-dropped', found, `Activate dimension ${id} in ${DIMENSIONS_PAGE}.`),
  ];
}

/** Recommends setup first if it can do what the finding advises. */
function withSetup(finding: Finding, attribute: unknown): Finding {
  const { advice } = finding;
  const setup = recommendSetupFor(attribute);
  return setup === undefined || advice === undefined
    ? finding
    : { ...finding, advice: `${setup} By hand: ${advice}` };
}

function readName(ids: readonly string[]): string {
  return `${ids.length === 1 ? 'dimension' : 'dimensions'} ${ids.join(', ')}`;
}

function queued(): Finding {
  const found =
    'the plugin QueuedTracking is active: if its queue is enabled, Matomo answers before it processes hits, and they count as accepted';
  const advice =
    'Disable the queue, or check that it is processed (./console queuedtracking:monitor).';
  return warning('queue', 'queued-tracking', found, advice);
}
