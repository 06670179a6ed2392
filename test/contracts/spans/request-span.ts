import type { Span } from '../doors/spans.js';

/** The SERVER span of `GET /<id>`, answered with 200. `undefined` removes an attribute. */
export function request(
  id: string,
  {
    attributes,
    ...more
  }: Partial<Omit<Span, 'attributes'>> & {
    readonly attributes?: Readonly<
      Record<string, NonNullable<Span['attributes']>[string] | undefined>
    >;
  } = {},
): Span {
  const all = {
    'http.request.method': 'GET',
    'url.path': `/${id}`,
    'http.response.status_code': 200,
    ...attributes,
  };
  const present = Object.entries(all).filter(([, value]) => value !== undefined);
  return {
    id,
    kind: 'SERVER',
    name: 'GET',
    ...more,
    attributes: Object.fromEntries(present) as NonNullable<Span['attributes']>,
  };
}

/** Attributes that set custom dimensions. */
export const dimensions = (values: Readonly<Record<number, string>>) =>
  Object.fromEntries(Object.entries(values).map(([id, value]) => [`matomo.dimension${id}`, value]));
