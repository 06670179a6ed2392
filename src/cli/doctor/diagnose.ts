import { withoutUserInfo } from '../../common/diagnostics.js';
import { checkMatomo } from './check-matomo.js';
import { checkOptions } from './check-options.js';
import { checkProxy } from './check-proxy.js';
import { checkSpool } from './check-spool.js';
import { checkApi, checkNode, checkTracing } from './check-tracing.js';
import { type Check, type Finding, unknown } from './finding.js';

export interface DiagnoseOptions {
  readonly env: Readonly<NodeJS.ProcessEnv>;
  /** Folder of the application. */
  readonly app: string;
  /** Stores a page view. */
  readonly sends: boolean;
}

/** Looks at everything between an application in that environment and its hits in Matomo. Never rejects. */
export async function diagnose({ env, app, sends }: DiagnoseOptions): Promise<Finding[]> {
  const { options, sites, findings, secrets } = checkOptions(env);
  findings.push(
    ...(await attempt('node', () => [checkNode()])),
    ...(await attempt('tracing', () => checkTracing(app, env))),
    ...(await attempt('api', () => checkApi(app))),
  );
  if (options !== undefined) {
    findings.push(
      ...(await attempt('spool', () => checkSpool(options))),
      ...(await attempt('proxy', () => checkProxy(options.url, env))),
    );
    const hasWay = !findings.some(({ code }) => code === 'proxy-unusable');
    if (hasWay) findings.push(...(await attempt('matomo', checkSites)));
  }
  return findings.map((finding) => withoutSecrets(finding, secrets));

  /** Site by site; a token that is refused is not tried again, since that may lock this address out. */
  async function checkSites(): Promise<Finding[]> {
    const all: Finding[] = [];
    for (const siteId of sites.length > 1 ? sites : [options?.siteId]) {
      if (options === undefined || siteId === undefined) break;
      const news = await checkMatomo({ ...options, siteId }, env, sends);
      all.push(...news.filter(({ found }) => !all.some((known) => known.found === found)));
      if (news.some(({ code }) => code === 'token-refused')) break;
    }
    return all;
  }
}

/** A check that fails itself says nothing of what it was to look at. */
async function attempt(
  check: Check,
  run: () => Finding[] | Promise<Finding[]>,
): Promise<Finding[]> {
  try {
    return await run();
  } catch (error) {
    const found = `this could not be looked at: ${(error as NodeJS.ErrnoException).code ?? (error as Error).name}`;
    return [unknown(check, found, 'Look at it yourself.')];
  }
}

/** Matomo, or a variable that was mixed up, may have said it. */
function withoutSecrets(finding: Finding, secrets: readonly string[]): Finding {
  const { found, advice } = finding;
  const clean = (text: string) =>
    withoutUserInfo(secrets.reduce((left, secret) => left.replaceAll(secret, '…'), text));
  return {
    ...finding,
    found: clean(found),
    ...(advice !== undefined && { advice: clean(advice) }),
  };
}
