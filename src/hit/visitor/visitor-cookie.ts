/** The visitor of Matomo's JavaScript tracker, 16 hex digits, from its `_pk_id.<site>.<hash>` cookie. */
export function visitorOfCookie(cookies: string | undefined, site: number): string | undefined {
  if (cookies === undefined) return undefined;
  const cookie = new RegExp(
    `(?:^|;\\s*)_pk_id\\.${site}(?:\\.[\\da-f]+)?=([\\da-f]{16})(?=\\.|%2E|;|$)`,
    'i',
  );
  return cookie.exec(cookies)?.[1]?.toLowerCase();
}
