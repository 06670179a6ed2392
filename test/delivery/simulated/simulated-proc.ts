type StartOf = (pid: number) => string | undefined;

let startOf: StartOf = () => undefined;

/** Who can be seen in `/proc` from now on: when a process that runs has started. */
export function useProcesses(seen: StartOf): void {
  startOf = seen;
}

/** In the place of `readFileSync`: what `/proc` says of simulated processes, and there is nothing else. */
export function simulatedReadFileSync(path: string): string {
  const pid = Number(/^\/proc\/(\d+)\/stat$/.exec(path)?.[1]);
  const started = startOf(pid);
  if (started === undefined) throw new Error(`there is no ${path}`);
  return `${pid} (node) S ${'0 '.repeat(18)}${started} 0`;
}
