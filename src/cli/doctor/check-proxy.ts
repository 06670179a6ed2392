import { show } from '../../common/diagnostics.js';
import { proxyOf } from '../../delivery/http/proxy.js';
import { type Finding, ok, problem } from './finding.js';

/** Finds the proxy that requests to Matomo use. */
export function checkProxy(url: URL, env: Readonly<NodeJS.ProcessEnv>): Finding[] {
  let proxy: string | undefined;
  try {
    proxy = proxyOf(url, env);
  } catch (error) {
    const advice = 'Correct the variable, or unset it if no proxy is needed.';
    return [problem('proxy', 'proxy-unusable', (error as Error).message, advice)];
  }
  if (proxy === undefined) return [];
  const { protocol, host } = new URL(proxy);
  const excepted = env.no_proxy ?? env.NO_PROXY;
  const exceptions = excepted ? `, unless NO_PROXY exempts Matomo: ${show(excepted)}` : '';
  return [ok('proxy', `requests to Matomo use the proxy ${protocol}//${host}${exceptions}`)];
}
