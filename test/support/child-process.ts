import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { requires } from './skips.js';

/** The repository's root, where children run unless told otherwise. */
export const ROOT: string = fileURLToPath(new URL('../..', import.meta.url));

/** For the end of a process, and for a condition: what fails never comes, and on a busy machine all takes long. */
const MAX_WAIT_MILLIS = 120_000;

const TRACKING =
  /^opentelemetry-matomo: (?:pid \d+(?:, thread \d+)?: )?Tracking requests to .* \[tracking\]\n/gm;

export interface ChildOptions {
  /** @default the repository's root */
  readonly cwd?: string;
  /** On top of a clean environment: ours without what changes the package, Node.js or colors, and with `PORT=0`; a flush at the end may take ten seconds. */
  readonly env?: Readonly<Record<string, string>>;
  readonly node?: string;
  /** What starts `node`, such as `unshare` with its flags. */
  readonly command?: readonly string[];
  readonly hasInput?: boolean;
  readonly timeoutMillis?: number;
}

export interface ChildExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export type Child = ReturnType<typeof startProgram>;

export interface Server extends Child {
  /** The first `http://…` that it has printed, without a slash at its end. */
  readonly url: string;
}

/** Starts `node ...args`. It is killed when the test has finished, if it still runs. */
export function startNode(args: readonly string[], options: ChildOptions = {}): Child {
  const { node = process.execPath, command = [] } = options;
  return startProgram([...command, node, ...args], options);
}

export function startProgram(
  command: readonly string[],
  { cwd = ROOT, env = {}, hasInput = false, timeoutMillis = MAX_WAIT_MILLIS }: ChildOptions = {},
) {
  const [file = '', ...args] = command;
  const child = spawn(file, args, {
    cwd,
    env: { ...cleanEnvironment(), ...env },
    stdio: [hasInput ? 'pipe' : 'ignore', 'pipe', 'pipe'],
  }) as ChildProcessWithoutNullStreams;
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = once(child, 'close').then(([code, signal]): ChildExit => ({ code, signal }));
  ended.catch(() => undefined); // callers that wait for it get the error
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });

  /** Waits for its end; after the time-out it is killed and this rejects with its output. */
  function exit(): Promise<ChildExit> {
    return withDeadline(ended, timeoutMillis, () => {
      child.kill('SIGKILL');
      const run = command.join(' ');
      return new Error(`${run} did not end in ${timeoutMillis} ms:\n${stdout}${stderr}`);
    });
  }

  function kill(signal: NodeJS.Signals): void {
    if (signal !== 'SIGKILL') requires('signals');
    child.kill(signal);
  }

  return {
    pid: child.pid as number,
    stdout: () => stdout,
    /** All but the line that says that tracking works, which comes when the first bulk was tracked. */
    stderr: () => stderr.replace(TRACKING, ''),
    tracking: () => stderr.match(TRACKING)?.join(''),
    type: (text: string) => void child.stdin.write(text),
    kill,
    ended,
    exit,
    /** Waits for the end, too. Skips the test if there are no signals. */
    stop(signal: NodeJS.Signals = 'SIGTERM') {
      kill(signal);
      return exit();
    },
  };
}

/** Starts `node ...args` and waits until it has printed the URL where it listens. */
export async function startServer(
  args: readonly string[],
  options: ChildOptions = {},
): Promise<Server> {
  const child = startNode(args, options);
  const url = await eventually(() => /https?:\/\/[^\s/]+:\d+/.exec(child.stdout())?.[0], {
    ...options,
    unless: child.ended.then(({ code, signal }) => `it ended with ${code ?? signal}`),
    describe: () => `a URL from node ${args.join(' ')}:\n${child.stdout()}${child.stderr()}`,
  });
  return { ...child, url };
}

export async function runNode(
  args: readonly string[],
  options: ChildOptions = {},
): Promise<ChildExit & { readonly stdout: string; readonly stderr: string }> {
  const child = startNode(args, options);
  const exit = await child.exit();
  return { ...exit, stdout: child.stdout(), stderr: child.stderr() };
}

/** Asks again every 10 ms until the answer is neither `undefined` nor `false`; rejects after the time-out. */
export async function eventually<T>(
  ask: () => T | undefined | false | Promise<T | undefined | false>,
  options: {
    readonly timeoutMillis?: number;
    readonly describe?: () => string;
    /** Ends the wait at once, saying why. */
    readonly unless?: Promise<string>;
  } = {},
): Promise<T> {
  const { timeoutMillis = MAX_WAIT_MILLIS, describe = () => 'what was waited for' } = options;
  const deadline = performance.now() + timeoutMillis;
  let reason = '';
  void options.unless?.catch(String).then((text) => {
    reason = text;
  });
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (reason !== '' || performance.now() > deadline) {
      throw new Error(`did not come${reason && `, ${reason}`}: ${describe()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function cleanEnvironment(): NodeJS.ProcessEnv {
  const ours =
    /^(?:MATOMO_|OTEL_|VITEST|(?:NODE_OPTIONS|NODE_ENV|CI|NO_COLOR|FORCE_COLOR|(?:https?|no|all)_proxy)$)/i;
  return {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name))),
    PORT: '0',
    OTEL_NODE_RESOURCE_DETECTORS: 'none',
    // The 1.5 s under `register` are not enough for a machine that is busy.
    MATOMO_SHUTDOWN_TIMEOUT: '10000',
  };
}

async function withDeadline<T>(promise: Promise<T>, millis: number, toError: () => Error) {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(toError()), millis);
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
