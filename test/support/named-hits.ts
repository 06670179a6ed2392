import type { HitKind } from '../../src/hit/hit.js';

/** The text of a hit that is called so. */
export function queryOf(name: string): string {
  return isChatbot(name) ? `?h=${name}&recMode=1` : `?h=${name}`;
}

/** The kind of a hit that is called so. */
export function kindOf(name: string): HitKind {
  return isChatbot(name) ? 'chatbot' : 'action';
}

/** Whether a hit of that name is for Matomo's AI chatbot reports. */
function isChatbot(name: string): boolean {
  return name.includes('.bot');
}
