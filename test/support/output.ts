import { onTestFinished, vi } from 'vitest';

/** What goes to stdout and stderr until the end of the test; it is not shown. */
export function captureOutput(): string[] {
  const written: string[] = [];
  for (const stream of [process.stdout, process.stderr]) {
    const spy = vi.spyOn(stream, 'write').mockImplementation((text) => {
      written.push(String(text));
      return true;
    });
    onTestFinished(() => spy.mockRestore());
  }
  return written;
}
