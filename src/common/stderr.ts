import { Console } from 'node:console';

let ownConsole: Console | undefined;

/**
 * Writes a line to stderr. If the reader of a log pipe has ended, the error comes later, as an event that would end the application:
 * a `Console` ignores it.
 */
export function writeToStderr(line: string): void {
  ownConsole ??= new Console(process.stderr);
  ownConsole.log(line);
}
