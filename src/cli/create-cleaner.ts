/** Replaces secrets in texts: an answer of Matomo or a proxy, or a mixed-up variable, may repeat them. */
export function createCleaner(secrets: readonly string[]): (text: string) => string {
  return (text) => secrets.reduce((cleaned, secret) => cleaned.replaceAll(secret, '…'), text);
}
