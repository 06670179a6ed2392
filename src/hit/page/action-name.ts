import type { HttpRequest } from '../http-request.js';
import { operationOf } from './graphql-operation.js';
import { decodeTitle, toTitlePath } from './title-path.js';
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
  request: Pick<HttpRequest, 'route' | 'statusCode' | 'annotations'>,
  path: string,
  isSimple?: boolean,
) => string;

/** What scanners of applications with routes get, besides 404. */
const REFUSED: Readonly<Record<number, string>> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  405: 'Method Not Allowed',
};

/**
 * The procedure of a tRPC request, else the route, else the path. Without a route, a 404 is `Not Found`, and so are 401, 403 and 405
 * after a request had a route: scanners must not fill the titles with the paths that they try.
 */
export function createToPlace(titlePaths: 'template' | 'raw'): ToPlace {
  const toPath =
    titlePaths === 'raw' ? decodeTitle : (path: string) => decodeTitle(toTitlePath(path));
  let hasRoutes = false;
  return function toPlace(request, path, isSimple = false) {
    const { statusCode } = request;
    const route = request.route === undefined ? undefined : decodeTitle(request.route);
    hasRoutes ||= route !== undefined;
    if (statusCode === 404) return route ?? 'Not Found';
    const procedure = isSimple ? undefined : toProcedurePath(path, toPath);
    if (procedure !== undefined) return procedure;
    if (route !== undefined) return route;
    const refusal = hasRoutes ? REFUSED[statusCode] : undefined;
    return refusal !== undefined && operationOf(request) === undefined ? refusal : toPath(path);
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
