const MAX_SIMPLE_LENGTH = 500;

/** Each slash begins a segment, so there is one way to match: linear. */
const SIMPLE_PATH = /^(?:\/(?!trpc\/)[\w.~:-]*)+$/;

/**
 * Whether a path is the same in a URL: nothing to encode, no matrix parameters, not of tRPC. One expression takes a third of searching
 * the path for each of these.
 */
export function isSimplePath(path: string): boolean {
  return path.length <= MAX_SIMPLE_LENGTH && SIMPLE_PATH.test(path);
}
