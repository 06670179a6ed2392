import type { Diagnostics } from '../common/diagnostics.js';
import { coded } from '../common/messages.js';
import { createIsInRanges } from '../hit/visitor/addresses.js';
import type { ResolvedOptions } from '../options/option-table.js';
import type { ConsentRule } from '../options/parse-values.js';
import { readRawHeader } from '../requests/read-headers.js';
import type { EndedRequest } from '../requests/request.js';

/** Why the visitor of a request must not be tracked; `undefined` if it may be. A choice that is not known counts as no. */
export type FindPrivacyReason = (
  request: EndedRequest,
) => 'address' | 'do_not_track' | 'no_consent' | undefined;

export function createFindPrivacyReason(
  options: ResolvedOptions,
  diagnostics: Pick<Diagnostics, 'warnOnce'>,
): FindPrivacyReason {
  const { doNotTrack, consent, capturedHeaders, ignoreAddresses, trustProxy } = options;
  const isIgnored = ignoreAddresses.length > 0 ? createIsInRanges(ignoreAddresses) : undefined;
  if (!doNotTrack && !consent && !isIgnored) return () => undefined;
  const header = consentHeaderOf(consent);
  const isListed = capturedHeaders.includes(header.replaceAll('_', '-'));

  function reportUnknown(option: string, names: string): void {
    diagnostics.warnOnce(`unknown ${option}`, () =>
      coded(
        'headers-not-captured',
        `A request does not say whether it had the headers that ${option} needs. Such requests are not tracked. Let the instrumentation capture these headers, and set MATOMO_CAPTURED_HEADERS=${names} or the option capturedHeaders.`,
      ),
    );
  }

  /** The address is that of a proxy, and so are those of all requests that come through it. */
  function reportProxy(): void {
    diagnostics.warnOnce('proxy-ignored', () =>
      coded(
        'proxy-ignored',
        'A request with the header X-Forwarded-For was ignored: ignoreAddresses has the address of the proxy that sent it. If the proxy is yours, set MATOMO_TRUST_PROXY or the option trustProxy.',
      ),
    );
  }

  return function findPrivacyReason(request) {
    const { http, incoming } = request;
    if (isIgnored && http.address !== undefined && isIgnored(http.address)) {
      const isForwarded = trustProxy === false && request.header('x-forwarded-for') !== undefined;
      if (isForwarded) reportProxy();
      return 'address';
    }
    if (doNotTrack && http.optedOut !== 'no') {
      if (http.optedOut === 'unknown') reportUnknown('doNotTrack', 'dnt,sec-gpc');
      return 'do_not_track';
    }
    if (!consent) return undefined;
    const current = request.header(header);
    const sent = incoming ? readRawHeader(incoming, header) : current;
    if (sent === undefined) {
      if (!incoming && !isListed) reportUnknown('consent', header);
      return 'no_consent';
    }
    // The application may withdraw what the client sent, but not give consent for it.
    const isGiven = hasConsent(consent, sent) && hasConsent(consent, current ?? sent);
    return isGiven ? undefined : 'no_consent';
  };
}

function consentHeaderOf(consent: ResolvedOptions['consent']): string {
  return consent?.source === 'cookie' ? 'cookie' : (consent?.name ?? '');
}

/** Whether a header, of the request or with its cookies, has exactly this value. All cookies of the name must have it. */
export function hasConsent({ source, name, value }: ConsentRule, header: string): boolean {
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

/** The headers that `doNotTrack` and `consent` need and that are not known to be captured. */
export function missingHeaders(options: ResolvedOptions): string[] {
  const { doNotTrack, consent, capturedHeaders } = options;
  const needed = [
    ...(doNotTrack ? ['dnt', 'sec-gpc'] : []),
    ...(consent ? [consentHeaderOf(consent).replaceAll('_', '-')] : []),
  ];
  return needed.filter((name) => !capturedHeaders.includes(name));
}
