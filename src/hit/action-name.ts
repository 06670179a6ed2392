import { toTitlePath } from './title-path.js';
import { toProcedurePath } from './trpc-procedure.js';

interface Titled {
  readonly method: string;
  readonly route: string | undefined;
  readonly host: string | undefined;
  readonly statusCode: number;
  readonly spanName: string;
}

/** Names the place that a request asked for. The path is already redacted. */
export type ToPlace = (
  request: Pick<Titled, 'route' | 'statusCode'>,
  path: string,
  isSimple?: boolean,
) => string;

/**
 * The procedure of a tRPC request, else the route, else the path. A 404 without a route is `Not Found`, so that scanners do not
 * fill the titles with the paths that they try.
 */
export function createToPlace(titlePaths: 'template' | 'raw'): ToPlace {
  const toPath = titlePaths === 'raw' ? (path: string) => path : toTitlePath;
  return function toPlace({ route, statusCode }, path, isSimple = false) {
    if (statusCode === 404) return route ?? 'Not Found';
    if (isSimple) return route ?? toPath(path);
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

/** The default title. */
export const DEFAULT_TITLE = '{method} {route}';

/** The fields of a title template. */
export const TEMPLATE_FIELDS: readonly string[] = Object.keys(FIELDS);

/** Turns a template such as `{method} {route}` into a function. The path is already redacted, and all fields are valid. */
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
