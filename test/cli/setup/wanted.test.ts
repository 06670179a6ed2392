import { expect, test } from 'vitest';
import { parseArguments } from '../../../src/cli/setup/parse-arguments.js';
import { KNOWN_DIMENSIONS } from '../../../src/cli/setup/wanted.js';

const BASE = ['Failed endpoint', 'HTTP status', 'HTTP method', 'Route'];
const CONSUMERS = ['Deprecated endpoint', 'Client', 'Client version'];
const MCP = ['Tool', 'MCP client'];

test.each([
  [[], BASE],
  [
    ['--bots', '--consumers'],
    [...BASE, 'Bot', ...CONSUMERS],
  ],
  [
    ['--consumers', '--yes', '--bots'],
    [...BASE, ...CONSUMERS, 'Bot'],
  ],
  [
    ['--bots', '--bots'],
    [...BASE, 'Bot'],
  ],
  [['--mcp'], [...MCP, ...BASE]],
  [
    ['--bots', '--mcp', '--consumers'],
    [...MCP, ...BASE, 'Bot', ...CONSUMERS],
  ],
])('with %j, slots go to dimensions in the order of the flags', (args, names) => {
  expect(parseArguments(args).extras.dimensions.map(({ name }) => name)).toEqual(names);
});

test.each([
  [[], []],
  [['--segments'], ['dimension of HTTP status=^5', 'dimension of HTTP status==404', 'userId==']],
  [
    ['--mcp', '--bots'],
    ['pageTitle=^MCP%20', 'dimension of Bot!='],
  ],
  [['--consumers'], ['dimension of Deprecated endpoint!=']],
])('with %j, there are these segments', (args, definitions) => {
  const { segments } = parseArguments(args).extras;
  const written = segments.map(({ dimension, condition }) =>
    dimension === undefined ? condition : `dimension of ${dimension}${condition}`,
  );
  expect(written).toEqual(definitions);
});

test.each([
  ['http.route', 'npx opentelemetry-matomo setup'],
  ['gen_ai.tool.name', 'npx opentelemetry-matomo setup --mcp'],
  ['app.plan', undefined],
])('what creates the dimension of %s', (attribute, command) => {
  expect(KNOWN_DIMENSIONS.get(attribute)?.command).toBe(command);
});
