import { splitCode } from '../../common/messages.js';
import { UsageError } from '../usage-error.js';

/** A message about an invalid variable, without what it means for an application, which goes on without it. */
export function toUsageError(message: string): UsageError {
  return new UsageError(splitCode(message).text.replace(/; (?:it is not|no token is) used$/, ''));
}
