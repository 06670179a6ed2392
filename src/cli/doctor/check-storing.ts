import type { ResolvedOptions } from '../../options/resolved-options.js';
import { SPAM_PREVENTION } from '../matomo-api/spam-prevention.js';
import { type Finding, ok, problem, unknown, warning } from './finding.js';
import { type Answer, isProcessed, type Questions } from './tracker-questions.js';

const TITLE = 'opentelemetry-matomo doctor';
const PLUGIN = `In Matomo 6, also check the settings of the plugin ${SPAM_PREVENTION}.`;

/** Whether Matomo would store hits of this service. With `sends` it stores one to find out. */
export async function checkStoring(
  questions: Questions,
  options: ResolvedOptions,
  withToken: boolean,
  sends: boolean,
  knowsFields: boolean,
): Promise<Finding[]> {
  // Matomo rejects every hit with an invalid token, so there is nothing else to find out.
  if (options.tokenAuth !== undefined && !withToken) return [];
  const dropped = await questions.isDropped(withToken);
  if (isProcessed(dropped, 'tracked')) return [droppedSilently(options)];
  const pinged = await questions.ping(withToken);
  if (!isProcessed(dropped, 'invalid') || !isProcessed(pinged, 'tracked')) {
    return [failed(isProcessed(dropped, 'invalid') ? pinged : dropped)];
  }
  const findings = [ok('storing', 'Matomo would not drop a hit, and can read its database')];
  return [
    ...findings,
    ...(sends ? await send(questions, withToken) : [notSent(options, knowsFields)]),
  ];
}

function droppedSilently({ baseUrl, siteId }: ResolvedOptions): Finding {
  const found = 'Matomo silently drops hits like those of this service';
  const site = `site ${siteId} in Administration > Websites > Manage: excluded IPs and user agents`;
  // A site that accepts only its own URLs drops a hit without a URL.
  if (baseUrl === undefined) {
    const advice = `Check ${site}, and "only track visits when the URL starts with one of the above". If that is set, set MATOMO_BASE_URL and run doctor again. ${PLUGIN}`;
    return warning('storing', 'silently-dropped', `${found}, at least without a URL`, advice);
  }
  const advice = `Check ${site}, and whether it accepts URLs that begin with ${baseUrl}. ${PLUGIN}`;
  return problem('storing', 'silently-dropped', found, advice);
}

function failed({ verdict }: Answer): Finding {
  const found = 'reason' in verdict ? verdict.reason : 'Matomo did not process a hit as expected';
  const advice = "Start Matomo's database if it is stopped, and read Matomo's PHP error log.";
  if (verdict.kind === 'rolled_back') return problem('storing', verdict.code, found, advice);
  return unknown('storing', found, advice);
}

function notSent({ errors }: ResolvedOptions, knowsFields: boolean): Finding {
  const crashes = errors === 'crash' ? ', and has CrashAnalytics for MATOMO_ERRORS=crash' : '';
  const fields = knowsFields ? '' : ', stores custom variables and dimensions';
  const found = `cannot tell whether Matomo can write to its database${fields}${crashes} without storing a hit`;
  return unknown(
    'storing',
    found,
    'Run doctor with --send, which adds one page view to the reports.',
  );
}

async function send(questions: Questions, withToken: boolean): Promise<Finding[]> {
  const answer = await questions.send(withToken, TITLE);
  const { verdict } = answer;
  const time = new Date(answer.askedMillis).toISOString().slice(0, 19);
  if (isProcessed(answer, 'tracked')) {
    const found = `1 page view was stored, with the title "${TITLE}", at ${time} UTC`;
    return [ok('storing', `${found}; find it in Visitors > Visits Log`)];
  }
  const found =
    'reason' in verdict ? verdict.reason : 'Matomo did not say whether it stored the page view';
  const advice = "Read Matomo's PHP error log.";
  if (verdict.kind === 'rolled_back') return [problem('storing', verdict.code, found, advice)];
  return [unknown('storing', found, advice)];
}
