/** Where callers say that they may be tracked: the one value of a cookie or a header that is consent. */
export interface ConsentRule {
  readonly source: 'cookie' | 'header';
  /** Of a header, in lower case. */
  readonly name: string;
  readonly value: string;
}

/** Whether a header, of the request or with its cookies, has exactly this value. All cookies of the name must have it. */
export function hasConsent({ source, name, value }: ConsentRule, header: string): boolean {
  if (source === 'header') return header === value;
  const values = valuesOfCookie(header, name);
  return values.length > 0 && values.every((given) => given === value);
}

function valuesOfCookie(cookies: string, name: string): string[] {
  return cookies.split(';').flatMap((cookie) => {
    const equals = cookie.indexOf('=');
    const isOfName = equals >= 0 && cookie.slice(0, equals).trim() === name;
    return isOfName ? [cookie.slice(equals + 1).trim()] : [];
  });
}
