import { toText } from './cell.js';
import type { CustomVariableColumns } from './custom-variable-columns.js';
import type { Parameters } from './read-tracker-request.js';

/** Old trackers send a product as custom variables, each in a slot of its own. */
const SLOTS = [
  ['_pkp', 2],
  ['_pks', 3],
  ['_pkn', 4],
  ['_pkc', 5],
] as const;

/** Adds the product in the custom variables of a hit to its parameters. */
export function withOldProduct(
  parameters: Parameters,
  variables: CustomVariableColumns,
): Parameters {
  const product = SLOTS.filter(
    ([name, slot]) => variables[`custom_var_k${slot}`] === name && toText(parameters[name]) === '',
  ).map(([name, slot]) => [name, variables[`custom_var_v${slot}`]]);
  return product.length === 0 ? parameters : { ...parameters, ...Object.fromEntries(product) };
}
