const PROCEDURE = /^[\w.-]{1,200}$/;

/**
 * `/api/trpc/user.byId` for a tRPC request, whose route is the same for all procedures. A batch is named by its first procedure and
 * their number: `/api/trpc/user.byId (3)`.
 */
export function toProcedurePath(
  path: string,
  toPath: (path: string) => string,
): string | undefined {
  const slash = path.lastIndexOf('/');
  if (!path.endsWith('/trpc', slash)) return undefined;
  const [first = '', ...others] = path.slice(slash + 1).split(',');
  if (!PROCEDURE.test(first)) return undefined;
  const procedure = `${toPath(path.slice(0, slash))}/${first}`;
  return others.length === 0 ? procedure : `${procedure} (${others.length + 1})`;
}
