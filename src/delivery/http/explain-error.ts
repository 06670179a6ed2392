/** An error of Node.js or OpenSSL. */
interface WireError extends Error {
  readonly code?: string;
  readonly hostname?: string;
  readonly address?: string;
  readonly port?: number;
  /** What Node.js' permission model does not allow. */
  readonly permission?: string;
  /** One error for each address, if several addresses were tried. */
  readonly errors?: readonly WireError[];
}

const UNTRUSTED =
  'this process does not trust the authority that signed its certificate; start it with NODE_EXTRA_CA_CERTS=/path/to/ca.pem';
const NO_TLS = 'it does not speak TLS on that port; check port and scheme of url';
const LOCAL_PROXY =
  'send through a local proxy that has one, such as nginx with proxy_ssl_certificate';
const REJECTS_TLS = `the server rejected the TLS handshake; if it requires a client certificate, ${LOCAL_PROXY}`;
const WANTS_CERTIFICATE = `it requires a client certificate; ${LOCAL_PROXY}`;

/** Explains error codes: what happened, and what to do. */
const EXPLANATIONS: Readonly<Record<string, string | ((error: WireError) => string)>> = {
  ERR_ACCESS_DENIED: ({ permission }) =>
    permission === 'WorkerThreads'
      ? 'to send at exit, a worker thread is needed; start Node.js with --allow-worker'
      : "Node.js' permission model does not allow it",
  ECONNREFUSED: (error) => `nothing listens${at(error)}`,
  EHOSTUNREACH: (error) => `there is no route to the server${at(error)}`,
  ENETUNREACH: (error) => `there is no route to the server${at(error)}`,
  ENOTFOUND: ({ hostname }) => `DNS has no address for ${hostname ?? 'it'}; check url`,
  EAI_AGAIN: ({ hostname }) => `DNS did not answer for ${hostname ?? 'it'}`,
  ECONNRESET: 'the connection was reset',
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: `${UNTRUSTED}, or configure the server to send its intermediate certificates`,
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet; check the clocks',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is not valid for the host in url',
  ERR_SSL_WRONG_VERSION_NUMBER: NO_TLS,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: NO_TLS,
  EPROTO: ({ message }) => (/\balert\b/.test(message) ? REJECTS_TLS : NO_TLS),
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: REJECTS_TLS,
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: WANTS_CERTIFICATE,
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: WANTS_CERTIFICATE,
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: WANTS_CERTIFICATE,
};

/**
 * An error with an explanation for operators. The message contains the code, and the error has none: so both are shown where
 * errors are logged by their code if they have one.
 */
export function explainError(error: WireError): Error {
  const text = explain(error);
  return text === undefined ? error : new Error(text, { cause: error });
}

function explain(error: WireError): string | undefined {
  const { code = '', name, message } = error;
  const [, status] = PROXY_REFUSAL.exec(message) ?? [];
  if (status === '407') return 'the proxy answered 407; add user name and password to its URL';
  if (status !== undefined) return `the proxy answered ${status} to CONNECT`;
  if (name === 'HTTPParserError' || code.startsWith('HPE_'))
    return 'the server on that port does not speak HTTP; check port and scheme of url';
  const explanation = Object.hasOwn(EXPLANATIONS, code) ? EXPLANATIONS[code] : undefined;
  if (explanation === undefined) return undefined;
  return `${code}: ${typeof explanation === 'string' ? explanation : explanation(error)}`;
}

/** Whether an error proves that Matomo received nothing of a request, although it was being sent. */
export function provesUnsent({ message }: Error): boolean {
  return PROXY_REFUSAL.test(message);
}

/** Whether the other side, or a proxy in between, closed the connection. */
export function isBrokenConnection({ code }: WireError): boolean {
  return code === 'ECONNRESET' || code === 'EPIPE';
}

const PROXY_REFUSAL = /^Proxy response \((\d+)\)/;

/** The address and port of an error; the first if several addresses were tried. */
function at({ errors: [first] = [], address = first?.address, port = first?.port }: WireError) {
  if (address === undefined) return '';
  return ` at ${address.includes(':') ? `[${address}]` : address}:${port}`;
}
