const CERTIFICATE = /CERT|SIGNATURE|ALTNAME|PRX_TLS|certificate/;
const LOOPBACK = /^(?:localhost|127\..*|\[::1\])$/;

/** Whether the text of an error is about a certificate. */
export function isCertificateReason(reason: string): boolean {
  return CERTIFICATE.test(reason);
}

/** Whether others on the network can read requests to this URL. */
export function isReadableByOthers({ protocol, hostname }: URL): boolean {
  return protocol === 'http:' && !LOOPBACK.test(hostname);
}
