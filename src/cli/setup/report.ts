import { withoutUserInfo } from '../../common/diagnostics.js';
import { hasColor } from './format-plan.js';
import type { PlanStep } from './make-plan.js';

const PREFIX = 'opentelemetry-matomo setup: ';

/** The output of `--json`. */
export interface SetupResult {
  readonly plan: readonly PlanStep[];
  /** Whether everything that was planned to be created or reactivated exists; blocked steps do not count. */
  readonly applied: boolean;
  readonly environment: Readonly<Record<string, string>>;
  /** Why there is no plan, or why it was not completed. */
  readonly error?: string;
}

/** Writes results to stdout and everything else to stderr. */
export interface Report {
  readonly isJson: boolean;
  readonly isColored: boolean;
  /** Applies a function to all text from now on. */
  cleanWith(clean: (text: string) => string): void;
  /** Writes a part of the result as text; nothing with `--json`. */
  print(...lines: string[]): void;
  /** Writes progress without a line break; nothing with `--json`. */
  progress(text: string): void;
  warn(message: string): void;
  /** Sets what `--json` prints if setup fails from now on. */
  keep(result: SetupResult): void;
  /** Writes the whole result with `--json`; nothing as text. */
  result(result: SetupResult): void;
  fail(message: string): void;
  /** Whether Matomo may have been changed. */
  hasStarted(): boolean;
  /** Marks that Matomo is being changed from now on. */
  start(): void;
}

export function createReport(isJson: boolean): Report {
  const { stdout, stderr } = process;
  let clean = (text: string): string => text;
  let last: SetupResult = { plan: [], applied: false, environment: {} };
  let hasStarted = false;
  let isLineOpen = false;

  const safe = (text: string): string => clean(withoutUserInfo(text));
  function writeJson(result: SetupResult): void {
    const text = JSON.stringify(
      { ...result, plan: result.plan.map(({ call: _call, ...step }) => step) },
      (_key, value) => (typeof value === 'string' ? safe(value) : value),
      2,
    );
    stdout.write(`${text}\n`);
  }

  return {
    isJson,
    isColored: hasColor(stdout, process.env),
    cleanWith(cleaner) {
      clean = cleaner;
    },
    print(...lines) {
      if (!isJson) stdout.write(`${lines.map(safe).join('\n')}\n`);
    },
    progress(text) {
      if (isJson) return;
      stderr.write(safe(text));
      isLineOpen = !text.endsWith('\n');
    },
    warn(message) {
      stderr.write(`${PREFIX}${safe(message)}\n`);
    },
    keep(result) {
      last = result;
    },
    result(result) {
      if (isJson) writeJson(result);
    },
    fail(message) {
      if (isJson) writeJson({ ...last, applied: false, error: message });
      else stderr.write(`${isLineOpen ? '\n' : ''}${PREFIX}${safe(message)}\n`);
    },
    hasStarted: () => hasStarted,
    start() {
      hasStarted = true;
    },
  };
}
