/** Title of the page view: `GET /users/:id`; `GET Not Found` for what no route matched, so that scanners do not fill the reports. */
export function toActionName(request: {
  readonly method: string;
  readonly route: string | undefined;
  readonly path: string;
  readonly statusCode: number;
}): string {
  return `${request.method} ${request.route ?? (request.statusCode === 404 ? 'Not Found' : request.path)}`;
}
