import { splitCode } from '../../common/messages.js';
import { UsageError } from '../usage-error.js';

/** A message about an invalid variable, without its effect on an application and the advice. */
export function toUsageError(message: string): UsageError {
  const { text } = splitCode(message);
  return new UsageError(text.replace(/\. (?:The variable is ignored|No token is used)\. .*$/, ''));
}
