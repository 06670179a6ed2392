import type { Hit } from '../../hit/hit.js';
import { readLine } from './hit-line.js';
import { streamOf } from './redis-streams.js';

/** The reply of the script CLAIM. */
export type ClaimReply = readonly [
  stream: string,
  deliveries: number,
  heads: string,
  lines: string,
];

/** A hit in a stream. */
interface Entry {
  readonly id: string;
  /** A dead process was sending it. */
  readonly wasSent: boolean;
  /** When it was stored first, in epoch milliseconds. */
  readonly since: number;
  readonly failures: number;
  readonly line: string;
  /** `undefined` if the line is damaged. */
  readonly hit: Hit | undefined;
}

/** Entries of a stream that this process has claimed. */
export interface Entries {
  readonly stream: string;
  /** How often the first one was delivered: if it is another number, another process has claimed them. */
  readonly deliveries: number;
  readonly all: readonly Entry[];
}

export function readEntries([stream, deliveries, heads, lines]: ClaimReply): Entries {
  const texts = lines.split('\n');
  const all = heads.split('\n').map((head, i): Entry => {
    const [id = '', sent, since, failed] = head.split(' ');
    const line = texts[i] as string;
    const hit = readLine(Buffer.from(line, 'latin1'));
    const [wasSent, failures] = [sent === '1', Number(failed) || 0];
    return { id, wasSent, since: Number(since) || 0, failures, line, hit };
  });
  return { stream, deliveries, all };
}

/**
 * Arguments of the script END. `back`: how often hits failed that have no result. If nothing was learned of them, they stay in their place;
 * of two suspects, none is always the first.
 */
export function toEnd(
  { stream, deliveries, all }: Entries,
  back: ReadonlyMap<Hit, number>,
): string[] {
  const ended: string[] = [];
  const released: string[] = [];
  const moved: string[] = [];
  for (const { id, hit, since, failures: before, line } of all) {
    const failures = hit && back.get(hit);
    if (failures !== undefined && failures <= Math.min(1, before)) {
      released.push(id);
      continue;
    }
    ended.push(id);
    if (failures === undefined) continue;
    const to = streamOf(failures, stream.endsWith(':token'));
    moved.push(to, String(failures), String(since), line);
  }
  const first = all[0]?.id ?? '';
  return [stream, String(deliveries), first, ended.join(' '), released.join(' '), ...moved];
}
