import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import './common/node-http.js';
import { isSdkDisabled } from './common/otel-global.js';
import { startOffer } from './common/start-hook.js';
import { register } from './register/register.js';

// Preloads run again in every worker thread, which tracks for itself. In each thread the first installation of the package that is loaded tracks.
if (!isSdkDisabled(process.env) && !isOwnCommand()) {
  const offer =
    startOffer() ??
    // A literal `require`, so that bundlers find the module.
    register(() => require('#serve') as typeof import('./register/serve.js'));
  offer.addRegister();
}

/** Whether this is `doctor` or another command, which may run with the `NODE_OPTIONS` of an application. */
function isOwnCommand(): boolean {
  try {
    return realpathSync(process.argv[1] ?? '') === join(__dirname, '../esm/cli/main.js');
  } catch {
    return false;
  }
}
