const CERTIFICATE = /CERT|SIGNATURE|ALTNAME|PRX_TLS|certificate/;
const LOOPBACK = /^(?:localhost|127\..*|\[::1\])$/;

/** Whether a request failed because of a certificate, by the text of its error. */
export function isCertificateReason(reason: string): boolean {
  return CERTIFICATE.test(reason);
}

/** Whether others on the network can read what is sent to this URL. */
export function isReadableByOthers({ protocol, hostname }: URL): boolean {
  return protocol === 'http:' && !LOOPBACK.test(hostname);
}
