interface Titled {
  readonly method: string;
  readonly route: string | undefined;
  readonly path: string;
  readonly host: string | undefined;
  readonly statusCode: number;
  readonly spanName: string;
}

const FIELDS: Readonly<Record<string, (request: Titled) => string>> = {
  method: (request) => request.method,
  // So that scanners do not fill the titles with what they ask for.
  route: ({ route, statusCode, path }) => route ?? (statusCode === 404 ? 'Not Found' : path),
  path: (request) => request.path,
  host: (request) => request.host ?? '',
  status: (request) => String(request.statusCode),
  span: (request) => request.spanName,
};

/** What a title may be made of. */
export const TEMPLATE_FIELDS: readonly string[] = Object.keys(FIELDS);

/** Turns a template such as `{method} {route}` into a function. Unknown fields have been refused before. */
export function createToActionName(template: string): (request: Titled) => string {
  const parts = template.split(/\{(\w+)\}/);
  return function toActionName(request) {
    let title = parts[0] as string;
    for (let i = 1; i < parts.length; i += 2) {
      title += `${FIELDS[parts[i] as string]?.(request)}${parts[i + 1]}`;
    }
    return title;
  };
}
