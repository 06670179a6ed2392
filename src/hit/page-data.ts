const ENDING = '.data';

/** Whether a path is one with which React Router and Remix request the data of a page. */
export function mayBePageData(path: string): boolean {
  return path.endsWith(ENDING);
}

/** Whether React Router or Remix has sent such a request, or answered it. */
export function isPageData(
  query: string | undefined,
  accept: string | undefined,
  contentType: string | undefined,
): boolean {
  if (query !== undefined && /(?:^|&)_routes=/.test(query)) return true;
  return [accept, contentType].some((types) => types?.includes('text/x-script'));
}

/** The path of the page: `/posts/hello` for `/posts/hello.data`. */
export function toPagePath(path: string): string {
  return path === '/_root.data' ? '/' : path.slice(0, -ENDING.length);
}
