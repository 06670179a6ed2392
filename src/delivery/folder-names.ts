import type { Steps } from './folder-files.js';
import { isMissing } from './folder-setup.js';

// Hits are in files, one per line. To own the hits of a file is to have renamed it. Its name says all that others need to know:
//
//     1795176000123-1f0e3dad-7-token.35-16844.part                     process 1f0e3dad appends to it
//     1795176000123-1f0e3dad-7-token.100-48123.hits                    waits
//     1795176000123-1f0e3dad-7-token.100-48123.1795176009789.sending   is being sent since this time
//
// The first number is the time in milliseconds at which it was begun, which is its place among all files. Then come its writer, and a number.
// Of this file, 100 lines count, which have 48,123 bytes: a line counts once a rename says so, whatever follows in the file.

export interface HitsFile {
  readonly millis: number;
  readonly writer: string;
  readonly number: number;
  readonly needsToken: boolean;
  readonly hits: number;
  readonly bytes: number;
  readonly state: 'part' | 'hits' | 'sending';
  /** Time at which sending began; 0 in other states. */
  readonly sinceMillis: number;
}

const NAME =
  /^(\d{1,16})-([\da-f]{8})-(\d{1,9})(-token)?\.(\d{1,7})-(\d{1,12})\.(?:(part|hits)|(\d{1,16})\.sending)$/;

/** Parses a name; `undefined` if it is not that of a file with hits. */
export function parseName(name: string): HitsFile | undefined {
  const found = NAME.exec(name);
  if (!found) return undefined;
  const [, millis, writer = '', number, token, hits, bytes, state = 'sending', since] = found;
  return {
    ...{ millis: Number(millis), writer, number: Number(number), needsToken: token !== undefined },
    ...{ hits: Number(hits), bytes: Number(bytes) },
    ...{ state: state as HitsFile['state'], sinceMillis: Number(since ?? 0) },
  };
}

export function nameOf(file: HitsFile): string {
  const { millis, writer, number, needsToken, hits, bytes, state, sinceMillis } = file;
  const place = `${millis}-${writer}-${number}${needsToken ? '-token' : ''}`;
  return `${place}.${hits}-${bytes}.${state === 'sending' ? `${sinceMillis}.` : ''}${state}`;
}

/** Renames a file. Returns `false` if another process is faster. */
export function* rename(from: HitsFile, to: HitsFile): Steps<boolean> {
  try {
    yield ['rename', nameOf(from), nameOf(to)];
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** Deletes a file. Returns `false` if that fails: then it is left to the process that finds it. */
export function* unlink(file: HitsFile): Steps<boolean> {
  try {
    yield ['unlink', nameOf(file)];
    return true;
  } catch {
    return false;
  }
}
