import type { MessageCode } from '../../common/messages.js';

const ADVICE: Readonly<Partial<Record<MessageCode, string>>> = {
  unreachable: 'Fix what the parentheses name, or correct url.',
  'no-answer': 'Check Matomo and the proxy in front of it, or raise exportTimeoutMillis.',
  unavailable: 'Check the web server and PHP of Matomo.',
  'rolled-back': "Check Matomo's database, and read PHP's error log.",
  'hits-not-counted':
    "Check Matomo's database for lock timeouts, and its setting record_statistics.",
  redirected: 'Set url to an address that answers without a redirect.',
  'request-rejected':
    'Check url and headers, and let proxies and firewalls pass POST to matomo.php.',
  'not-matomo': 'Set url to the folder that has matomo.php, and check the proxy in front of it.',
  'token-rejected': 'Check siteId, and that the user of tokenAuth has write access to that site.',
};

/** What to do if sending stops for the reason that a code names. */
export function adviceFor(code: MessageCode): string {
  return ADVICE[code] ?? 'Run npx opentelemetry-matomo doctor.';
}
