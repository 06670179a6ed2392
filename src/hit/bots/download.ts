import { DECIDING_KIND } from '../parameters/parameter-table.js';
import { PERF_KEYS } from '../parameters/tracking-parameters.js';

/** Makes a page view a download, unless it is another kind of hit. Matomo stores the address as sent, so it has no query. */
export function makeDownload(parameters: Map<string, string>): void {
  for (const name of parameters.keys()) if (DECIDING_KIND.has(name)) return;
  for (const name of ['action_name', 'gt_ms', ...PERF_KEYS]) parameters.delete(name);
  const url = parameters.get('url');
  if (url !== undefined) parameters.set('download', url.split('?', 1)[0] as string);
}
