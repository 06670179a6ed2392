/** Servers of other runtimes, which make no `http.Server`: the object that has `serve`. */
const RUNTIMES = ['Bun', 'Deno'] as const;

type Serve = (this: unknown, ...args: unknown[]) => unknown;

/** Calls `report` with `Bun.serve` or `Deno.serve` when the application calls it for the first time. */
export function watchUnseenServers(report: (name: string) => void): void {
  for (const runtime of RUNTIMES) {
    const host = (globalThis as { [name: string]: { serve?: Serve } | undefined })[runtime];
    const serve = host?.serve;
    if (host === undefined || serve === undefined) continue;
    const watched: Serve = function (...args) {
      if (!isOfNodeHttp(args[0])) {
        if (host.serve === watched) host.serve = serve;
        report(`${runtime}.serve`);
      }
      return Reflect.apply(serve, this, args);
    };
    try {
      host.serve = watched;
    } catch {} // it cannot be replaced, and its requests stay unnamed
  }
}

/** Bun's `node:http` calls `Bun.serve` itself. */
function isOfNodeHttp(options: unknown): boolean {
  return typeof options === 'object' && options !== null && 'onNodeHTTPRequest' in options;
}
