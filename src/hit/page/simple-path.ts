/** What is encoded in a URL, begins matrix parameters, or may separate a secret from its name. If nothing matches, V8 stores no match, which costs as much. */
const SPECIAL = /[^\w.~/-]/;

const MAX_SIMPLE_LENGTH = 500;

/** Whether a path is the same in a URL and in a title. One expression takes a third of searching the path for each of these. */
export function isSimplePath(path: string): boolean {
  return path.length <= MAX_SIMPLE_LENGTH && !SPECIAL.test(path);
}
