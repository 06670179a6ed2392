import { expect } from 'vitest';
import type { Spool } from '../../../src/delivery/store.js';
import { type ChildOptions, startProgram } from '../../support/child-process.js';
import { requires } from '../../support/skips.js';
import { sorted } from '../../support/sorted.js';
import { read } from './pages.js';

/** The blocks of shell commands below a heading of a page. */
export function shellOf(page: string, heading: string): string[] {
  const [, after = ''] = read(page).split(`## ${heading}\n`);
  const [section = ''] = after.split(/\n##+ /);
  return [...section.matchAll(/```sh\n(.*?)```/gs)].map(([, code = '']) => code);
}

/** Runs commands that must succeed, and returns the lines that they print. */
export async function runShell(commands: string, options: ChildOptions): Promise<string[]> {
  requires('a POSIX shell');
  const child = startProgram(['sh', '-c', `set -e\n${commands}`], options);
  const exit = await child.exit();
  expect([exit, child.stderr()]).toEqual([{ code: 0, signal: null }, '']);
  return child.stdout().trim().split('\n');
}

/** A hit as a spool gets it. */
export const hit = (visitor: string, startSeconds = Math.floor(Date.now() / 1000)) => ({
  ...{ client: 'c', visitor, startSeconds, site: 1, kind: 'action' as const },
  query: `?idsite=1&uid=${encodeURIComponent(visitor)}`,
});

/** The visitors whose hits a process finds in a spool. */
export async function visitorsIn(spool: Spool): Promise<string[]> {
  const visitors: string[] = [];
  for (;;) {
    const claim = await spool.claim(100);
    if (!claim) return sorted(visitors);
    visitors.push(...claim.hits.map(({ visitor }) => visitor));
    await claim.done({ tracked: claim.hits.length }, []);
  }
}
