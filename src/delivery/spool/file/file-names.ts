import { byName } from '../spool-description.js';

// Files of a spool folder:
//
//     <instance>.owner                      the process that writes; deleted when the process closes the spool, or exits
//     <instance>-<number>.hits              a segment: hits in the order in which they were written
//     <instance>-<number>.<lease>.ack   acknowledgments of the segment by the holder of that lease
//
// For <instance> see `spool-description.ts`.

// Names are shorter if the clock showed a time before 2001.
const SEGMENT = /^(\d{1,16}-\d+-[\da-f]{8})-(\d{6})\.hits$/;
const OTHER = /^(\d{1,16}-\d+-[\da-f]{8})(?:\.owner|-\d{6}\.\d{9}\.ack(?:\.tmp)?)$/;

export function segmentName(instance: string, number: number): string {
  return `${instance}-${String(number).padStart(6, '0')}.hits`;
}

export function ownerName(instance: string): string {
  return `${instance}.owner`;
}

export function acknowledgmentName(segment: string, lease: number): string {
  return segment.replace(/hits$/, `${String(lease).padStart(9, '0')}.ack`);
}

/** Whether a file contains acknowledgments of a segment, or is a draft of such a file. */
export function isBeside(segment: string, name: string): boolean {
  return name.startsWith(segment.slice(0, -'hits'.length)) && OTHER.test(name);
}

/** The files with acknowledgments in a list of files, by segment. */
export function acknowledgmentsBySegment(names: readonly string[]): Map<string, string[]> {
  const bySegment = new Map<string, string[]>();
  for (const name of names) {
    if (!name.endsWith('.ack') || !OTHER.test(name)) continue;
    const segment = `${name.slice(0, name.indexOf('.'))}.hits`;
    const ofSegment = bySegment.get(segment) ?? [];
    ofSegment.push(name);
    bySegment.set(segment, ofSegment);
  }
  return bySegment;
}

/** The segments in a list of files by instance, in the order in which they were written. */
export function segmentsByInstance(names: readonly string[]): Map<string, string[]> {
  const segments = new Map<string, string[]>();
  for (const name of [...names].sort(byName)) {
    const instance = SEGMENT.exec(name)?.[1];
    if (instance === undefined) continue;
    const ofInstance = segments.get(instance) ?? [];
    ofInstance.push(name);
    segments.set(instance, ofInstance);
  }
  return segments;
}

export function isSegment(name: string): boolean {
  return SEGMENT.test(name);
}

export function isOwner(name: string): boolean {
  return OTHER.test(name) && name.endsWith('.owner');
}

/** The instance to which a file other than a segment belongs; `undefined` for all other files. */
export function instanceOfOther(name: string): string | undefined {
  return OTHER.exec(name)?.[1];
}
