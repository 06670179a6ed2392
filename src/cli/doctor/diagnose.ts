import { adviceFor } from '../../delivery/delivery-log.js';
import type { ResolvedOptions } from '../../options/option-table.js';
import { ApiFailure } from '../matomo-api.js';
import { isTooOld } from '../matomo-site.js';
import { createCleaner } from '../terminal.js';
import { checkAddress, checkProxy, checkTls } from './check-connection.js';
import { checkBotTracking, checkSpam } from './check-dropped.js';
import { checkOptions } from './check-options.js';
import { checkFields } from './check-site.js';
import { checkSpool } from './check-spool.js';
import { checkStoring, checkToken } from './check-storing.js';
import { checkApi, checkPreload, checkTracing } from './check-tracing.js';
import { type Check, type Finding, inOrder, ok, problem, unknown, warning } from './checks.js';
import { type Answer, askApi, createQuestions, isProcessed } from './questions.js';

export interface DiagnoseOptions {
  readonly env: Readonly<NodeJS.ProcessEnv>;
  /** Folder of the application. */
  readonly app: string;
  /** Whether one page view may be stored. */
  readonly sends: boolean;
}

/** Runs all checks for an application in an environment. Never rejects. */
export async function diagnose(asked: DiagnoseOptions): Promise<Finding[]> {
  const { env, app } = asked;
  const { options, sites, findings, secrets } = checkOptions(env);
  /** Adds the findings of a check. If the check throws, adds a finding with the verdict `unknown`. */
  async function add(check: Check, run: () => Finding[] | Promise<Finding[]>): Promise<void> {
    try {
      findings.push(...(await run()));
    } catch (error) {
      findings.push(failed(check, error));
    }
  }
  await add('tracing', () => [checkTracing(app)]);
  await add('api', () => checkApi(app));
  await add('preload', () => [checkPreload(env)]);
  if (options) {
    await add('spool', () => checkSpool(options));
    await add('matomo', () => checkSites(options, sites, asked));
  }
  const clean = createCleaner(secrets);
  return findings.map((one) => {
    return { ...one, found: clean(one.found), advice: one.advice && clean(one.advice) };
  });
}

/** The finding for a check that has thrown. */
function failed(check: Check, error: unknown): Finding {
  const { code, name } = error as NodeJS.ErrnoException;
  return unknown(check, `this check failed: ${code ?? name}`, 'Check it by hand.');
}

/** Asks Matomo about each site. Stops if the token is rejected, because trying it again could lock this address out. */
async function checkSites(
  options: ResolvedOptions,
  sites: readonly number[],
  asked: DiagnoseOptions,
): Promise<Finding[]> {
  const all: Finding[] = checkProxy(options.url, asked.env);
  const isEnd = ({ code }: Finding) => code === 'token-rejected' || code === 'proxy-unusable';
  for (const siteId of sites) {
    if (all.some(isEnd)) break;
    const news: Finding[] = [];
    try {
      for await (const finding of checkMatomo({ ...options, siteId }, siteId, asked))
        news.push(finding);
    } catch (error) {
      news.push(failed('matomo', error));
    }
    all.push(...inOrder(news).filter(({ found }) => !all.some((known) => known.found === found)));
  }
  return all;
}

const ERROR_LOG = "Read Matomo's PHP error log.";

/** Asks Matomo one question after the other. Stops if an answer makes further questions useless. */
async function* checkMatomo(
  options: ResolvedOptions,
  siteId: number,
  { env, sends }: DiagnoseOptions,
): AsyncGenerator<Finding> {
  const first = await createQuestions(options, false).site();
  const address = checkAddress(first, options);
  yield address;
  yield* checkTls(options, first.exchange.kind === 'answer', env);
  if (address.verdict === 'problem') return;
  const { verdict } = first;
  if (verdict.kind === 'processed' && verdict.warning && verdict.warning.code !== 'site-unknown') {
    const { code, reason } = verdict.warning;
    yield warning('matomo', code, reason, adviceFor(code));
  }
  const isQueued = verdict.kind === 'accepted';
  if (isQueued) yield warning('queue', 'queued-tracking', QUEUE_ANSWERS, CHECK_QUEUE);
  const questions = createQuestions(options, isQueued);
  const answer = isQueued ? await questions.site() : first;
  const { verdict: answered } = answer;
  const isUnconfirmed = answered.kind === 'processed' && answered.unconfirmed > 0;
  if (answered.kind === 'accepted' || isUnconfirmed) {
    const found =
      'cannot tell whether the site exists and the token is valid: the answer has no counters';
    return yield unknown('site', found, 'Fix that first, and run doctor again.');
  }
  if (!isProcessed(answer, 'tracked')) return yield checkSite(answer, options);
  yield ok('matomo', "Matomo's tracker answers");
  yield ok('site', `site ${siteId} exists`);
  const hasToken = options.tokenAuth !== undefined;
  const known = hasToken ? await askApi(options, siteId) : undefined;
  const token = await checkToken(questions, options, known);
  yield token;
  const isGood = hasToken && token.verdict === 'ok';

  const settings = known instanceof ApiFailure ? undefined : known;
  if (isGood && known instanceof ApiFailure)
    yield unknown('matomo', `cannot ask Matomo's API: ${known.message}`, `${known.advice}.`);
  if (isTooOld(settings?.version)) {
    const found = `Matomo ${settings?.version} is older than Matomo 5, which this package needs`;
    yield warning('matomo', 'matomo-too-old', found, 'Update Matomo.');
  }
  if (settings?.plugins.QueuedTracking && !isQueued)
    yield warning('queue', 'queued-tracking', QUEUE_ACTIVE, CHECK_QUEUE);
  // Matomo rejects every hit with an invalid token, so further questions would not find anything.
  if (hasToken && !isGood) return;
  yield* checkFields(options, settings);
  yield* checkBotTracking(options, settings);
  const storing = await checkStoring(questions, options, sends);
  yield* storing;
  if (storing.some(({ verdict }) => verdict === 'ok'))
    yield* await checkSpam(questions, options, settings);
}

const QUEUE_ANSWERS =
  'Matomo answers a bulk without counters, and hits count as accepted: its plugin QueuedTracking answers before it processes them, or something in front of Matomo answers for it';
const QUEUE_ACTIVE =
  'the plugin QueuedTracking is active: if its queue is enabled, Matomo answers before it processes hits, and they count as accepted';
const CHECK_QUEUE =
  'With the plugin, check that its queue is processed (./console queuedtracking:monitor). Without, check the proxy, and MATOMO_URL.';

function checkSite({ verdict }: Answer, { siteId }: ResolvedOptions): Finding {
  switch (verdict.kind) {
    case 'processed': {
      const advice = 'Set MATOMO_SITE_ID to an ID from Administration > Websites > Manage.';
      return problem('site', 'site-unknown', `Matomo has no site ${siteId}`, advice);
    }
    case 'failed': {
      if (verdict.code === 'hits-not-counted') {
        const advice =
          'Run doctor again. If the answer is the same, set record_statistics to 1 in the [Tracker] section of config.ini.php; if not, check the database for lock timeouts.';
        return problem('matomo', verdict.code, verdict.reason, advice);
      }
      if (verdict.code !== 'rolled-back') return unknown('matomo', verdict.reason, ERROR_LOG);
      const found = `${verdict.reason}: its database may be stopped`;
      const advice = `Start Matomo's database if it is stopped. ${ERROR_LOG} Matomo may also require a valid token for every bulk (bulk_requests_require_authentication).`;
      return problem('matomo', verdict.code, found, advice);
    }
    default: {
      const found = 'reason' in verdict ? verdict.reason : 'Matomo sent an empty answer';
      return unknown('matomo', found, ERROR_LOG);
    }
  }
}
