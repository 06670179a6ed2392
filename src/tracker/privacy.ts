import type { Diagnostics } from '../common/diagnostics.js';
import { coded } from '../common/messages.js';
import { createIsInRanges } from '../hit/visitor/addresses.js';
import type { ResolvedOptions } from '../options/option-table.js';
import type { ConsentRule } from '../options/values.js';
import { readRawHeader } from '../request/read-headers.js';
import type { Check } from './reasons.js';

/** Why the visitor of a request must not be tracked, as far as options say so. A choice that is not known counts as no. */
export function privacyChecks(
  { doNotTrack, consent, capturedHeaders, ignoreAddresses, trustProxy }: ResolvedOptions,
  diagnostics: Pick<Diagnostics, 'warnOnce'>,
): Check[] {
  const checks: Check[] = [];

  function reportUnknown(option: string, names: string): void {
    diagnostics.warnOnce(`unknown ${option}`, () =>
      coded(
        'headers-not-captured',
        `A request does not say whether it had the headers that ${option} needs. Such requests are not tracked. Let the instrumentation capture these headers, and set MATOMO_CAPTURED_HEADERS=${names} or the option capturedHeaders.`,
      ),
    );
  }

  if (ignoreAddresses.length > 0) {
    const isInRanges = createIsInRanges(ignoreAddresses);
    checks.push((http, request, _client, address) => {
      const known = [http.address, address].filter((each) => each !== undefined);
      // An address that is not known may be one of these.
      if (known.length > 0 && !known.some(isInRanges)) return undefined;
      // The address is that of a proxy, and so are those of all requests that come through it.
      if (trustProxy === false && request.header('x-forwarded-for') !== undefined)
        diagnostics.warnOnce('proxy-ignored', () => coded('proxy-ignored', PROXY_IGNORED));
      return 'address';
    });
  }
  if (doNotTrack)
    checks.push(({ optedOut }) => {
      if (optedOut === 'unknown') reportUnknown('doNotTrack', 'dnt,sec-gpc');
      return optedOut === 'no' ? undefined : 'do_not_track';
    });
  if (consent) {
    const header = consent.source === 'cookie' ? 'cookie' : consent.name;
    checks.push((_http, request) => {
      const { incoming } = request;
      const current = request.header(header);
      const sent = incoming ? readRawHeader(incoming, header) : current;
      if (sent === undefined) {
        const isListed = capturedHeaders.includes(header.replaceAll('_', '-'));
        if (!incoming && !isListed) reportUnknown('consent', header);
        return 'no_consent';
      }
      // The application may withdraw what the client sent, but not give consent for it.
      const isGiven = hasConsent(consent, sent) && hasConsent(consent, current ?? sent);
      return isGiven ? undefined : 'no_consent';
    });
  }
  return checks;
}

const PROXY_IGNORED =
  'A request with the header X-Forwarded-For was ignored: ignoreAddresses has the address of the proxy that sent it. If the proxy is yours, set MATOMO_TRUST_PROXY or the option trustProxy.';

/** Whether a header, of the request or with its cookies, has exactly this value. All cookies of the name must have it. */
function hasConsent({ source, name, value }: ConsentRule, header: string): boolean {
  if (source === 'header') return header === value;
  const values = valuesOfCookie(header, name);
  return values.length > 0 && values.every((each) => each === value);
}

function valuesOfCookie(cookies: string, name: string): string[] {
  return cookies.split(';').flatMap((cookie) => {
    const equals = cookie.indexOf('=');
    const isOfName = equals >= 0 && cookie.slice(0, equals).trim() === name;
    return isOfName ? [cookie.slice(equals + 1).trim()] : [];
  });
}
