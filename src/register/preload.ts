import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { environment } from '../common/environment.js';
import '../common/node-http.js';
import { isSdkDisabled } from '../common/otel-global.js';
import { openTracker } from './process-tracker.js';

// Preloads run again in every worker thread, which tracks for itself. In each thread the first installation of the package that is loaded tracks.
if (!isSdkDisabled(environment()) && !isOwnCommand()) {
  // A literal `require`, so that bundlers find the module.
  const load = () => require('#tracker') as typeof import('../tracker/request-watch.js');
  openTracker(load).join('register', {});
}

/** Whether this is `doctor` or another command, which may run with the `NODE_OPTIONS` of an application. */
function isOwnCommand(): boolean {
  try {
    return realpathSync(process.argv[1] ?? '') === join(__dirname, '..', 'cli/main.js');
  } catch {
    return false;
  }
}
