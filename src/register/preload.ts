import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { environment } from '../common/environment.js';
import '../common/node-http.js';
import { isSdkDisabled } from '../common/otel-global.js';
import { openTracker } from './process-tracker.js';

// Preloads run again in every worker thread, which tracks separately. In each thread, the copy of the package that is loaded first tracks.
if (!isSdkDisabled(environment()) && !isOwnCommand()) {
  // The `require` has a literal argument, so that bundlers find the module.
  const load = () => require('#tracker') as typeof import('../tracker/request-watch.js');
  openTracker(load).join('register', {});
}

/** Whether this process runs `doctor` or another command of the package, which may inherit the `NODE_OPTIONS` of an application. */
function isOwnCommand(): boolean {
  try {
    return realpathSync(process.argv[1] ?? '') === join(__dirname, '..', 'cli/main.js');
  } catch {
    return false;
  }
}
