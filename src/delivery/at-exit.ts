const runs = new Set<() => void>();

/** Runs something at the `exit` event of the process, until what it returns is called. One listener serves all. */
export function atExit(run: () => void): () => void {
  if (runs.size === 0) process.on('exit', runAll);
  runs.add(run);
  return function release() {
    runs.delete(run);
    if (runs.size === 0) process.removeListener('exit', runAll);
  };
}

/** An error here would change the exit code of the application. */
function runAll(): void {
  for (const run of runs) {
    try {
      run();
    } catch {
      // The process ends either way.
    }
  }
}
