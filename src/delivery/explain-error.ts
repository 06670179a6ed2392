const UNTRUSTED =
  'its certificate is signed by nobody whom this process trusts; start it with NODE_EXTRA_CA_CERTS=/path/to/ca.pem';
const NO_TLS = 'it does not speak TLS there; is url to begin with http://?';
const WANTS_CERTIFICATE =
  'it wants a client certificate, or another one; give one with the option dispatcher';

/** What is behind an error code of Node.js, OpenSSL or undici, and what to do about it. */
const EXPLANATIONS: Readonly<Record<string, string | ((error: CodedError) => string)>> = {
  ECONNREFUSED: (error) => `nobody listens${at(error)}`,
  EHOSTUNREACH: (error) => `there is no way to it${at(error)}`,
  ENETUNREACH: (error) => `there is no way to it${at(error)}`,
  ENOTFOUND: ({ hostname }) => `DNS has no address of ${hostname ?? 'it'}; check url`,
  EAI_AGAIN: ({ hostname }) => `DNS gave no answer about ${hostname ?? 'it'}`,
  UND_ERR_CONNECT_TIMEOUT: 'no connection came about in time',
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: `${UNTRUSTED}, or have it send its intermediate certificates`,
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet; check the clocks',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for other names than the one in url',
  ERR_SSL_WRONG_VERSION_NUMBER: NO_TLS,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: NO_TLS,
  EPROTO: NO_TLS,
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: WANTS_CERTIFICATE,
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: WANTS_CERTIFICATE,
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: WANTS_CERTIFICATE,
  HPE_INVALID_CONSTANT: 'what answers there does not speak HTTP',
};

interface CodedError extends Error {
  readonly code?: string;
  readonly hostname?: string;
  readonly address?: string;
  readonly port?: number;
  readonly errors?: readonly CodedError[];
  readonly data?: string;
}

/**
 * The error as an operator can use it. Its code is then part of the message and not of the error, so that both are
 * shown wherever an error is shown by its code, if it has one.
 */
export function explainError(error: CodedError): Error {
  const { code = '', message, cause } = error;
  if (code === 'UND_ERR_PRX_TLS' && cause instanceof Error) {
    return new Error(`TLS with the proxy: ${reasonOf(explainError(cause))}`, { cause });
  }
  if (/^Proxy response \(\d+\)/.test(message)) {
    const status = message.replace(/^.*?\((\d+)\).*$/, '$1');
    const password = status === '407' ? '; put user name and password into its URL' : '';
    return new Error(`the proxy answered ${status} to CONNECT${password}`, { cause: error });
  }
  if (isTlsAlert(error)) {
    return new Error(`${code}: it speaks TLS there; is url to begin with https://?`, {
      cause: error,
    });
  }
  const explanation = Object.hasOwn(EXPLANATIONS, code) ? EXPLANATIONS[code] : undefined;
  if (explanation === undefined) return error;
  const text = typeof explanation === 'string' ? explanation : explanation(error);
  return new Error(`${code}: ${text}`, { cause: error });
}

/** Whether TLS ended the connection before the other side can have read anything of a request. */
export function endedInHandshake(error: CodedError): boolean {
  return isTlsAlert(error) || EXPLANATIONS[error.code ?? ''] === WANTS_CERTIFICATE;
}

/** A TLS record of type alert where an answer in HTTP should begin. */
function isTlsAlert({ code = '', data }: CodedError): boolean {
  return code.startsWith('HPE_') && data?.startsWith('\x15\x03') === true;
}

/** Where several addresses were tried, the first. */
function at({ errors: [first] = [], address = first?.address, port = first?.port }: CodedError) {
  if (address === undefined) return '';
  return ` at ${address.includes(':') ? `[${address}]` : address}:${port}`;
}

function reasonOf({ code, message }: CodedError): string {
  return code ?? message;
}
