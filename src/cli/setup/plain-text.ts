/** Replaces secrets, which Matomo or a proxy may repeat. */
export function createCleaner(secrets: readonly string[]): (text: string) => string {
  return (text) => secrets.reduce((cleaned, secret) => cleaned.replaceAll(secret, '…'), text);
}
