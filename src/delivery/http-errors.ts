/** A network error of Node.js or OpenSSL. */
interface WireError extends Error {
  readonly code?: string;
  readonly hostname?: string;
  readonly address?: string;
  readonly port?: number;
  /** One error per address, if several addresses were tried. */
  readonly errors?: readonly WireError[];
}

const CLIENT_CERTIFICATE =
  'the server rejected the TLS handshake; if it requires a client certificate, send through a local proxy that has one, such as nginx with proxy_ssl_certificate';

/** Explains codes and messages of errors, and says what to check. */
const TEXTS: readonly (readonly [RegExp, string])[] = [
  [/^ENOTFOUND /, 'DNS has no address for PLACE; check the host in url'],
  [/^EAI_AGAIN /, 'DNS did not answer for PLACE; check DNS, and the host in url'],
  [/^ECONNREFUSED /, 'nothing listens at PLACE; check host and port of url'],
  [/^E(?:HOST|NET)UNREACH /, 'there is no route to PLACE; check the host in url, and the firewall'],
  [/^(?:ECONNRESET|EPIPE) /, 'the connection was closed; check port and scheme of url'],
  [/^CERT_HAS_EXPIRED /, 'its certificate has expired; renew it'],
  [/^CERT_NOT_YET_VALID /, 'its certificate is not valid yet; check the clocks'],
  [/^ERR_TLS_CERT_ALTNAME_INVALID /, 'its certificate is for another host; check the host in url'],
  [
    /^(?:DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+) /,
    'this process does not trust the authority that signed its certificate; start it with NODE_EXTRA_CA_CERTS=/path/to/ca.pem, or let the server send its intermediate certificates',
  ],
  [/^(?:EPROTO .*\balert\b|ERR_SSL_\w*_ALERT_)/, CLIENT_CERTIFICATE],
  [/^(?:EPROTO|ERR_SSL_\w+) /, 'it does not speak TLS on that port; check port and scheme of url'],
  [/^HPE_/, 'it does not speak HTTP on that port; check port and scheme of url'],
  [
    /^ERR_ACCESS_DENIED /,
    "Node.js' permission model does not allow it; start it with --allow-net, and with --allow-worker to send at exit",
  ],
  [/^ the proxy answered 407/, 'add user name and password to its URL'],
  [/^ the proxy answered/, 'let it pass requests to Matomo, or add the host of url to NO_PROXY'],
  [/^ no connection within/, 'check host and port of url, and the firewall'],
];

/** Creates an error whose message says what happened and what to check. The error has no code, so that its message is shown everywhere. */
export function explainError(error: WireError, proxy?: string): Error {
  const { code = '', message } = error;
  const [, text] = TEXTS.find(([pattern]) => pattern.test(`${code} ${message}`)) ?? [];
  const explained = text === undefined ? '' : `: ${text.replace('PLACE', placeOf(error))}`;
  const through = proxy === undefined ? '' : `; sent through the proxy ${proxy}`;
  return new Error(`${code || message}${explained}${through}`);
}

/** The host or address of an error; the first one if several addresses were tried. */
function placeOf({ errors: [first] = [], hostname, ...error }: WireError): string {
  const { address = first?.address, port = first?.port } = error;
  if (address === undefined) return hostname ?? 'the server';
  return `${address.includes(':') ? `[${address}]` : address}:${port}`;
}
