import { show } from '../common/diagnostics.js';
import { AI_CHATBOTS } from '../hit/bots/ai-chatbots.js';
import { wrongOption } from './wrong-option.js';

/** Names of AI chatbots. Only the environment can add to the default with `+`: in code, spread `AI_CHATBOTS`. */
export function chatbotNames(name: string, value: unknown): readonly string[] {
  if (!Array.isArray(value))
    throw wrongOption(`${name} must be a list of names, got ${show(value)}`);
  const isVariable = name.startsWith('MATOMO_');
  const added = value.filter((item) => String(item).startsWith('+'));
  if (!isVariable && added.length > 0) {
    const example = `[...AI_CHATBOTS, ${show(String(added[0]).slice(1))}]`;
    throw wrongOption(`${name} must be a list of names such as ${example}, got ${show(added[0])}`);
  }
  if (added.length > 0 && added.length < value.length) {
    const wanted = 'a list in which either every name or none begins with +';
    throw wrongOption(`${name} must be ${wanted}, got ${show(value.join(','))}`);
  }
  const names = value.map((item) => chatbotName(name, item));
  return added.length > 0 ? [...AI_CHATBOTS, ...names] : names;
}

/** An empty name would match every user agent. */
function chatbotName(option: string, item: unknown): string {
  const text = typeof item === 'string' ? item.replace(/^\+/, '').trim() : '';
  if (text !== '') return text;
  throw wrongOption(`${option} must be a list of names, got ${show(item)}`);
}
