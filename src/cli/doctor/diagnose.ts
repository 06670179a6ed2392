import { withoutUserInfo } from '../../common/diagnostics.js';
import type { ResolvedOptions } from '../../options/option-table.js';
import { createCleaner } from '../terminal.js';
import { checkProxy } from './check-connection.js';
import { checkGoals } from './check-fields.js';
import { checkMatomo } from './check-matomo.js';
import { checkOptions, checkPrivacyOptions } from './check-options.js';
import { checkSpool } from './check-spool.js';
import { checkApi, checkNode, checkTracing } from './check-tracing.js';
import { CHECKS, type Check, type Finding, inOrder, unknown } from './checks.js';

interface DiagnoseOptions {
  readonly env: Readonly<NodeJS.ProcessEnv>;
  /** Folder of the application. */
  readonly app: string;
  /** Whether to store a page view. */
  readonly sends: boolean;
  /** Goal IDs that the application uses. */
  readonly goals: readonly number[];
}

/** The input of a check. */
interface Context extends DiagnoseOptions {
  readonly sites: readonly number[];
  /** `undefined` if they are invalid. */
  readonly options: ResolvedOptions | undefined;
  /** Findings of earlier checks. */
  readonly findings: readonly Finding[];
}

type RunCheck = (context: Context) => Finding[] | Promise<Finding[]>;

/** The functions of the checks. `options` runs before all others, and `matomo` runs those that ask Matomo. */
const RUN: Readonly<Partial<Record<Check, RunCheck>>> = {
  privacy: ({ options }) => (options ? checkPrivacyOptions(options) : []),
  node: () => [checkNode()],
  tracing: ({ app, env }) => checkTracing(app, env),
  api: ({ app }) => checkApi(app),
  spool: ({ options }) => (options ? checkSpool(options) : []),
  proxy: ({ options, env }) => (options ? checkProxy(options.url, env) : []),
  matomo: checkSites,
  goals: checkGoalsOfSites,
};

/** Runs all checks for an application in that environment. Never rejects. */
export async function diagnose(input: DiagnoseOptions): Promise<Finding[]> {
  const { options, sites, findings, secrets } = checkOptions(input.env);
  for (const check of CHECKS) {
    const run = RUN[check];
    if (run) findings.push(...(await attempt(check, run, { ...input, options, sites, findings })));
  }
  const clean = createCleaner(secrets);
  return findings.map((finding) => cleanFinding(finding, (text) => withoutUserInfo(clean(text))));
}

/** Checks each site until the token is rejected: trying it again could lock this address out. */
async function checkSites({ options, sites, findings, env, sends }: Context): Promise<Finding[]> {
  const all: Finding[] = [];
  if (findings.some(({ code }) => code === 'proxy-unusable')) return all;
  for (const siteId of sites.length > 1 ? sites : [options?.siteId]) {
    if (options === undefined || siteId === undefined) break;
    const news = inOrder(await checkMatomo({ ...options, siteId }, env, sends));
    all.push(...news.filter(({ found }) => !all.some((known) => known.found === found)));
    if (news.some(({ code }) => code === 'token-rejected')) break;
  }
  return all;
}

/** Asks with a token that Matomo has just accepted, because a rejected one counts toward a lock-out. */
async function checkGoalsOfSites({ options, sites, findings, goals }: Context): Promise<Finding[]> {
  if (options === undefined || goals.length === 0) return [];
  const isGood = findings.some(({ check, verdict }) => check === 'token' && verdict === 'ok');
  const hasToken = isGood && options.tokenAuth !== undefined;
  const all: Finding[] = [];
  for (const siteId of sites.length > 1 ? sites : [options.siteId]) {
    all.push(await checkGoals({ ...options, siteId }, goals, hasToken));
  }
  return all;
}

/** Runs a check. If it throws, the finding is unknown. */
async function attempt(check: Check, run: RunCheck, context: Context): Promise<Finding[]> {
  try {
    return await run(context);
  } catch (error) {
    const found = `this check failed: ${(error as NodeJS.ErrnoException).code ?? (error as Error).name}`;
    return [unknown(check, found, 'Check it by hand.')];
  }
}

/** Removes secrets, which an answer of Matomo or a mixed-up variable may repeat. */
function cleanFinding(finding: Finding, clean: (text: string) => string): Finding {
  const { found, advice } = finding;
  return {
    ...finding,
    found: clean(found),
    ...(advice !== undefined && { advice: clean(advice) }),
  };
}
