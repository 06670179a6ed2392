import type { ResolvedOptions } from '../../options/option-table.js';
import { isTooOld } from '../matomo-api/api-values.js';
import { checkAiChatbots } from './check-ai-chatbots.js';
import { checkAddress, checkClock, checkTls } from './check-connection.js';
import { checkFields, fieldsUnknown } from './check-fields.js';
import { checkReports } from './check-reports.js';
import { checkSpam } from './check-spam.js';
import { checkStoring, checkToken } from './check-storing.js';
import { type Finding, ok, problem, unknown, warning } from './checks.js';
import { type Answer, createQuestions, isProcessed, readSiteSettings } from './questions.js';

const ERROR_LOG = "Read Matomo's PHP error log.";

/** Asks Matomo one question after the other until an answer makes further questions useless. */
export async function checkMatomo(
  options: ResolvedOptions,
  env: Readonly<NodeJS.ProcessEnv>,
  sends: boolean,
): Promise<Finding[]> {
  const first = await createQuestions(options, false).site();
  const address = checkAddress(first, options);
  const findings = [
    ...address,
    ...checkTls(options, first.exchange.kind === 'answer', env),
    ...checkClock(first, options),
  ];
  if (address.some(({ verdict }) => verdict === 'problem')) return findings;
  const isQueued = first.verdict.kind === 'accepted';
  if (isQueued) findings.push(queued(first));
  const questions = createQuestions(options, isQueued);
  const answer = isQueued ? await questions.site() : first;
  if (answer.verdict.kind === 'accepted') return [...findings, behindQueue()];

  const hasSite = isProcessed(answer, 'tracked');
  const token = hasSite || mayWantToken(answer) ? await checkToken(questions, options) : undefined;
  if (token === undefined || !(hasSite || token.isGood)) {
    return [...findings, ...checkSite(answer, options)];
  }
  const found = ok('site', `site ${options.siteId} exists`);
  findings.push(ok('matomo', "Matomo's tracker answers"), found, token.finding);

  const settings = token.isGood ? await readSiteSettings(options) : undefined;
  const fields = checkFields(options, settings);
  const mayQueue = settings?.hasQueuedTracking && !isQueued;
  const reports = token.isGood ? await checkReports(options) : [];
  const storing = await checkStoring(questions, options, token.isGood, sends, fields.isKnown);
  const isStored = storing.some(({ verdict }) => verdict === 'ok');
  const spam = isStored ? await checkSpam(questions, options, token.isGood, settings) : [];
  return [
    ...findings,
    ...checkVersion(settings?.version),
    ...(mayQueue ? [mayBeQueued()] : []),
    ...fields.findings,
    ...reports,
    ...checkAiChatbots(options, settings),
    ...spam,
    ...storing,
    ...(sends && isStored && !fields.isKnown ? [fieldsUnknown()] : []),
  ];
}

/** Matomo gives the same answer if it requires a token for every bulk and if its database is unavailable. */
function mayWantToken({ exchange, verdict }: Answer): boolean {
  const isOfMatomo = exchange.kind === 'answer' && exchange.body.includes('"status":"error"');
  return verdict.kind === 'rolled_back' && isOfMatomo;
}

function checkVersion(version: string | undefined): Finding[] {
  if (!isTooOld(version)) return [];
  const found = `Matomo ${version} is older than Matomo 5, which this package needs`;
  return [warning('matomo', 'matomo-too-old', found, 'Update Matomo.')];
}

function checkSite({ verdict }: Answer, { siteId }: ResolvedOptions): Finding[] {
  switch (verdict.kind) {
    case 'processed': {
      const advice = 'Set MATOMO_SITE_ID to an ID from Administration > Websites > Manage.';
      return [
        ok('matomo', "Matomo's tracker answers"),
        problem('site', 'site-unknown', `Matomo has no site ${siteId}`, advice),
      ];
    }
    case 'rolled_back': {
      const found = `${verdict.reason}: its database may be stopped`;
      const advice = `Start Matomo's database if it is stopped. ${ERROR_LOG} Matomo may also require a valid token for every bulk (bulk_requests_require_authentication).`;
      return [problem('matomo', verdict.code, found, advice)];
    }
    case 'nothing_kept': {
      const advice =
        'Run doctor again. If the answer is the same, set record_statistics to 1 in the [Tracker] section of config.ini.php; if not, check the database for lock timeouts.';
      return [problem('matomo', verdict.code, verdict.reason, advice)];
    }
    default: {
      const found = 'reason' in verdict ? verdict.reason : 'Matomo sent an empty answer';
      return [unknown('matomo', found, ERROR_LOG)];
    }
  }
}

function queued({ exchange }: Answer): Finding {
  const what = exchange.kind === 'answer' && exchange.status === 204 ? 'nothing' : 'an image';
  const found = `Matomo answers a bulk with ${what}: its plugin QueuedTracking answers before it processes hits, and they count as accepted`;
  const advice = 'Check that its queue is processed; no answer says what became of the hits.';
  return warning('queue', 'queued-tracking', found, advice);
}

function mayBeQueued(): Finding {
  const found =
    'the plugin QueuedTracking is active: if its queue is enabled, Matomo answers before it processes hits, and they count as accepted';
  const advice =
    'Disable the queue, or check that it is processed (./console queuedtracking:monitor).';
  return warning('queue', 'queued-tracking', found, advice);
}

function behindQueue(): Finding {
  const found =
    'cannot tell whether the site exists and the token is valid: the queue answers for Matomo';
  return unknown('site', found, 'Check the tracking failures in Administration > System.');
}
