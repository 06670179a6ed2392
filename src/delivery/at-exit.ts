const runs = new Set<() => void>();

/** Runs a function when the process emits `exit`, until the returned function is called. All share one listener. */
export function atExit(run: () => void): () => void {
  if (runs.size === 0) process.on('exit', runAll);
  runs.add(run);
  return function release() {
    runs.delete(run);
    if (runs.size === 0) process.removeListener('exit', runAll);
  };
}

/** Errors are ignored: they would change the exit code of the application. */
function runAll(): void {
  for (const run of runs) {
    try {
      run();
    } catch {
      // The process ends in any case.
    }
  }
}
