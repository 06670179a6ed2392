import type { ResolvedOptions } from '../../options/resolved-options.js';
import type { Dimension } from '../matomo-api/dimension.js';
import { recommendSetup, recommendSetupFor } from '../setup/recommend-setup.js';
import { type Finding, ok, unknown, warning } from './finding.js';
import { type ApiFacts, readApiFacts } from './read-api-facts.js';

const DIMENSIONS_PAGE = 'Administration > Websites > Custom Dimensions';

/** Whether Matomo stores the custom variables and dimensions of a hit. The tracker never tells; the API does with a token. */
export async function checkFields(
  options: ResolvedOptions,
  hasGoodToken: boolean,
): Promise<{ findings: Finding[]; isKnown: boolean; facts: ApiFacts | undefined }> {
  const facts = hasGoodToken ? await readApiFacts(options) : undefined;
  // Without page views, nothing has variables or dimensions.
  const variables = options.pageViews ? checkVariables(options, facts) : [];
  const dimensions = options.pageViews ? checkDimensions(options, facts) : [];
  const isKnown = variables !== undefined && dimensions !== undefined;
  const findings = [...(variables ?? []), ...(dimensions ?? [])];
  if (facts?.hasQueuedTracking) findings.push(queued());
  return { findings, isKnown, facts };
}

/** For when a hit has been stored, and its status and method perhaps not. */
export function fieldsUnknown(): Finding {
  const found =
    'whether status and method are stored: a tracker never tells, and there is no token with access to the API of Matomo';
  const advice = `${recommendSetup()} Or see Administration > Plugins for CustomVariables and CustomDimensions, and ${DIMENSIONS_PAGE}.`;
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
    'the plugin CustomVariables is not active: Matomo drops custom variables, which status and method are by default';
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
    const advice = 'Activate it in Administration > Plugins; it is part of Matomo.';
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
    const found = `dimension ${id} is of scope ${dimension.scope}: Matomo keeps no value for each request`;
    const advice = `Create an action dimension in ${DIMENSIONS_PAGE}, and use its ID in MATOMO_DIMENSIONS.`;
    return [warning('fields', 'fields-dropped', found, advice)];
  }
  if (dimension.isActive) return [];
  const found = `dimension ${id} is inactive: Matomo drops its values`;
  return [
    warning('fields', 'fields-dropped', found, `Activate dimension ${id} in ${DIMENSIONS_PAGE}.`),
  ];
}

/** Setup comes first if it can do what the finding advises. */
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
    'the plugin QueuedTracking is active: if its queue is enabled, Matomo takes hits unseen and they count as accepted';
  const advice =
    'Disable the queue, or watch that it is worked off (./console queuedtracking:monitor).';
  return warning('queue', 'queued-unseen', found, advice);
}
