import { show } from '../../common/diagnostics.js';
import type { MessageCode } from '../../common/messages.js';
import type { ResolvedOptions } from '../../options/resolved-options.js';
import { isCertificateReason, isReadableByOthers } from '../tls.js';
import type { Check } from './checks.js';
import { type Finding, ok, problem, unknown, warning } from './finding.js';
import type { Answer } from './tracker-questions.js';

/** What to do about what keeps requests from Matomo. */
const ADVICE: Readonly<Partial<Record<MessageCode, string>>> = {
  certificate:
    'Mend what stands in the brackets; a CA of your own is given by NODE_EXTRA_CA_CERTS.',
  unreachable: 'Mend what stands in the brackets, or correct MATOMO_URL.',
  'no-answer': 'See whether Matomo answers elsewhere, and what stands in front of it.',
  unavailable: 'See to the web server or PHP in front of Matomo.',
  'rolled-back':
    "Start Matomo's database if it is stopped: see whether the database is up, and read PHP's error log of Matomo.",
  redirected: 'Set MATOMO_URL to where it points.',
  refused:
    'Set MATOMO_URL to the folder that matomo.php is in. If it is right, let the proxy or firewall in front of Matomo pass POST to matomo.php.',
  'not-matomo': 'Set MATOMO_URL to the folder that matomo.php is in.',
  'too-large': 'Raise the limit of what stands in front of Matomo: one hit is too large for it.',
};

const LOG_IN =
  'Set MATOMO_HEADERS to what that server asks for: authorization=Basic and, after a space, user:password in Base64.';

/** What the first answer says of the way to Matomo: address, redirect, TLS. */
export function checkAddress({ exchange, verdict }: Answer, { url }: ResolvedOptions): Finding[] {
  const isSecure = url.protocol === 'https:';
  switch (verdict.kind) {
    case 'unavailable':
    case 'unconfirmed':
    case 'refused': {
      const { code, reason } = verdict;
      if (code === 'unreachable' && isSecure && isCertificateReason(reason)) {
        return [inTheWay('tls', 'certificate', reason)];
      }
      const wantsLogin =
        exchange.kind === 'answer' &&
        exchange.status === 401 &&
        exchange.authenticate !== undefined;
      return [inTheWay('address', code, reason, wantsLogin ? LOG_IN : undefined)];
    }
    case 'too_large':
      return [inTheWay('address', 'too-large', 'Matomo answered 413 to 1 hit')];
    default: {
      const status = exchange.kind === 'answer' ? exchange.status : '';
      return [ok('address', `${show(url.href)} answered ${status}, without a redirect`)];
    }
  }
}

function inTheWay(check: Check, code: MessageCode, found: string, advice?: string): Finding {
  const general = ADVICE[code] ?? 'See what stands in front of Matomo.';
  return problem(check, code, found, advice ?? general);
}

/** Whether others on the way can read what is sent. */
export function checkPrivacy(
  { url, tokenAuth }: ResolvedOptions,
  hasAnswered: boolean,
  env: Readonly<NodeJS.ProcessEnv>,
): Finding[] {
  if (url.protocol === 'https:') {
    if (env.NODE_TLS_REJECT_UNAUTHORIZED === '0') {
      const found = 'certificates are not checked: NODE_TLS_REJECT_UNAUTHORIZED is 0';
      return [
        warning('tls', 'not-private', found, 'Unset it, and give your CA by NODE_EXTRA_CA_CERTS.'),
      ];
    }
    return hasAnswered
      ? [ok('tls', 'the certificate is good, and this process trusts its CA')]
      : [];
  }
  if (tokenAuth === undefined || !isReadableByOthers(url)) return [];
  const found = 'the token goes over plain http, for all on the way to read';
  return [warning('tls', 'not-private', found, 'Begin MATOMO_URL with https://')];
}

/** Dates of answers have whole seconds. */
const CLOSE_SECONDS = 5;
const DAY_SECONDS = 86_400;

/** Compares the clock here with that of whoever answered. */
export function checkClock(
  { exchange, askedMillis }: Answer,
  { tokenAuth }: ResolvedOptions,
): Finding[] {
  if (exchange.kind !== 'answer') return [];
  const theirs = Date.parse(exchange.date ?? '') + 500;
  if (!Number.isFinite(theirs)) {
    return [
      unknown('clock', 'the answer has no date to compare with', 'Compare the clocks yourself.'),
    ];
  }
  const ahead = Math.round((askedMillis - theirs) / 1000);
  const advice = 'Have both machines set their clocks by NTP.';
  if (Math.abs(ahead) <= CLOSE_SECONDS) return [ok('clock', 'the clocks here and there agree')];
  if (ahead > 0) {
    const found = `the clock here is ${ahead} s ahead: Matomo ignores times in the future and takes its own`;
    return [warning('clock', 'clock', found, advice)];
  }
  const found = `the clock here is ${-ahead} s behind: hits are stored so much too early`;
  if (-ahead < DAY_SECONDS || tokenAuth !== undefined) {
    return [warning('clock', 'clock', found, advice)];
  }
  const refused = `${found}, and refused, because they seem older than a day`;
  return [problem('clock', 'clock', refused, advice)];
}
