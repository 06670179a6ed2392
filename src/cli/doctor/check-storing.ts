import type { ResolvedOptions } from '../../options/resolved-options.js';
import { type Finding, ok, problem, unknown, warning } from './finding.js';
import { type Answer, isProcessed, type Questions } from './tracker-questions.js';

const TITLE = 'opentelemetry-matomo doctor';

/** Whether hits of this service would be stored, as far as that shows without storing one; with `sends`, by one. */
export async function checkStoring(
  questions: Questions,
  options: ResolvedOptions,
  withToken: boolean,
  sends: boolean,
  knowsFields: boolean,
): Promise<Finding[]> {
  // With a token that is refused hits are too, whatever would become of them otherwise.
  if (options.tokenAuth !== undefined && !withToken) return [];
  const dropped = await questions.isDropped(withToken);
  if (isProcessed(dropped, 'tracked')) return [droppedSilently(options)];
  const pinged = await questions.ping(withToken);
  if (!isProcessed(dropped, 'invalid') || !isProcessed(pinged, 'tracked')) {
    return [failed(isProcessed(dropped, 'invalid') ? pinged : dropped)];
  }
  const findings = [ok('storing', "a hit would not be dropped, and Matomo's database can be read")];
  return [
    ...findings,
    ...(sends ? await send(questions, withToken) : [notTold(options, knowsFields)]),
  ];
}

function droppedSilently({ baseUrl, siteId }: ResolvedOptions): Finding {
  const found = 'Matomo drops hits like those of this service without a word';
  const site = `site ${siteId} in Administration > Websites > Manage: excluded IPs and user agents`;
  // A site that takes its own URLs only drops a hit without URL.
  if (baseUrl === undefined) {
    const advice = `See ${site}, and "only track visits when the URL starts with one of the above": for that set MATOMO_BASE_URL and run this again.`;
    return warning('storing', 'silently-dropped', `${found}, at least without a URL`, advice);
  }
  const advice = `See ${site}, and whether it only takes URLs that are not those of ${baseUrl}.`;
  return problem('storing', 'silently-dropped', found, advice);
}

function failed({ verdict }: Answer): Finding {
  const found =
    'reason' in verdict ? verdict.reason : 'Matomo did not process a hit that was to be';
  const advice = "Start Matomo's database if it is stopped, and read PHP's error log of Matomo.";
  if (verdict.kind === 'rolled_back') return problem('storing', verdict.code, found, advice);
  return unknown('storing', found, advice);
}

function notTold({ errors }: ResolvedOptions, knowsFields: boolean): Finding {
  const crashes =
    errors === 'crash' ? ', nor whether CrashAnalytics is there for MATOMO_ERRORS=crash' : '';
  const fields = knowsFields ? '' : ', and custom variables and dimensions exist';
  const found = `without storing a hit nobody can tell whether the database can be written${fields}${crashes}`;
  return unknown('storing', found, 'Run this with --send: one page view is then in the reports.');
}

async function send(questions: Questions, withToken: boolean): Promise<Finding[]> {
  const answer = await questions.send(withToken, TITLE);
  const { verdict } = answer;
  const time = new Date(answer.askedMillis).toISOString().slice(0, 19);
  if (isProcessed(answer, 'tracked')) {
    const found = `1 page view was stored, with the title "${TITLE}", at ${time} UTC`;
    return [ok('storing', `${found}; it is in Visitors > Visits Log`)];
  }
  const found =
    'reason' in verdict ? verdict.reason : 'Matomo did not say what became of a page view';
  const advice = "Read PHP's error log of Matomo.";
  if (verdict.kind === 'rolled_back') return [problem('storing', verdict.code, found, advice)];
  return [unknown('storing', found, advice)];
}
