import type { Diagnostics } from '../../src/common/diagnostics.js';
import { LogLines } from '../../src/common/log-lines.js';

/** Diagnostics that pass every message to `say`, and limit lines as those of the package do. */
function diagnosticsTo(say: (message: string) => void): Diagnostics {
  const keys = new Set<string>();
  return {
    warn: say,
    error: say,
    print: say,
    lines: new LogLines(say),
    warnOnce(key, message) {
      if (!keys.has(key)) say(typeof message === 'string' ? message : message());
      keys.add(key);
    },
  };
}

export function collectDiagnostics(): { diagnostics: Diagnostics; logged: string[] } {
  const logged: string[] = [];
  return { diagnostics: diagnosticsTo((message) => void logged.push(message)), logged };
}

export function silentDiagnostics(): Diagnostics {
  return diagnosticsTo(() => undefined);
}
