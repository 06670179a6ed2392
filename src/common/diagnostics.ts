import type { Cluster } from 'node:cluster';
import { Console } from 'node:console';
import { isMainThread, threadId } from 'node:worker_threads';
import { LogLines } from './log-lines.js';
import { splitCode } from './messages.js';
import { otelGlobal } from './otel-global.js';

/** Logs messages of the package. The methods never throw, and no message contains the token or the user info of a URL. */
export interface Diagnostics {
  /** Logs a change of state to `diag`, or to stderr if no logger is set. Each code is written at most once per minute. */
  warn(message: string): void;
  /**
   * Logs lines about changes and losses to `diag` or stderr, at most
   * one per minute for each code, including those of `warn`.
   */
  readonly lines: LogLines;
  /** Logs to `diag` or stderr that a part of the package does not work. Such a line is never suppressed. */
  error(message: string): void;
  /**
   * Logs `message` the first time that `key` occurs, and never again. The first word of a key is its kind. At most 20 messages of a kind are
   * written, so that names that senders invent leave room for other messages. At most 100 keys are remembered.
   */
  warnOnce(key: string, message: string | (() => string)): void;
  /** Writes output that the user requested, to `diag` or stderr. */
  print(message: string): void;
}

/** The beginning of each log line and of each error message. */
export const PREFIX = 'opentelemetry-matomo: ';
const MAX_DISTINCT_WARNINGS = 100;
const MAX_WARNINGS_OF_A_KIND = 20;

/** Logs to OpenTelemetry's `diag`. It is read from the API's global object, so that no copy of the API is loaded. */
export function createDiagnostics(): Diagnostics {
  const writtenKeys = new Set<string>();
  const writtenKinds = new Map<string, number>();
  const lines = new LogLines((message) => write('warn', message));
  return {
    warn(message) {
      const { text, code } = splitCode(message);
      if (code) lines.add(code, 1, () => text);
      else write('warn', message);
    },
    lines,
    error: (message) => write('error', message),
    warnOnce(key, message) {
      if (writtenKeys.has(key) || writtenKeys.size >= MAX_DISTINCT_WARNINGS) return;
      const [kind = ''] = key.split(' ', 1);
      const ofKind = writtenKinds.get(kind) ?? 0;
      if (ofKind >= MAX_WARNINGS_OF_A_KIND) return;
      writtenKinds.set(kind, ofKind + 1);
      writtenKeys.add(key);
      write('warn', typeof message === 'string' ? message : message());
    },
    print: (message) => write('info', message),
  };
}

function write(level: 'info' | 'warn' | 'error', message: string): void {
  try {
    const diag = otelGlobal()?.diag;
    origin ??= findOrigin();
    const line = PREFIX + origin + withoutUserInfo(message);
    if (diag) diag[level](line);
    else writeToStderr(line);
  } catch {
    // A logger that throws must not affect the application.
  }
}

/** The sender of a line in a shared log: `pid 4711: ` in a worker of a cluster, `pid 4711, thread 1: ` in a thread. */
let origin: string | undefined;

function findOrigin(): string {
  if (!isMainThread) return `pid ${process.pid}, thread ${threadId}: `;
  const cluster: object = process.getBuiltinModule('cluster');
  return (cluster as Cluster).isWorker ? `pid ${process.pid}: ` : '';
}

/** Formats a value for a message: shortened, and on one line. */
export function show(value: unknown): string {
  return showWithout(withoutUserInfo, value);
}

/** Formats a value for a message with a custom rule for secrets. The rule sees the complete value. */
export function showWithout(hideSecrets: (text: string) => string, value: unknown): string {
  const text = hideSecrets(toText(value).replace(/[\s\p{Cc}\p{Bidi_Control}]+/gu, ' '));
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

/** Replaces user name and password of every URL in a text. */
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

let ownConsole: Console | undefined;

/**
 * Writes a line to stderr. If the reader of a log pipe has exited, an `error` event follows that would end the application. A `Console` ignores that
 * event.
 */
export function writeToStderr(line: string): void {
  ownConsole ??= new Console(process.stderr);
  ownConsole.log(line);
}
