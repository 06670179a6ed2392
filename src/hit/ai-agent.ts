import { type Field, rawField } from './field.js';

/** The one agent that Matomo knows by its signature, with the quotes that the header has. */
const CHATGPT_AGENT = '"https://chatgpt.com"';

/** What Matomo reads of a signed request. It looks at every hit, and begins a new visit if the agent changes. */
export const AI_AGENT_FIELDS: readonly Field[] = [
  rawField('ai_s', '1'),
  rawField('ai_si', '1'),
  rawField('ai_sa', CHATGPT_AGENT),
];

/** Whether the headers are those of an AI agent. Matomo checks that they are there, and no signature. */
export function isAiAgent(header: (name: string) => string | undefined): boolean {
  return (
    header('signature-agent') === CHATGPT_AGENT &&
    header('signature-input') !== undefined &&
    header('signature') !== undefined
  );
}
