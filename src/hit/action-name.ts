import { toTitlePath } from './title-path.js';
import { toProcedurePath } from './trpc-procedure.js';

interface Titled {
  readonly method: string;
  readonly route: string | undefined;
  readonly host: string | undefined;
  readonly statusCode: number;
  readonly spanName: string;
}

/** Names what a request asked for; the path comes redacted. */
export type ToPlace = (request: Pick<Titled, 'route' | 'statusCode'>, path: string) => string;

/**
 * The procedure of a tRPC request, else the route, else the path. A 404 without a route has neither, so that scanners do not
 * fill the titles with what they ask for.
 */
export function createToPlace(titlePaths: 'template' | 'raw'): ToPlace {
  const toPath = titlePaths === 'raw' ? (path: string) => path : toTitlePath;
  return function toPlace({ route, statusCode }, path) {
    if (statusCode === 404) return route ?? 'Not Found';
    return toProcedurePath(path, toPath) ?? route ?? toPath(path);
  };
}

const FIELDS: Readonly<Record<string, (request: Titled, path: string, place: string) => string>> = {
  method: (request) => request.method,
  route: (_request, _path, place) => place,
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
export function createToActionName(
  template: string,
): (request: Titled, path: string, place: string) => string {
  const parts = template.split(/\{(\w+)\}/);
  return function toActionName(request, path, place) {
    let title = parts[0] as string;
    for (let i = 1; i < parts.length; i += 2) {
      title += `${FIELDS[parts[i] as string]?.(request, path, place)}${parts[i + 1]}`;
    }
    return title;
  };
}
