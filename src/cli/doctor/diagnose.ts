import { withoutUserInfo } from '../../common/diagnostics.js';
import type { ResolvedOptions } from '../../options/option-table.js';
import { createCleaner } from '../terminal.js';
import { checkProxy } from './check-connection.js';
import { checkGoals } from './check-fields.js';
import { checkMatomo } from './check-matomo.js';
import { checkOptions, checkPrivacyOptions } from './check-options.js';
import { checkSpool } from './check-spool.js';
import { checkApi, checkNode, checkTracing } from './check-tracing.js';
import { type Check, type Finding, inOrder, unknown } from './checks.js';

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
  // An answer of Matomo or a mixed-up variable may repeat them.
  const clean = createCleaner(secrets);
  const show = (text: string) => withoutUserInfo(clean(text));
  return findings.map((one) => {
    return { ...one, found: show(one.found), advice: one.advice && show(one.advice) };
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
