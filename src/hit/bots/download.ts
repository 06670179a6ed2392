import { PERF_KEYS } from '../parameters/parameter-names.js';

/** What the application may have made of the hit. */
const OTHER_KINDS = ['download', 'link', 'e_c', 'idgoal', 'search', 'c_n'];

/** Makes a page view a download, unless it is another kind of hit. Matomo stores the address as sent, so it has no query. */
export function makeDownload(parameters: Map<string, string>): void {
  if (OTHER_KINDS.some((name) => parameters.has(name))) return;
  for (const name of ['action_name', 'gt_ms', ...PERF_KEYS]) parameters.delete(name);
  const url = parameters.get('url');
  if (url !== undefined) parameters.set('download', url.split('?', 1)[0] as string);
}
