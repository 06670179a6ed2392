import { writeToStderr } from '../common/diagnostics.js';
import { withoutTracing } from '../common/otel-global.js';
import { offerStart, type Session, type StartOffer } from '../common/start-hook.js';
import { AsyncScope } from '../common/timers.js';
import { LazyProcessor, NOT_SERVING, Registration, type Serving } from './registration.js';
import { publishRequestsOnBun, watchServers } from './server-events.js';
import { watchProviders } from './watch-providers.js';

/**
 * Makes the one registration of this thread, for `register` and `start`. It only watches for tracer providers and servers until the
 * process serves: with `NODE_OPTIONS` it also runs in npm and compilers, and an application may set its environment in code.
 * `load` returns the code that is needed then.
 */
export function register(load: () => typeof import('./serve.js')): StartOffer {
  publishRequestsOnBun();
  // A request or a call of the application may be what starts the package.
  const scope = new AsyncScope('opentelemetry-matomo');
  const registration = new Registration(new LazyProcessor(() => startServing()));
  const lookAgain = watchProviders((provider) => registration.addProvider(provider));
  let serving: Serving | undefined;
  let isRegistered = false;
  let session: Session | undefined = beginSession();

  function startServing(): Serving {
    if (serving) return serving;
    if (!session) return NOT_SERVING;
    const { options } = session;
    try {
      const late = withoutTracing(load);
      serving = scope.runInAsyncScope(() => late.serve(registration, lookAgain, options));
    } catch (error) {
      serving = NOT_SERVING;
      // The code that logs messages is not loaded.
      writeToStderr(
        `opentelemetry-matomo: Could not load register (${error}). Nothing is tracked. Install the package again. [not-started]`,
      );
    }
    return serving;
  }

  function beginSession(): Session {
    const servers = watchServers({
      onListen: () => void servingOrStop(),
      onConnection: (server) => servingOrStop().onConnection(server),
      onFirstRequest(message) {
        if (!serving) servingOrStop().onFirstRequest(message);
      },
    });

    function servingOrStop(): Serving {
      const begun = startServing();
      // Test runners load the package once per file in one process: each would watch until the process ends.
      if (begun === NOT_SERVING) servers.stop();
      return begun;
    }

    let closed: Promise<void> | undefined;
    /** What tracked until the shutdown. */
    let last: readonly object[] | undefined;

    function close(): Promise<void> {
      servers.stop();
      last = registration.trackers;
      const ended = serving?.stop();
      registration.reset();
      serving = undefined;
      session = undefined;
      return ended ?? Promise.resolve();
    }

    return {
      options: {},
      handle: undefined,
      get isServing() {
        return serving !== undefined || closed !== undefined;
      },
      onRegister: () => undefined,
      processors: () => last ?? registration.trackers,
      async forceFlush() {
        if (closed === undefined) await registration.forceFlush();
      },
      shutdown() {
        closed ??= close();
        return closed;
      },
    };
  }

  const offer: StartOffer = {
    get isRegistered() {
      return isRegistered;
    },
    addRegister() {
      isRegistered = true;
      session?.onRegister();
    },
    serve: () => void startServing(),
    session() {
      if (session) return session;
      session = beginSession();
      registration.begin();
      return session;
    },
  };
  offerStart(offer);
  return offer;
}
