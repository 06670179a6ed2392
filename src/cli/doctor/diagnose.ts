import { withoutUserInfo } from '../../common/diagnostics.js';
import type { ResolvedOptions } from '../../options/resolved-options.js';
import { createCleaner } from '../create-cleaner.js';
import { checkMatomo } from './check-matomo.js';
import { checkOptions } from './check-options.js';
import { checkProxy } from './check-proxy.js';
import { checkSpool } from './check-spool.js';
import { checkApi, checkNode, checkTracing } from './check-tracing.js';
import { CHECKS, type Check, inOrder } from './checks.js';
import { type Finding, unknown } from './finding.js';

export interface DiagnoseOptions {
  readonly env: Readonly<NodeJS.ProcessEnv>;
  /** Folder of the application. */
  readonly app: string;
  /** Stores a page view. */
  readonly sends: boolean;
}

/** What a check needs to know. */
interface Context extends DiagnoseOptions {
  readonly sites: readonly number[];
  /** None: nothing can be sent. */
  readonly options: ResolvedOptions | undefined;
  /** Of the checks before it. */
  readonly findings: readonly Finding[];
}

type RunCheck = (context: Context) => Finding[] | Promise<Finding[]>;

/** How a check runs. What is missing here is found by another one: `options` first of all, the rest by `matomo`. */
const RUN: Readonly<Partial<Record<Check, RunCheck>>> = {
  node: () => [checkNode()],
  tracing: ({ app, env }) => checkTracing(app, env),
  api: ({ app }) => checkApi(app),
  spool: ({ options }) => (options ? checkSpool(options) : []),
  proxy: ({ options, env }) => (options ? checkProxy(options.url, env) : []),
  matomo: checkSites,
};

/** Looks at everything between an application in that environment and its hits in Matomo. Never rejects. */
export async function diagnose(given: DiagnoseOptions): Promise<Finding[]> {
  const { options, sites, findings, secrets } = checkOptions(given.env);
  for (const check of CHECKS) {
    const run = RUN[check];
    if (run) findings.push(...(await attempt(check, run, { ...given, options, sites, findings })));
  }
  const clean = createCleaner(secrets);
  return findings.map((finding) => cleanFinding(finding, (text) => withoutUserInfo(clean(text))));
}

/** Site by site; a token that is refused is not tried again, since that may lock this address out. */
async function checkSites({ options, sites, findings, env, sends }: Context): Promise<Finding[]> {
  const all: Finding[] = [];
  if (findings.some(({ code }) => code === 'proxy-unusable')) return all;
  for (const siteId of sites.length > 1 ? sites : [options?.siteId]) {
    if (options === undefined || siteId === undefined) break;
    const news = inOrder(await checkMatomo({ ...options, siteId }, env, sends));
    all.push(...news.filter(({ found }) => !all.some((known) => known.found === found)));
    if (news.some(({ code }) => code === 'token-refused')) break;
  }
  return all;
}

/** A check that fails itself says nothing about what it checks. */
async function attempt(check: Check, run: RunCheck, context: Context): Promise<Finding[]> {
  try {
    return await run(context);
  } catch (error) {
    const found = `this could not be looked at: ${(error as NodeJS.ErrnoException).code ?? (error as Error).name}`;
    return [unknown(check, found, 'Look at it yourself.')];
  }
}

/** Matomo, or a variable that was mixed up, may have repeated a secret. */
function cleanFinding(finding: Finding, clean: (text: string) => string): Finding {
  const { found, advice } = finding;
  return {
    ...finding,
    found: clean(found),
    ...(advice !== undefined && { advice: clean(advice) }),
  };
}
