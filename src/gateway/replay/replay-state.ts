import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { show } from '../../common/diagnostics.js';
import { isRecord } from '../../common/is-record.js';

/** How far a file has been replayed. */
interface ReplayPosition {
  /** Requests from its beginning that are done. */
  readonly requests: number;
  /** IDs of the last of these. */
  readonly last: string;
  readonly isDone: boolean;
}

/** Positions by the path of each file. They are saved in a file, which is written atomically. */
export interface ReplayState extends ReturnType<typeof openReplayState> {}

const BEGINNING: ReplayPosition = { requests: 0, last: '', isDone: false };

/**
 * Opens the state in a file, or a new one if the file does not exist.
 *
 * @throws Error if the file is invalid: starting from the beginning would send everything twice
 */
export function openReplayState(path: string) {
  const positions = readPositions(path);
  return {
    positionOf: (file: string): ReplayPosition => positions[resolve(file)] ?? BEGINNING,
    save(file: string, position: ReplayPosition): void {
      positions[resolve(file)] = position;
      try {
        writeFileSync(`${path}.new`, `${JSON.stringify(positions, null, 2)}\n`, { mode: 0o600 });
        renameSync(`${path}.new`, path);
      } catch (error) {
        const { message } = error as Error;
        throw new Error(`${show(path)} cannot be written: ${message}`, { cause: error });
      }
    },
  };
}

function readPositions(path: string): Record<string, ReplayPosition> {
  let positions: unknown;
  try {
    positions = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return {};
    if (!(error instanceof SyntaxError))
      throw new Error(`${show(path)} cannot be read: ${message}. Nothing is sent.`, {
        cause: error,
      });
  }
  if (isRecord(positions) && Object.values(positions).every(isPosition))
    return positions as Record<string, ReplayPosition>;
  throw new Error(
    `${show(path)} is not the state of a replay. Nothing is sent. Name another file with --state, which is created if it does not exist.`,
  );
}

function isPosition(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { requests, last, isDone } = value;
  return Number.isInteger(requests) && typeof last === 'string' && typeof isDone === 'boolean';
}
