const SLOTS = 5;
const MAX_CHARACTERS = 200;

type Columns = Record<`custom_var_${'k' | 'v'}${number}`, string>;

/** The columns that `cvar` fills: `{"1":["name","value"]}`; any other shape fills none. */
export function toCustomVariableColumns(json: string | null | undefined): Columns {
  const columns: Columns = {};
  for (const [slot, pair] of Object.entries(parse(json))) {
    const index = Math.trunc(Number(slot));
    if (!(index >= 1 && index <= SLOTS) || !Array.isArray(pair) || pair.length !== 2) continue;
    const [name, value] = pair.map(toText);
    if (name === undefined || value === undefined) continue;
    columns[`custom_var_k${index}`] = name;
    columns[`custom_var_v${index}`] = value;
  }
  return columns;
}

function parse(json: string | null | undefined): object {
  if (!json) return {};
  try {
    const parsed: unknown = JSON.parse(json);
    return typeof parsed === 'object' && parsed !== null ? parsed : {};
  } catch {
    return {};
  }
}

function toText(value: unknown): string | undefined {
  if (typeof value === 'boolean') return value ? '1' : '';
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  return Array.from(String(value).replaceAll('\0', '').trim()).slice(0, MAX_CHARACTERS).join('');
}
