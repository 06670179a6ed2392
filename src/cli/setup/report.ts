import { withoutUserInfo } from '../../common/diagnostics.js';
import { hasColor } from './format-plan.js';
import type { PlanStep } from './make-plan.js';

const PREFIX = 'opentelemetry-matomo setup: ';

/** What `--json` prints. */
export interface SetupResult {
  readonly plan: readonly PlanStep[];
  /** Whether all that was to be created or reactivated is there; what was blocked before does not count. */
  readonly applied: boolean;
  readonly environment: Readonly<Record<string, string>>;
  /** Why there is no plan, or why it was not finished. */
  readonly error?: string;
}

/** Everything that is written: results on stdout, the rest on stderr. */
export interface Report {
  readonly isJson: boolean;
  readonly isColored: boolean;
  /** From now on all text goes through this. */
  cleanWith(clean: (text: string) => string): void;
  /** A part of the result as text; nothing with `--json`. */
  print(...lines: string[]): void;
  /** How far it is, without a line break; nothing with `--json`. */
  progress(text: string): void;
  warn(message: string): void;
  /** What `--json` prints if this fails from now on. */
  keep(result: SetupResult): void;
  /** The whole result with `--json`; nothing as text. */
  result(result: SetupResult): void;
  fail(message: string): void;
  /** Whether changes may have been made. */
  hasStarted(): boolean;
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
