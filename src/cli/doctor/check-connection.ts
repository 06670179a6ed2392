import { show } from '../../common/diagnostics.js';
import type { MessageCode } from '../../common/messages.js';
import { proxyRouteOf } from '../../delivery/proxy.js';
import type { ResolvedOptions } from '../../options/option-table.js';
import { isReadableByOthers } from '../matomo-api.js';
import { type Finding, ok, problem, warning } from './checks.js';
import type { Answer } from './questions.js';

/** Advice if requests do not reach Matomo. */
const ADVICE: Readonly<Partial<Record<MessageCode, string>>> = {
  unreachable: 'Fix what the parentheses name, or correct MATOMO_URL.',
  'no-answer':
    'Check whether Matomo answers in a browser, and the proxy or load balancer in front of it.',
  unavailable: 'Check the web server and PHP of Matomo.',
  'rolled-back': "Start Matomo's database if it is stopped, and read Matomo's PHP error log.",
  redirected: 'Set MATOMO_URL to the target of the redirect.',
  'request-rejected': 'Set MATOMO_URL to the folder that contains matomo.php.',
  'not-matomo': 'Set MATOMO_URL to the folder that contains matomo.php.',
};

/** Matches errors of certificates. */
const CERTIFICATE = /CERT|SIGNATURE|ALTNAME|certificate/;
const FIX_CERTIFICATE =
  'Fix what the parentheses name. For your own CA, set NODE_EXTRA_CA_CERTS to its file.';
const FIREWALL =
  'A firewall in front of Matomo, such as mod_security, may reject it: let it pass POST to matomo.php. If there is none, set MATOMO_URL to the folder that contains matomo.php.';
const LOG_IN =
  'Set MATOMO_HEADERS to the credentials for that server: authorization=Basic and, after a space, user:password in Base64.';

/** Finds an invalid proxy in the environment. */
export function checkProxy(url: URL, env: Readonly<NodeJS.ProcessEnv>): Finding[] {
  try {
    proxyRouteOf(url, env);
    return [];
  } catch (error) {
    const advice = 'Correct the variable, or unset it if no proxy is needed.';
    return [problem('address', 'proxy-unusable', (error as Error).message, advice)];
  }
}

/** Interprets the first answer: address, redirect, TLS. */
export function checkAddress({ exchange, verdict }: Answer, { url }: ResolvedOptions): Finding {
  const answer = exchange.kind === 'answer' ? exchange : undefined;
  const hasAnswered = ok(
    'address',
    `${show(url.href)} answered ${answer?.status}, without a redirect`,
  );
  switch (verdict.kind) {
    case 'later':
    case 'failed':
    case 'unconfirmed': {
      const { code, reason } = verdict;
      if (code === 'hits-not-counted' || answer?.status === 500) return hasAnswered; // answered by Matomo itself
      if (code === 'unreachable' && url.protocol === 'https:' && CERTIFICATE.test(reason)) {
        return problem('tls', code, reason, FIX_CERTIFICATE);
      }
      const wantsLogin = answer?.status === 401 && answer.authenticate !== undefined;
      const general = ADVICE[code] ?? 'Check the proxy or load balancer in front of Matomo.';
      const advice = answer?.status === 403 ? FIREWALL : wantsLogin ? LOG_IN : general;
      return problem('address', code, reason, advice);
    }
    case 'too_large': {
      const advice = 'Raise the limit for request bodies in the proxy or web server of Matomo.';
      return problem('address', 'too-large', 'Matomo answered with status 413 (1 hit)', advice);
    }
    default:
      return hasAnswered;
  }
}

/** Checks whether others on the network can read requests. */
export function checkTls(
  { url, tokenAuth }: ResolvedOptions,
  hasAnswered: boolean,
  env: Readonly<NodeJS.ProcessEnv>,
): Finding[] {
  if (url.protocol !== 'https:') {
    if (tokenAuth === undefined || !isReadableByOthers(url)) return [];
    const found = 'the token is sent over plain http, and others on the network can read it';
    return [warning('tls', 'not-private', found, 'Use https:// in MATOMO_URL.')];
  }
  if (env.NODE_TLS_REJECT_UNAUTHORIZED === '0') {
    const found = 'certificates are not checked: NODE_TLS_REJECT_UNAUTHORIZED is 0';
    const advice = 'Unset it, and set NODE_EXTRA_CA_CERTS to your CA.';
    return [warning('tls', 'not-private', found, advice)];
  }
  return hasAnswered ? [ok('tls', 'the certificate is valid, and this process trusts its CA')] : [];
}
