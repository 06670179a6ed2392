interface Titled {
  readonly method: string;
  readonly route: string | undefined;
  readonly host: string | undefined;
  readonly statusCode: number;
  readonly spanName: string;
}

/** The route; of a 404 without one not the path, so that scanners do not fill the titles with what they ask for. */
export function placeOf(
  { route, statusCode }: Pick<Titled, 'route' | 'statusCode'>,
  path: string,
): string {
  return route ?? (statusCode === 404 ? 'Not Found' : path);
}

const FIELDS: Readonly<Record<string, (request: Titled, path: string) => string>> = {
  method: (request) => request.method,
  route: placeOf,
  path: (_request, path) => path,
  host: (request) => request.host ?? '',
  status: (request) => String(request.statusCode),
  span: (request) => request.spanName,
};

/** The title where nobody sets one. */
export const DEFAULT_TITLE = '{method} {route}';

/** What a title may be made of. */
export const TEMPLATE_FIELDS: readonly string[] = Object.keys(FIELDS);

/** Turns a template such as `{method} {route}` into a function; the path comes redacted. Unknown fields have been refused before. */
export function createToActionName(template: string): (request: Titled, path: string) => string {
  const parts = template.split(/\{(\w+)\}/);
  return function toActionName(request, path) {
    let title = parts[0] as string;
    for (let i = 1; i < parts.length; i += 2) {
      title += `${FIELDS[parts[i] as string]?.(request, path)}${parts[i + 1]}`;
    }
    return title;
  };
}
