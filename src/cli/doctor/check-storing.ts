import type { ResolvedOptions } from '../../options/option-table.js';
import { type Access, ApiFailure } from '../matomo-api.js';
import { SPAM_PREVENTION } from '../spam-prevention.js';
import { type Finding, nameOf, ok, problem, unknown, warning } from './checks.js';
import { type Answer, isProcessed, type Questions, type SiteSettings } from './questions.js';

const TRIED = 'It was tried once: more than 20 rejections in an hour lock this address out';

/** Lets Matomo reject the token at most once. `settings`: what its API says with this token. */
export async function checkToken(
  questions: Questions,
  options: ResolvedOptions,
  settings: SiteSettings | ApiFailure | undefined,
): Promise<Finding> {
  const { tokenAuth, siteId } = options;
  if (tokenAuth === undefined) return noToken(options);
  if (settings instanceof ApiFailure) {
    const { code, message, advice } = settings;
    if (code === 'token-rejected')
      return problem('token', code, `${message}. ${TRIED}`, `${advice}.`);
  } else if (settings?.access?.role === 'view' || settings?.access?.role === 'none') {
    return lacksAccess(settings.access, siteId);
  }
  const answer = await questions.token();
  if (!isProcessed(answer, 'tracked')) return refusedToken(answer, siteId);
  return ok('token', `the token has write access to site ${siteId}`);
}

/** A visitor key says that the token is missing on purpose: without either, each process has its own visitors. */
export function noToken({
  pageViews,
  visitorKey,
  visitorId,
  spool,
}: Pick<ResolvedOptions, 'pageViews' | 'visitorKey' | 'visitorId' | 'spool'>): Finding {
  if (!pageViews) {
    return ok('token', 'no token is set, and none is needed, because page views are not sent');
  }
  const effect = 'Matomo stores the address of this machine for every visitor';
  if (visitorKey !== undefined) {
    return ok('token', `no token is set, and visitors have a key: ${effect}, and no other`);
  }
  const also =
    visitorId === 'none' || spool !== undefined ? '' : ', and each process has its own visitors';
  const advice =
    'To track the addresses of visitors, set MATOMO_TOKEN_AUTH to the token of a user with write access. To send no addresses, set MATOMO_VISITOR_KEY.';
  return warning('token', 'no-token', `no token is set: ${effect}${also}`, advice);
}

function lacksAccess({ role, writable }: Access, siteId: ResolvedOptions['siteId']): Finding {
  const others =
    writable.length === 0 ? '' : `; it has write access to ${nameOf('site', writable)}`;
  const found = `the token ${role === 'view' ? 'may only view' : 'has no access to'} site ${siteId}${others}`;
  const advice = `Give its user write access to site ${siteId} in Administration > System > Users, or correct MATOMO_TOKEN_AUTH or MATOMO_SITE_ID.`;
  return problem('token', 'token-rejected', found, advice);
}

function refusedToken(answer: Answer, siteId: ResolvedOptions['siteId']): Finding {
  const { verdict } = answer;
  if (isProcessed(answer, 'invalid')) {
    const found = `the token has no write access to site ${siteId}. ${TRIED}. The attempt left an entry in Matomo's tracking failures`;
    const advice =
      'Set MATOMO_TOKEN_AUTH to the token of a user with write access to that site. You can delete the entry in Administration > Diagnostic > Tracking failures.';
    return problem('token', 'token-rejected', found, advice);
  }
  if (verdict.kind === 'failed' && verdict.code === 'rolled-back') {
    const found =
      "Matomo failed when it checked the token, which was tried once. It does that to a super user's token if this address is locked out, or if the token is for secure requests only";
    const advice =
      'Use the token of a user with write access who is not a super user, and wait an hour after a lock-out.';
    return problem('token', 'token-rejected', found, advice);
  }
  const found =
    'reason' in verdict ? verdict.reason : 'Matomo did not say whether it accepts the token';
  return unknown('token', `${found}; the token was tried once`, 'Run doctor again later.');
}

const TITLE = 'opentelemetry-matomo doctor';
const EXCLUDES = "exclude_requests in the section [Tracker] of Matomo's config.ini.php";
const PLUGIN = `Also check ${EXCLUDES}. In Matomo 6, also check the settings of the plugin ${SPAM_PREVENTION}.`;

/** Whether Matomo would store hits of this service. With `sends` it stores one to find out. */
export async function checkStoring(
  questions: Questions,
  options: ResolvedOptions,
  sends: boolean,
  knowsFields: boolean,
): Promise<Finding[]> {
  const dropped = await questions.areDropped([{}]);
  if (isProcessed(dropped, 'tracked')) return [droppedSilently(options)];
  const isKept = isProcessed(dropped, 'invalid');
  const pinged = await questions.ping();
  if (!isKept || !isProcessed(pinged, 'tracked')) {
    const advice = "Start Matomo's database if it is stopped, and read Matomo's PHP error log.";
    const unclear = 'Matomo did not process a hit as expected';
    return [failed(isKept ? pinged : dropped, unclear, advice)];
  }
  const kept = `Matomo would not drop a hit, and can read its database. ${EXCLUDES} may still drop some by title, URL or event, and no answer shows that`;
  const stores = ok('storing', kept);
  if (!sends) return [stores, notSent(knowsFields)];
  const answer = await questions.send(TITLE);
  if (!isProcessed(answer, 'tracked')) {
    const unclear = 'Matomo did not say whether it stored the page view';
    return [stores, failed(answer, unclear, "Read Matomo's PHP error log.")];
  }
  const time = new Date(answer.askedMillis).toISOString().slice(0, 19);
  const found = `1 page view was stored, with the title "${TITLE}", at ${time} UTC`;
  return [stores, ok('storing', `${found}; find it in Visitors > Visits Log`)];
}

function droppedSilently({ baseUrl, siteId }: ResolvedOptions): Finding {
  const found = `Matomo silently drops hits like those of this service on site ${siteId}`;
  const site = `site ${siteId} in Administration > Websites > Manage: excluded IPs and user agents`;
  // A site that accepts only its own URLs drops a hit without a URL.
  if (baseUrl === undefined) {
    const advice = `Check ${site}, and "only track visits when the URL starts with one of the above". If that is set, set MATOMO_BASE_URL and run doctor again. ${PLUGIN}`;
    return warning('storing', 'silently-dropped', `${found}, at least without a URL`, advice);
  }
  const advice = `Check ${site}, and whether it accepts URLs that begin with ${baseUrl}. ${PLUGIN}`;
  return problem('storing', 'silently-dropped', found, advice);
}

/** `unclear`: what was found if the answer gives no reason. */
function failed({ verdict }: Answer, unclear: string, advice: string): Finding {
  const found = 'reason' in verdict ? verdict.reason : unclear;
  if (verdict.kind === 'failed' && verdict.code === 'rolled-back')
    return problem('storing', verdict.code, found, advice);
  return unknown('storing', found, advice);
}

function notSent(knowsFields: boolean): Finding {
  const fields = knowsFields ? '' : ', stores custom variables and dimensions';
  const found = `cannot tell whether Matomo can write to its database${fields} without storing a hit`;
  const advice = 'Run doctor with --send, which adds one page view to the reports.';
  return unknown('storing', found, advice);
}
