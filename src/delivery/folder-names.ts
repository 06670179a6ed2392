import type { Steps } from './folder-files.js';
import { isMissing } from './folder-setup.js';

// Files contain one hit per line. A process owns the hits of a file once it has renamed the file. The name has all that other processes need:
//
//     1795176000123-1f0e3dad-7-token.35-16844.part                     process 1f0e3dad appends to it
//     1795176000123-1f0e3dad-7-token.100-48123.hits                    can be claimed
//     1795176000123-1f0e3dad-7-token.100-48123.1795176009789.sending   is being sent since this time
//
// The first number is the creation time in milliseconds, which orders the files. The writer and a number follow. Of the last two files, 100 lines
// count, with 48,123 bytes. A line counts once the name includes it. Other text at the end of the file does not count.

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

/** Parses the name of a file with hits; `undefined` for any other name. */
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

/** Renames a file. Returns `false` if another process was faster. */
export function* rename(from: HitsFile, to: HitsFile): Steps<boolean> {
  try {
    yield ['rename', nameOf(from), nameOf(to)];
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** Deletes a file. Returns `false` if that fails. Such a file is left to the process that finds it. */
export function* unlink(file: HitsFile): Steps<boolean> {
  try {
    yield ['unlink', nameOf(file)];
    return true;
  } catch {
    return false;
  }
}
