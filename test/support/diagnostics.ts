import type { Diagnostics } from '../../src/common/diagnostics.js';
import { LogLines } from '../../src/common/log-lines.js';

/** Diagnostics that collect every message, and limit lines as those of the package do. */
export function collectDiagnostics(): { diagnostics: Diagnostics; logged: string[] } {
  const logged: string[] = [];
  const say = (message: string) => void logged.push(message);
  const keys = new Set<string>();
  const diagnostics: Diagnostics = {
    warn: say,
    error: say,
    print: say,
    lines: new LogLines(say),
    warnOnce(key, message) {
      if (!keys.has(key)) say(typeof message === 'string' ? message : message());
      keys.add(key);
    },
  };
  return { diagnostics, logged };
}
