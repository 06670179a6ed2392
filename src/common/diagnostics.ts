import { otelGlobal } from './otel-global.js';
import { createWarningLimiter } from './warning-limiter.js';

/** Messages of the package. Nothing here throws, and no message contains the token or the user info of a URL. */
export interface Diagnostics {
  /** Only if the application has set a `diag` logger. */
  info(message: string): void;
  /**
   * A change of state. `diag`, or stderr if no logger is set. Each code is written at most once per minute; the next
   * message of that code says how many were suppressed.
   */
  warn(message: string): void;
  /** What keeps the package or a part of it from working. `diag`, or stderr if no logger is set. Never suppressed. */
  error(message: string): void;
  /** Writes `message` the first time that `key` occurs and never again. At most 100 keys are remembered. */
  warnOnce(key: string, message: string | (() => string)): void;
  /** What the user asked to see: `diag`, or stderr if no logger is set. */
  print(message: string): void;
}

type Level = 'info' | 'warn' | 'error';

const PREFIX = 'opentelemetry-matomo: ';
const MAX_DISTINCT_WARNINGS = 100;

/** Logging on OpenTelemetry's `diag`, read through its global so that no copy of the API is touched. */
export function createDiagnostics(): Diagnostics {
  const writtenKeys = new Set<string>();
  return {
    info: (message) => write('info', message),
    warn: createWarningLimiter((message) => write('warn', message)),
    error: (message) => write('error', message),
    warnOnce(key, message) {
      if (writtenKeys.has(key) || writtenKeys.size >= MAX_DISTINCT_WARNINGS) return;
      writtenKeys.add(key);
      write('warn', typeof message === 'string' ? message : message());
    },
    print: (message) => write('info', message, true),
  };
}

function write(level: Level, message: string, always = level !== 'info'): void {
  try {
    const diag = otelGlobal()?.diag;
    const line = PREFIX + withoutUserInfo(message);
    if (diag) diag[level](line);
    else if (always) process.stderr.write(`${line}\n`);
  } catch {
    // A logger that throws, or a closed stderr, is not the application's problem.
  }
}

/** A value for a message: short, on one line. */
export function show(value: unknown): string {
  const text = withoutUserInfo(toText(value).replace(/\s+/g, ' '));
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

/** The same text with user name and password of every URL in it replaced. */
export function withoutUserInfo(text: string): string {
  return text.replace(/\/\/[^\s/]*@/g, '//…@');
}

function toText(value: unknown): string {
  try {
    if (typeof value === 'function') return 'a function';
    const isPlain = typeof value === 'string' || Array.isArray(value) || isObject(value);
    return isPlain ? JSON.stringify(value) : String(value);
  } catch {
    return `a ${typeof value}`;
  }
}

function isObject(value: unknown): boolean {
  return Object.prototype.toString.call(value) === '[object Object]';
}
