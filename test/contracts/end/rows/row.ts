import type { Answers, Place, Row, Running } from '../run-row.js';

type Cell = `${Place} ${Answers}`;

/** What differs in a cell from what is usual, see `table.ts`. */
interface Expected {
  /** Names of the hits that arrive. */
  readonly arrived?: readonly string[];
  /** The codes that are logged, or other ones that may be. */
  readonly codes?: readonly (readonly string[])[];
}

export interface TableRow extends Row {
  readonly name: string;
  /** @default those of the test */
  readonly answers?: readonly Answers[];
  /** Each test has a Matomo that is down, too. */
  readonly isDownToo?: boolean;
  readonly expected?: Readonly<Partial<Record<Cell, Expected>>>;
  /** Skips the test if it cannot run here. */
  readonly requires?: () => void;
}

export const code = (exitCode: number) => ({ code: exitCode, signal: null });
export const killed = (signal: NodeJS.Signals) => ({ code: null, signal });
export const by =
  (...signals: NodeJS.Signals[]) =>
  async ({ signal }: Running) => {
    for (const name of signals) signal(name);
  };

/** Each bulk has one hit, and is sent at once. */
export const AT_ONCE = { MATOMO_SCHEDULE_DELAY: '0', MATOMO_MAX_EXPORT_BATCH_SIZE: '1' };
export const UNCONFIRMED = { codes: [['unconfirmed']] };
export const LOST = { arrived: [], codes: [['lost-at-shutdown']] };

/** A preload of the application, which runs before the package. */
export const preload = (file: string) => ({
  NODE_OPTIONS: `--require ./test/support/apps/${file}`,
});

/** What Node.js writes of an error of the application. */
export const BUG = /\nError: a bug of the application\n(?:.*\n)*Node\.js v\S+\n$/;

/** A process waits for so long for a Matomo that never answers. On a busy machine, a thread that sends takes seconds to connect. */
export const WAITS_LONG = { MATOMO_SHUTDOWN_TIMEOUT: '10000' };
