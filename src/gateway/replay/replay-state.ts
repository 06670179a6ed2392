import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** How far a file has been replayed. */
interface ReplayPosition {
  /** Where the chunk begins before the one whose requests come next: spans of them may be in it. */
  readonly from: number;
  /** Where the chunk begins whose requests come next. */
  readonly offset: number;
  /** Requests of it that are done with. */
  readonly requests: number;
  readonly isDone: boolean;
}

/** Positions by the path of the file, in a file of its own; a write is there whole or not at all. */
export interface ReplayState {
  positionOf(file: string): ReplayPosition;
  save(file: string, position: ReplayPosition): void;
}

const BEGINNING: ReplayPosition = { from: 0, offset: 0, requests: 0, isDone: false };

/** @throws Error where there is a state file that cannot be read: to begin anew would send everything twice. */
export function openReplayState(path: string): ReplayState {
  const positions = readPositions(path);
  return {
    positionOf: (file) => positions[resolve(file)] ?? BEGINNING,
    save(file, position) {
      positions[resolve(file)] = position;
      writeFileSync(`${path}.new`, `${JSON.stringify(positions, null, 2)}\n`, { mode: 0o600 });
      renameSync(`${path}.new`, path);
    },
  };
}

function readPositions(path: string): Record<string, ReplayPosition> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
  try {
    return JSON.parse(text) as Record<string, ReplayPosition>;
  } catch {
    throw new Error(`${path} is no state of a replay: remove it to begin anew`);
  }
}
