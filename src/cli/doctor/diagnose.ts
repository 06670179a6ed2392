import { hasTextAround } from '../../delivery/answer.js';
import { adviceFor } from '../../delivery/delivery-log.js';
import type { ResolvedOptions } from '../../options/option-table.js';
import { ApiFailure, isTooOld } from '../matomo-api.js';
import { createCleaner } from '../terminal.js';
import { checkAddress, checkClock, checkProxy, checkTls } from './check-connection.js';
import { checkAiChatbots, checkSpam } from './check-dropped.js';
import { checkOptions, checkPrivacyOptions } from './check-options.js';
import { checkFields, checkGoals, checkReports, fieldsUnknown } from './check-site.js';
import { checkSpool } from './check-spool.js';
import { checkStoring, checkToken } from './check-storing.js';
import { checkApi, checkNode, checkTracing } from './check-tracing.js';
import { type Check, type Finding, inOrder, ok, problem, unknown, warning } from './checks.js';
import {
  type Answer,
  createQuestions,
  isProcessed,
  isUnconfirmed,
  readSiteSettings,
} from './questions.js';

export interface DiagnoseOptions {
  readonly env: Readonly<NodeJS.ProcessEnv>;
  /** Folder of the application. */
  readonly app: string;
  /** Whether to store a page view. */
  readonly sends: boolean;
  /** Goal IDs that the application uses. */
  readonly goals: readonly number[];
}

/** Runs all checks for an application in that environment. Never rejects. */
export async function diagnose(asked: DiagnoseOptions): Promise<Finding[]> {
  const { env, app } = asked;
  const { options, sites, findings, secrets } = checkOptions(env);
  /** Adds the findings of a check; an unknown one if it throws. */
  async function add(check: Check, run: () => Finding[] | Promise<Finding[]>): Promise<void> {
    try {
      findings.push(...(await run()));
    } catch (error) {
      findings.push(failed(check, error));
    }
  }
  if (options) await add('privacy', () => checkPrivacyOptions(options));
  await add('node', () => [checkNode()]);
  await add('tracing', () => checkTracing(app, env));
  await add('api', () => checkApi(app));
  if (options) {
    await add('spool', () => checkSpool(options));
    await add('proxy', () => checkProxy(options.url, env));
    const hasProxy = !findings.some(({ code }) => code === 'proxy-unusable');
    await add('matomo', () => checkSites(options, sites, asked, hasProxy));
  }
  const clean = createCleaner(secrets);
  return findings.map((one) => {
    return { ...one, found: clean(one.found), advice: one.advice && clean(one.advice) };
  });
}

/** The finding of a check that threw. */
function failed(check: Check, error: unknown): Finding {
  const { code, name } = error as NodeJS.ErrnoException;
  return unknown(check, `this check failed: ${code ?? name}`, 'Check it by hand.');
}

/**
 * Asks Matomo about each site, if `mayAsk`, until the token is rejected: trying it again could lock this address out. What cannot be
 * asked about goals is said for each site.
 */
async function checkSites(
  options: ResolvedOptions,
  sites: readonly number[],
  asked: DiagnoseOptions,
  mayAsk: boolean,
): Promise<Finding[]> {
  const all: Finding[] = [];
  for (const siteId of sites) {
    const site = { ...options, siteId };
    const news: Finding[] = [];
    const isRejected = all.some(({ code }) => code === 'token-rejected');
    if (mayAsk && !isRejected) {
      try {
        for await (const finding of checkMatomo(site, asked)) news.push(finding);
      } catch (error) {
        news.push(failed('matomo', error));
      }
    }
    if (asked.goals.length > 0 && !news.some(({ check }) => check === 'goals')) {
      news.push(checkGoals(site, asked.goals, undefined));
    }
    all.push(...inOrder(news).filter(({ found }) => !all.some((known) => known.found === found)));
  }
  return all;
}

const ERROR_LOG = "Read Matomo's PHP error log.";

/** Asks Matomo one question after the other until an answer makes further questions useless. */
async function* checkMatomo(
  options: ResolvedOptions,
  { env, sends, goals }: Pick<DiagnoseOptions, 'env' | 'sends' | 'goals'>,
): AsyncGenerator<Finding> {
  const first = await createQuestions(options, false).site();
  const address = checkAddress(first, options);
  yield address;
  yield* checkTls(options, first.exchange.kind === 'answer', env);
  yield* checkClock(first, options);
  if (address.verdict === 'problem') return;
  yield* checkAnswer(first);
  const isQueued = first.verdict.kind === 'accepted';
  if (isQueued) {
    const isImage = first.exchange.kind === 'answer' && first.exchange.body !== '';
    const found = `Matomo answers a bulk with ${isImage ? 'an image' : 'nothing'}, and hits count as accepted: its plugin QueuedTracking answers before it processes them, or something in front of Matomo answers for it`;
    const advice =
      'With the plugin, check that its queue is processed. Without, check the proxy, and MATOMO_URL. No answer says what became of the hits.';
    yield warning('queue', 'queued-tracking', found, advice);
  }
  const questions = createQuestions(options, isQueued);
  const answer = isQueued ? await questions.site() : first;
  if (answer.verdict.kind === 'accepted') {
    const found =
      'cannot tell whether the site exists and the token is valid: the queue, or something in front of Matomo, answers for it';
    return yield unknown('site', found, 'Check Administration > Diagnostic > Tracking failures.');
  }

  if (isUnconfirmed(answer)) {
    const found =
      'cannot tell whether the site exists and the token is valid: the answer has no counters';
    return yield unknown('site', found, 'Fix that first, and run doctor again.');
  }
  const hasSite = isProcessed(answer, 'tracked');
  const isMatomo = hasSite || mayWantToken(answer);
  const hasToken = options.tokenAuth !== undefined;
  const answered =
    isMatomo && hasToken ? await readSiteSettings(options, goals.length > 0) : undefined;
  const token = isMatomo ? await checkToken(questions, options, answered) : undefined;
  const isGood = hasToken && token?.verdict === 'ok';
  if (token === undefined || !(hasSite || isGood)) return yield* checkSite(answer, options);
  yield ok('matomo', "Matomo's tracker answers");
  yield ok('site', `site ${options.siteId} exists`);
  yield token;

  const settings = answered instanceof ApiFailure ? undefined : answered;
  if (isGood && answered instanceof ApiFailure) {
    yield unknown('matomo', `cannot ask Matomo's API: ${answered.message}`, `${answered.advice}.`);
  }
  if (isTooOld(settings?.version)) {
    const found = `Matomo ${settings?.version} is older than Matomo 5, which this package needs`;
    yield warning('matomo', 'matomo-too-old', found, 'Update Matomo.');
  }
  if (settings?.hasQueuedTracking && !isQueued) {
    const found = `the plugin QueuedTracking is active: if its queue is enabled, Matomo ${QUEUES}`;
    const advice =
      'Disable the queue, or check that it is processed (./console queuedtracking:monitor).';
    yield warning('queue', 'queued-tracking', found, advice);
  }
  const fields = checkFields(options, settings);
  yield* fields.findings;
  if (goals.length > 0) yield checkGoals(options, goals, settings);
  yield* isGood ? await checkReports(options) : [];
  yield* checkAiChatbots(options, settings);
  // Matomo rejects every hit with an invalid token, so there is nothing else to find out.
  if (hasToken && !isGood) return;
  const storing = await checkStoring(questions, options, sends, fields.isKnown);
  yield* storing;
  if (!storing.some(({ verdict }) => verdict === 'ok')) return;
  yield* await checkSpam(questions, options, settings);
  if (sends && !fields.isKnown) yield fieldsUnknown();
}

/** What Matomo's answer has instead of counters, or around them. */
function* checkAnswer({ exchange, verdict }: Answer): Generator<Finding> {
  if (verdict.kind === 'processed' && verdict.warning && verdict.warning.code !== 'site-unknown') {
    const { code, reason } = verdict.warning;
    yield warning('matomo', code, reason, adviceFor(code));
  }
  if (exchange.kind !== 'answer' || !hasTextAround(exchange.body)) return;
  const found = "Matomo's answer has text before or after its counters, which does no harm now";
  const code = 'text-around-counters';
  yield warning('matomo', code, found, adviceFor(code));
}

const QUEUES = 'answers before it processes hits, and they count as accepted';

/** Matomo gives the same answer if it requires a token for every bulk and if its database is unavailable. */
function mayWantToken({ exchange, verdict }: Answer): boolean {
  const isOfMatomo = exchange.kind === 'answer' && exchange.body.includes('"status":"error"');
  return verdict.kind === 'failed' && verdict.code === 'rolled-back' && isOfMatomo;
}

function* checkSite({ verdict }: Answer, { siteId }: ResolvedOptions): Generator<Finding> {
  switch (verdict.kind) {
    case 'processed': {
      yield ok('matomo', "Matomo's tracker answers");
      const advice = 'Set MATOMO_SITE_ID to an ID from Administration > Websites > Manage.';
      return yield problem('site', 'site-unknown', `Matomo has no site ${siteId}`, advice);
    }
    case 'failed': {
      if (verdict.code === 'hits-not-counted') {
        const advice =
          'Run doctor again. If the answer is the same, set record_statistics to 1 in the [Tracker] section of config.ini.php; if not, check the database for lock timeouts.';
        return yield problem('matomo', verdict.code, verdict.reason, advice);
      }
      if (verdict.code !== 'rolled-back') return yield unknown('matomo', verdict.reason, ERROR_LOG);
      const found = `${verdict.reason}: its database may be stopped`;
      const advice = `Start Matomo's database if it is stopped. ${ERROR_LOG} Matomo may also require a valid token for every bulk (bulk_requests_require_authentication).`;
      return yield problem('matomo', verdict.code, found, advice);
    }
    default: {
      const found = 'reason' in verdict ? verdict.reason : 'Matomo sent an empty answer';
      yield unknown('matomo', found, ERROR_LOG);
    }
  }
}
