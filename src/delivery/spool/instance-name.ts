import { randomBytes } from 'node:crypto';

/** A new name for a spool that this process opens. */
export function newInstanceName(): string {
  return instanceName(Date.now(), process.pid, randomBytes(4).toString('hex'));
}

/** A name for a spool that a process has opened. Names sort by the time of opening. */
export function instanceName(nowMillis: number, pid: number, random: string): string {
  const time = String(Math.max(0, nowMillis)).padStart(13, '0');
  return `${time}-${pid}-${random}`;
}

/** Compares names of instances or of their files, oldest first. */
export function byName(a: string, b: string): number {
  return a < b ? -1 : 1;
}
