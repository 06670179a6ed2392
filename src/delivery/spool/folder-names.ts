/**
 * A file with hits, one per line. Its name says all that other processes need to know, so that each change is one rename:
 *
 *     0-1795176000123-1f0e3dad-7-token.0-350.1795176004456.part                   process 1f0e3dad has appended to it at 1795176004456
 *     0-1795176000123-1f0e3dad-7-token.200-350.hits                               waits; of 350 lines, 200 are done
 *     0-1795176000123-1f0e3dad-7-token.200-350.300.9c5a0b11.1795176009789.sending process 9c5a0b11 sends the lines up to 300
 *
 * What comes after the last line was not written completely, and belongs to nobody.
 */
export interface HitsFile {
  /** How often its hits failed. */
  readonly failures: number;
  /** When the oldest of its hits was stored, in epoch milliseconds. */
  readonly millis: number;
  /** The process that made it, and which of its files it is. */
  readonly writer: string;
  readonly number: number;
  readonly needsToken: boolean;
  readonly state: 'part' | 'hits' | 'sending';
  /** How many lines are done, will be when those have results that are being sent, and are stored. */
  readonly done: number;
  readonly until: number;
  readonly lines: number;
  /** The process that sends it, if one does. */
  readonly sender: string;
  /** When the process that appends to it, or sends it, has said so, in epoch milliseconds. */
  readonly activeMillis: number;
}

/** A file with more lines than seven digits is not one of ours, and its lines would not fit into memory. */
const NAME =
  /^(\d{1,6})-(\d{1,16})-([\da-f]{8})-(\d{1,9})(-token)?\.(\d{1,7})-(\d{1,7})(?:\.hits|\.(\d{1,16})\.part|\.(\d{1,7})\.([\da-f]{8})\.(\d{1,16})\.sending)$/;

/** `undefined` if a name is not that of a file with hits. */
export function parseName(name: string): HitsFile | undefined {
  const found = NAME.exec(name);
  if (!found) return undefined;
  const [, failures, millis, writer = '', number, token, done, lines, appended, until] = found;
  const [sender = '', sent] = found.slice(10);
  const isPart = appended !== undefined;
  return {
    ...{ failures: Number(failures), millis: Number(millis), writer, number: Number(number) },
    needsToken: token !== undefined,
    state: isPart ? 'part' : until === undefined ? 'hits' : 'sending',
    ...{ done: Number(done), until: Number(until ?? done), lines: Number(lines) },
    ...{ sender, activeMillis: Number(appended ?? sent ?? 0) },
  };
}

export function nameOf(file: HitsFile): string {
  const { state, done, until, lines, sender, activeMillis } = file;
  const token = file.needsToken ? '-token' : '';
  const waiting = `${file.failures}-${file.millis}-${idOf(file)}${token}.${done}-${lines}`;
  if (state === 'hits') return `${waiting}.hits`;
  if (state === 'part') return `${waiting}.${activeMillis}.part`;
  return `${waiting}.${until}.${sender}.${activeMillis}.sending`;
}

/** The same for all names of a file. */
export function idOf({ writer, number }: HitsFile): string {
  return `${writer}-${number}`;
}

/** The same file while it waits. */
export function toWaiting(file: HitsFile, done: number, failures = file.failures): HitsFile {
  return { ...file, failures, state: 'hits', done, until: done, sender: '', activeMillis: 0 };
}
