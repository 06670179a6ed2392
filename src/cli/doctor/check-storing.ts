import type { ResolvedOptions } from '../../options/option-table.js';
import { ApiFailure } from '../matomo-api.js';
import { type Access, type MatomoSite, SPAM_PREVENTION } from '../matomo-site.js';
import { explainRejectedToken } from '../rejected-token.js';
import { type Finding, nameOf, ok, problem, unknown, warning } from './checks.js';
import { type Answer, isProcessed, type Questions } from './questions.js';

const TRIED = 'It was tried once: more than 20 rejections in an hour lock this address out';

/** Checks the token. Matomo gets no more than one chance to reject it, because several rejections lock the address out. */
export async function checkToken(
  questions: Questions,
  options: ResolvedOptions,
  settings: MatomoSite | ApiFailure | undefined,
): Promise<Finding> {
  const { tokenAuth, siteId } = options;
  if (tokenAuth === undefined) return noToken(options);
  const known = settings instanceof ApiFailure ? undefined : settings;
  if (settings instanceof ApiFailure && settings.code === 'token-rejected')
    return rejected(`${settings.message}. ${TRIED}`, `${settings.advice}.`);
  const { access, version } = known ?? {};
  if (access?.role === 'view' || access?.role === 'none') return lacksAccess(access, siteId);
  const answer = await questions.token();
  if (access && isProcessed(answer, 'invalid')) {
    const { found, advice } = explainRejectedToken({ role: access.role, version }, siteId);
    return rejected(`${found}. ${TRIED}`, advice);
  }
  if (!isProcessed(answer, 'tracked')) return refusedToken(answer, siteId);
  return ok('token', `the token has write access to site ${siteId}`);
}

function rejected(found: string, advice: string): Finding {
  return problem('token', 'token-rejected', found, advice);
}

/** Warns if there is no token. A visitor key shows that the token is missing on purpose. */
export function noToken({
  pageViews,
  visitorKey,
  visitorId,
  spool,
}: Pick<ResolvedOptions, 'pageViews' | 'visitorKey' | 'visitorId' | 'spool'>): Finding {
  if (!pageViews)
    return ok('token', 'no token is set, and none is needed, because page views are not sent');
  const effect = 'no token is set: Matomo stores the address of this machine for every visitor';
  if (visitorKey !== undefined) return ok('token', `${effect}, and visitors have a key`);
  const isShared = visitorId === 'none' || spool !== undefined;
  const advice =
    'To track the addresses of visitors, set MATOMO_TOKEN_AUTH to the token of a user with write access. To send no addresses, set MATOMO_VISITOR_KEY.';
  const found = isShared ? effect : `${effect}, and each process has its own visitors`;
  return warning('token', 'no-token', found, advice);
}

function lacksAccess({ role, writable }: Access, siteId: ResolvedOptions['siteId']): Finding {
  const others =
    writable.length === 0 ? '' : `; it has write access to ${nameOf('site', writable)}`;
  const found = `the token ${role === 'view' ? 'may only view' : 'has no access to'} site ${siteId}${others}`;
  const advice = `Give its user write access to site ${siteId} in Administration > System > Users, or correct MATOMO_TOKEN_AUTH or MATOMO_SITE_ID.`;
  return rejected(found, advice);
}

/** The finding if only the tracker has answered. The tracker does not report why it rejects a token. */
function refusedToken(answer: Answer, siteId: ResolvedOptions['siteId']): Finding {
  const { verdict } = answer;
  if (isProcessed(answer, 'invalid')) {
    const found = `the token has no write access to site ${siteId}, or is younger than five minutes. ${TRIED}. The attempt left an entry in Matomo's tracking failures`;
    const advice =
      'Set MATOMO_TOKEN_AUTH to the token of a user with write access to that site; if the token is new, run doctor again after five minutes.';
    return rejected(found, advice);
  }
  if (verdict.kind === 'failed' && verdict.code === 'rolled-back') {
    const found =
      "Matomo failed when it checked the token, which was tried once. It does that to a super user's token if this address is locked out, or if the token is for secure requests only";
    const advice =
      'Use the token of a user with write access who is not a super user, and wait an hour after a lock-out.';
    return rejected(found, advice);
  }
  const found =
    'reason' in verdict ? verdict.reason : 'Matomo did not say whether it accepts the token';
  return unknown('token', `${found}; the token was tried once`, 'Run doctor again later.');
}

const TITLE = 'opentelemetry-matomo doctor';
const EXCLUDES = "exclude_requests in the section [Tracker] of Matomo's config.ini.php";

/** Checks whether Matomo would store hits of this service. With `sends`, stores one page view to find out. */
export async function checkStoring(
  questions: Questions,
  options: ResolvedOptions,
  sends: boolean,
): Promise<Finding[]> {
  const dropped = await questions.areDropped([{}]);
  if (isProcessed(dropped, 'tracked')) return [droppedSilently(options)];
  const isKept = isProcessed(dropped, 'invalid');
  const pinged = isKept ? await questions.ping() : dropped;
  if (!isProcessed(pinged, 'tracked')) return [failed(pinged)];
  const kept = `Matomo would not drop a hit, and can read its database. ${EXCLUDES} may still drop some by title, URL or event, and no answer shows that`;
  const stores = ok('storing', kept);
  if (!sends) {
    const found = 'cannot tell whether Matomo can write to its database without storing a hit';
    const advice = 'Run doctor with --send, which adds one page view to the reports.';
    return [stores, unknown('storing', found, advice)];
  }
  const answer = await questions.send(TITLE);
  if (!isProcessed(answer, 'tracked')) return [stores, failed(answer)];
  const found = `1 page view was stored, with the title "${TITLE}"; find it in Visitors > Visits Log`;
  return [stores, ok('storing', found)];
}

function droppedSilently({ baseUrl, siteId }: ResolvedOptions): Finding {
  const found = `Matomo silently drops hits like those of this service on site ${siteId}`;
  const site = `Check site ${siteId} in Administration > Websites > Manage: excluded IPs and user agents`;
  const others = `Also check ${EXCLUDES}. In Matomo 6, also check the settings of the plugin ${SPAM_PREVENTION}.`;
  if (baseUrl !== undefined) {
    const advice = `${site}, and whether it accepts URLs that begin with ${baseUrl}. ${others}`;
    return problem('storing', 'silently-dropped', found, advice);
  }
  // If a site accepts only its own URLs, Matomo drops a hit without a URL.
  const advice = `${site}, and "only track visits when the URL starts with one of the above". If that is set, set MATOMO_BASE_URL and run doctor again. ${others}`;
  return warning('storing', 'silently-dropped', `${found}, at least without a URL`, advice);
}

function failed({ verdict }: Answer): Finding {
  const found = 'reason' in verdict ? verdict.reason : 'Matomo did not process a hit as expected';
  const advice = "Start Matomo's database if it is stopped, and read Matomo's PHP error log.";
  if (verdict.kind === 'failed' && verdict.code === 'rolled-back')
    return problem('storing', verdict.code, found, advice);
  return unknown('storing', found, advice);
}
