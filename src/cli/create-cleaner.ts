/** Replaces secrets, which Matomo, a proxy or a variable that was mixed up may repeat. */
export function createCleaner(secrets: readonly string[]): (text: string) => string {
  return (text) => secrets.reduce((cleaned, secret) => cleaned.replaceAll(secret, '…'), text);
}
