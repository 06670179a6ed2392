import { show } from '../../common/diagnostics.js';
import type { MessageCode } from '../../common/messages.js';
import { proxyOf, proxyRouteOf } from '../../delivery/proxy.js';
import type { ResolvedOptions } from '../../options/option-table.js';
import { isCertificateReason, isReadableByOthers } from '../matomo-api.js';
import { type Finding, ok, problem, unknown, warning } from './checks.js';
import type { Answer } from './questions.js';

/** Finds the proxy that requests to Matomo use. */
export function checkProxy(url: URL, env: Readonly<NodeJS.ProcessEnv>): Finding[] {
  try {
    const proxy = proxyOf(url, env);
    if (proxy === undefined) return [];
    const { origin } = new URL(proxy);
    const isUsed = proxyRouteOf(url, env) !== undefined;
    const unused = `NO_PROXY exempts Matomo from the proxy ${origin}`;
    return [ok('proxy', isUsed ? `requests to Matomo use the proxy ${origin}` : unused)];
  } catch (error) {
    const advice = 'Correct the variable, or unset it if no proxy is needed.';
    return [problem('proxy', 'proxy-unusable', (error as Error).message, advice)];
  }
}

/** What to do if requests do not reach Matomo. */
const ADVICE: Readonly<Partial<Record<MessageCode, string>>> = {
  unreachable: 'Fix what the parentheses name, or correct MATOMO_URL.',
  'no-answer':
    'Check whether Matomo answers in a browser, and the proxy or load balancer in front of it.',
  unavailable: 'Check the web server and PHP of Matomo.',
  'rolled-back': "Start Matomo's database if it is stopped, and read Matomo's PHP error log.",
  redirected: 'Set MATOMO_URL to the target of the redirect.',
  'request-rejected':
    'Set MATOMO_URL to the folder that contains matomo.php. If it is correct, let the proxy or firewall in front of Matomo pass POST to matomo.php.',
  'not-matomo': 'Set MATOMO_URL to the folder that contains matomo.php.',
};

const FIX_CERTIFICATE =
  'Fix what the parentheses name. For your own CA, set NODE_EXTRA_CA_CERTS to its file.';
const LOG_IN =
  'Set MATOMO_HEADERS to the credentials for that server: authorization=Basic and, after a space, user:password in Base64.';

/** Interprets the first answer: address, redirect, TLS. */
export function checkAddress({ exchange, verdict }: Answer, { url }: ResolvedOptions): Finding {
  const answer = exchange.kind === 'answer' ? exchange : undefined;
  switch (verdict.kind) {
    case 'later':
    case 'failed':
    case 'unconfirmed': {
      const { code, reason } = verdict;
      if (code === 'unreachable' && url.protocol === 'https:' && isCertificateReason(reason)) {
        return problem('tls', 'certificate', reason, FIX_CERTIFICATE);
      }
      const wantsLogin = answer?.status === 401 && answer.authenticate !== undefined;
      const general = ADVICE[code] ?? 'Check the proxy or load balancer in front of Matomo.';
      return problem('address', code, reason, wantsLogin ? LOG_IN : general);
    }
    case 'too_large': {
      const advice = 'Raise the limit for request bodies in the proxy or web server of Matomo.';
      return problem('address', 'too-large', 'Matomo answered with status 413 (1 hit)', advice);
    }
    default:
      return ok('address', `${show(url.href)} answered ${answer?.status}, without a redirect`);
  }
}

/** Whether others on the network can read what is sent. */
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

/** The header `Date` has whole seconds. */
const CLOSE_SECONDS = 5;
const DAY_SECONDS = 86_400;

/** Compares the clock of this machine with that of the server that answered. */
export function checkClock(
  { exchange, askedMillis }: Answer,
  { tokenAuth }: ResolvedOptions,
): Finding[] {
  if (exchange.kind !== 'answer') return [];
  const theirs = Date.parse(exchange.date ?? '') + 500;
  if (!Number.isFinite(theirs)) {
    const found = 'the answer has no date to compare with';
    return [unknown('clock', found, 'Compare the clocks by hand.')];
  }
  const ahead = Math.round((askedMillis - theirs) / 1000);
  if (Math.abs(ahead) <= CLOSE_SECONDS) {
    return [ok('clock', "the clocks of this machine and Matomo's server agree")];
  }
  const what = `the clock of this machine is ${Math.abs(ahead)} s`;
  const late = `${what} behind: hits are stored that much too early`;
  const isRefused = -ahead >= DAY_SECONDS && tokenAuth === undefined;
  const found = isRefused
    ? `${late}, and Matomo rejects them without a token, because they seem older than a day`
    : ahead < 0
      ? late
      : `${what} ahead: Matomo ignores times in the future and uses the time of arrival`;
  const find = isRefused ? problem : warning;
  return [find('clock', 'clock', found, 'Synchronize the clocks of both machines by NTP.')];
}
