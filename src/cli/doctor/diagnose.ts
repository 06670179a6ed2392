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

interface DiagnoseOptions {
  readonly env: Readonly<NodeJS.ProcessEnv>;
  /** Folder of the application. */
  readonly app: string;
  /** Whether to store a page view. */
  readonly sends: boolean;
  /** Goal IDs that the application uses. */
  readonly goals: readonly number[];
}

/** Runs all checks for an application in that environment. Never rejects. */
export async function diagnose({ env, app, sends, goals }: DiagnoseOptions): Promise<Finding[]> {
  const { options, sites, findings, secrets } = checkOptions(env);
  /** Adds the findings of a check; an unknown one if it throws. */
  async function add(check: Check, run: () => Finding[] | Promise<Finding[]>): Promise<void> {
    try {
      findings.push(...(await run()));
    } catch (error) {
      const found = `this check failed: ${(error as NodeJS.ErrnoException).code ?? (error as Error).name}`;
      findings.push(unknown(check, found, 'Check it by hand.'));
    }
  }
  if (options) await add('privacy', () => checkPrivacyOptions(options));
  await add('node', () => [checkNode()]);
  await add('tracing', () => checkTracing(app, env));
  await add('api', () => checkApi(app));
  if (options) {
    const bySite = sites.map((siteId) => ({ ...options, siteId }));
    await add('spool', () => checkSpool(options));
    await add('proxy', () => checkProxy(options.url, env));
    const hasProxy = !findings.some(({ code }) => code === 'proxy-unusable');
    if (hasProxy) await add('matomo', () => checkSites(bySite, env, sends));
    // Asks with a token that Matomo has just accepted, because a rejected one counts toward a lock-out.
    const isGood = findings.some(({ check, verdict }) => check === 'token' && verdict === 'ok');
    const hasToken = isGood && options.tokenAuth !== undefined;
    for (const site of goals.length > 0 ? bySite : []) {
      await add('goals', async () => [await checkGoals(site, goals, hasToken)]);
    }
  }
  // An answer of Matomo or a mixed-up variable may repeat them.
  const clean = createCleaner(secrets);
  const show = (text: string) => withoutUserInfo(clean(text));
  return findings.map((one) => {
    return { ...one, found: show(one.found), advice: one.advice && show(one.advice) };
  });
}

/** Checks each site until the token is rejected: trying it again could lock this address out. */
async function checkSites(
  bySite: readonly ResolvedOptions[],
  env: DiagnoseOptions['env'],
  sends: boolean,
): Promise<Finding[]> {
  const all: Finding[] = [];
  for (const options of bySite) {
    const news: Finding[] = [];
    for await (const finding of checkMatomo(options, env, sends)) news.push(finding);
    all.push(...inOrder(news).filter(({ found }) => !all.some((known) => known.found === found)));
    if (news.some(({ code }) => code === 'token-rejected')) break;
  }
  return all;
}
