import { coded, type MessageCode } from './messages.js';
import { AsyncScope } from './timers.js';

const MINUTE_MILLIS = 60_000;

/** What is written with one code. */
interface Line {
  /** What happened since the last line, and is not written yet. */
  amount: number;
  toText: (amount: number) => string | undefined;
  timer: NodeJS.Timeout | undefined;
}

/**
 * Lines about what changes or is lost. Each code has one at once, and then at most one a minute (or another interval), with the sum of what
 * happened in between.
 */
export class LogLines {
  readonly #write: (message: string) => void;
  readonly #lines = new Map<MessageCode, Line>();
  /** What lasts, and the code of its latest line. */
  readonly #lasting = new Map<string, MessageCode>();
  readonly #scope = new AsyncScope('MatomoLines');

  constructor(write: (message: string) => void) {
    this.#write = write;
  }

  /** `toText` gets the sum of the amounts since the last line. `undefined`: there is nothing to write any more. */
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

  /** Something begins that lasts until `end`, or its cause is another one than before. */
  begin(name: string, code: MessageCode, toText: () => string): void {
    if (this.#lasting.get(name) === code) return;
    this.#lasting.set(name, code);
    this.add(code, 1, () => (this.#lasting.get(name) === code ? toText() : undefined));
  }

  /** It ends. Nothing is written if it had not begun. */
  end(name: string, code: MessageCode, toText: () => string): void {
    if (this.#lasting.delete(name))
      this.add(code, 1, () => (this.#lasting.has(name) ? undefined : toText()));
  }

  /** Writes what waits for its minute: the process may end. */
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
