/**
 * A file with hits, one per line. Its name says all that other processes need to know, so that each change is one rename:
 *
 *     0-1795176000123-1f0e3dad-7-token.350.part                        process 1f0e3dad appends to it; 350 lines are stored
 *     0-1795176000123-1f0e3dad-7-token.200-350.hits                    waits; of 350 lines, 200 are done
 *     0-1795176000123-1f0e3dad-7-token.200-300-350.9c5a0b11.sending    process 9c5a0b11 sends the lines up to 300
 *
 * What comes after the last line was not written completely, and belongs to nobody.
 */
export interface HitsFile {
  readonly name: string;
  /** The name up to its first dot. */
  readonly id: string;
  /** How often its hits failed. */
  readonly failures: number;
  /** When the oldest of its hits was stored, in epoch milliseconds. */
  readonly millis: number;
  /** The process that made it. */
  readonly writer: string;
  readonly needsToken: boolean;
  readonly state: 'part' | 'hits' | 'sending';
  /** How many lines are done, will be when those have results that are being sent, and are stored. */
  readonly done: number;
  readonly until: number;
  readonly lines: number;
  /** The process that sends it. */
  readonly sender: string | undefined;
}

const ID = /^(\d{1,6})-(\d{1,16})-([\da-f]{8})-\d{1,9}(-token)?$/;
const STATE =
  /^(?:(\d{1,9})\.part|(\d{1,9})-(\d{1,9})\.hits|(\d{1,9})-(\d{1,9})-(\d{1,9})\.([\da-f]{8})\.sending)$/;

/** `undefined` if a name is not that of a file with hits. */
export function parseName(name: string): HitsFile | undefined {
  const dot = name.indexOf('.');
  const found = dot < 0 ? null : STATE.exec(name.slice(dot + 1));
  const file = found && ID.exec(name.slice(0, dot));
  if (!found || !file) return undefined;
  const [id, failures, millis, writer = '', token] = file;
  const [, part, waiting = 0, ofWaiting = part, done = waiting, until = done, lines = ofWaiting] =
    found;
  const sender = found[7];
  const ofOthers = part === undefined ? 'hits' : 'part';
  return {
    ...{ name, id, failures: Number(failures), millis: Number(millis), writer },
    needsToken: token !== undefined,
    state: sender === undefined ? ofOthers : 'sending',
    ...{ done: Number(done), until: Number(until), lines: Number(lines), sender },
  };
}

type NewFile = Pick<HitsFile, 'failures' | 'millis' | 'writer' | 'needsToken'>;

/** A file in which nothing is yet. `number`: another one for each file of a process. */
export function toNew(file: NewFile, number: number): HitsFile {
  const { failures, millis, writer, needsToken } = file;
  const id = `${failures}-${millis}-${writer}-${number}${needsToken ? '-token' : ''}`;
  const counts = { done: 0, until: 0, lines: 0 };
  return { ...file, name: `${id}.0.part`, id, state: 'part', ...counts, sender: undefined };
}

/** The same file with more or fewer lines. */
export function toPart(file: HitsFile, lines: number): HitsFile {
  return { ...file, name: `${file.id}.${lines}.part`, lines };
}

/** The same file while it waits. */
export function toWaiting(
  file: HitsFile,
  done: number,
  failures: number = file.failures,
): HitsFile {
  const id = file.id.replace(/^\d+/, String(failures));
  const name = `${id}.${done}-${file.lines}.hits`;
  return { ...file, id, name, failures, state: 'hits', done, until: done, sender: undefined };
}

/** The same file while a process sends a part of it. */
export function toSending(file: HitsFile, until: number, sender: string): HitsFile {
  const name = `${file.id}.${file.done}-${until}-${file.lines}.${sender}.sending`;
  return { ...file, name, state: 'sending', until, sender };
}
