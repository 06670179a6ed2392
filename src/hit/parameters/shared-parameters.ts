/** Parameters that all hits of a request share: its visitor and origin. */
const SHARED = new Set([
  'idsite',
  'bots',
  'url',
  'urlref',
  'ua',
  'uadata',
  'lang',
  'uid',
  'cid',
  '_id',
  'cip',
  'country',
  'region',
  'city',
  'lat',
  'long',
  'ai_s',
  'ai_si',
  'ai_sa',
]);

/** Whether all hits of a request have this parameter. */
export function isShared(name: string): boolean {
  return SHARED.has(name);
}
