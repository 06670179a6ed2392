import { coded, type MessageCode } from './messages.js';
import { AsyncScope } from './timers.js';

const MINUTE_MILLIS = 60_000;

interface Line {
  /** The amount since the last line. It has not been logged yet. */
  amount: number;
  toText: (amount: number) => string | undefined;
  timer: NodeJS.Timeout | undefined;
}

/**
 * Logs lines about changes and losses. The first line of a code is written immediately. Further lines are written at most once per minute (or
 * another interval), with the sum of what happened in between.
 */
export class LogLines {
  readonly #write: (message: string) => void;
  readonly #lines = new Map<MessageCode, Line>();
  /** Conditions that have not ended, with the codes of their latest lines. */
  readonly #lasting = new Map<string, MessageCode>();
  readonly #scope = new AsyncScope('MatomoLines');

  constructor(write: (message: string) => void) {
    this.#write = write;
  }

  /** Adds an amount. `toText` formats the sum since the last line. If it returns `undefined`, no line is written. */
  add(
    code: MessageCode,
    amount: number,
    toText: (amount: number) => string | undefined,
    intervalMillis: number = MINUTE_MILLIS,
  ): void {
    const line: Line = this.#lines.get(code) ?? { amount: 0, toText, timer: undefined };
    this.#lines.set(code, line);
    line.amount += amount;
    line.toText = toText;
    if (line.timer === undefined) this.#writeLine(code, line, intervalMillis);
  }

  /** Begins a condition that lasts until `end`, or changes its code. */
  begin(name: string, code: MessageCode, toText: () => string): void {
    if (this.#lasting.get(name) === code) return;
    this.#lasting.set(name, code);
    this.add(code, 1, () => (this.#lasting.get(name) === code ? toText() : undefined));
  }

  /** Ends a condition. Nothing is written if it had not begun. */
  end(name: string, code: MessageCode, toText: () => string): void {
    if (this.#lasting.delete(name))
      this.add(code, 1, () => (this.#lasting.has(name) ? undefined : toText()));
  }

  /** Writes all lines that wait for their interval, because the process may end. */
  flush(): void {
    for (const [code, line] of this.#lines) {
      clearTimeout(line.timer);
      this.#writeLine(code, line, 0);
    }
  }

  #writeLine(code: MessageCode, line: Line, intervalMillis: number): void {
    const { amount } = line;
    line.amount = 0;
    line.timer = undefined;
    const text = amount === 0 ? undefined : line.toText(amount);
    if (text === undefined) return;
    this.#write(coded(code, text));
    if (intervalMillis === 0) return;
    line.timer = this.#scope
      .runInAsyncScope(() =>
        setTimeout(() => this.#writeLine(code, line, intervalMillis), intervalMillis),
      )
      .unref();
  }
}
