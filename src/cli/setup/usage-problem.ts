import { splitCode } from '../../messages.js';

/** The command was called in a way that cannot work; nothing was asked of Matomo. */
export class UsageProblem extends Error {
  override readonly name = 'UsageProblem';
}

/** A message about an invalid variable, without what it means for an application, which goes on without it. */
export function toUsageProblem(message: string): UsageProblem {
  return new UsageProblem(splitCode(message).text.replace(/; (?:it is not|no token is) used$/, ''));
}
