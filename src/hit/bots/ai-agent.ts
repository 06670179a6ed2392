import { type Field, rawField } from '../field.js';

/** The one agent that Matomo recognizes by its signature, with the quotes of the header. */
const CHATGPT_AGENT = '"https://chatgpt.com"';

/** The parameters of a signed request. Matomo reads them in every hit, and begins a new visit if the agent changes. */
export const AI_AGENT_FIELDS: readonly Field[] = [
  rawField('ai_s', '1'),
  rawField('ai_si', '1'),
  rawField('ai_sa', CHATGPT_AGENT),
];

/** Whether the headers are those of an AI agent. Like Matomo, checks only that they are present, not the signature. */
export function isAiAgent(header: (name: string) => string | undefined): boolean {
  return (
    header('signature-agent') === CHATGPT_AGENT &&
    header('signature-input') !== undefined &&
    header('signature') !== undefined
  );
}
