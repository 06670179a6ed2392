import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { isMainThread, threadId } from 'node:worker_threads';
import { DetachedScope } from './common/detached-scope.js';
import { isStartOffered, offerStart } from './common/start-hook.js';
import { writeToStderr } from './common/stderr.js';
import { publishRequestsOnBun } from './register/bun-channels.js';
import { LazyProcessor } from './register/lazy-processor.js';
import { Registration } from './register/registration.js';
import { NOT_SERVING, type Serving } from './register/serving.js';
import { announceWorkers, receiveRequests } from './register/threads.js';
import { watchProviders } from './register/watch-providers.js';
import { watchServers } from './register/when-serving.js';

// Preloads run again in every worker thread. In each thread the first installation of the package that is loaded tracks.
if (!isStartOffered() && !isDisabled() && !isOwnCommand()) register();

function isDisabled(): boolean {
  return process.env.OTEL_SDK_DISABLED?.trim().toLowerCase() === 'true';
}

/** Whether this is `doctor` or another command, which may run with the `NODE_OPTIONS` of an application. */
function isOwnCommand(): boolean {
  try {
    return realpathSync(process.argv[1] ?? '') === join(__dirname, '../esm/cli/main.js');
  } catch {
    return false;
  }
}

/**
 * Only watches for tracer providers until the process serves: with `NODE_OPTIONS` this also runs in npm and compilers,
 * and an application may set its environment in code.
 */
function register(): void {
  publishRequestsOnBun();
  // A request or a call of the application may be what starts the package.
  const scope = new DetachedScope('opentelemetry-matomo');
  let serving: Serving | undefined;
  const registration = new Registration(new LazyProcessor(() => serve()));
  const lookAgain = watchProviders((provider) => registration.addProvider(provider));

  function serve(): Serving {
    if (serving) return serving;
    try {
      // A literal `require`, so that bundlers find the module.
      const late = require('#serve') as typeof import('./register/serve.js');
      serving = scope.runInAsyncScope(() => late.serve(registration, lookAgain));
    } catch (error) {
      serving = NOT_SERVING;
      // The code that logs messages is not loaded.
      writeToStderr(
        `opentelemetry-matomo: Could not load register (${error}). Nothing is tracked. Install the package again. [not-started]`,
      );
    }
    return serving;
  }

  if (isMainThread) {
    registration.processor.collect = receiveRequests(
      (one) => serve().addForwarded(one),
      () => void serve(),
    );
  } else {
    announceWorkers(threadId);
  }
  offerStart(() => void serve());
  watchServers({
    onListen: () => void serve(),
    onConnection: (server) => serve().onConnection(server),
    onFirstRequest(message) {
      if (!serving) serve().onFirstRequest(message);
    },
  });
}
