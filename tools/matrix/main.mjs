// `npm run test:matrix`: this package, packed, in processes of its own beside every SDK, Node, load order and framework
// that it says it works with. What that needs is installed outside of the project and kept for the next run.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT, setUp } from '../../scripts/setup.mjs';
import { CACHE } from './install.mjs';
import { packPackage, removePackage } from './package.mjs';
import { countMissing } from './places.mjs';
import { estimateSeconds, planCells } from './plan.mjs';
import { renderMarkdown } from './render-markdown.mjs';
import { renderCells, renderWrong } from './render-terminal.mjs';
import { runCells } from './run-cells.mjs';
import { NODES, SDKS } from './set-ups.mjs';

const USAGE = `npm run test:matrix -- [options]
  --node 20            only this Node, of ${NODES.join(', ')}; may be given again
  --sdk 2.12           only this SDK, of ${Object.keys(SDKS).join(', ')}; may be given again
  --only orders        only one part: orders (of loading), frameworks, gateways (exporters into them), operations (GraphQL, tRPC
                       and catch-all routes), mcp (servers), without (an SDK), servers (of frameworks), bundlers, or
                       files (servers of files)
  --core               only what npm run test:long runs of it
MATRIX_CACHE           the folder to install into, ${CACHE}
A run of the whole matrix writes docs/compatibility.md.`;

const PARTS = [
  'orders',
  'frameworks',
  'gateways',
  'operations',
  'mcp',
  'without',
  'servers',
  'bundlers',
  'files',
];
const PROGRESS_EVERY = 25;
const say = (text) => console.log(text);

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));
process.exitCode = await main(readOptions());

async function main(options) {
  if (!options) return 2;
  if (!(await setUp(say))) return 1;
  const cells = planCells(options);
  if (cells.length === 0) {
    say('No cell is of that Node and that SDK.');
    return 2;
  }
  const npmPackage = await packPackage();
  const missing = countMissing(cells, npmPackage);
  const minutes = Math.ceil(estimateSeconds(cells, missing) / 60);
  say(
    `${cells.length} cells, ${missing} setups to install into ${CACHE}: about ${minutes} min on two cores.`,
  );

  const start = Date.now();
  const seconds = () => Math.round((Date.now() - start) / 1000);
  const onCell = (cell, done) => {
    if (cell.status === 'wrong') say(renderWrong(cell));
    if (done % PROGRESS_EVERY === 0) say(`${done} of ${cells.length} cells, ${seconds()} s`);
  };
  const results = await runCells(cells, { npmPackage, say, onCell });
  removePackage(npmPackage);
  say(`\n${renderCells(results)}\n\n${seconds()} s`);
  if (isWhole(options)) {
    const file = join(ROOT, 'docs/compatibility.md');
    writeFileSync(file, renderMarkdown(results, new Date(), readFileSync(file, 'utf8')));
    say('Written to docs/compatibility.md.');
  }
  return results.some(({ status }) => status === 'wrong') ? 1 : 0;
}

function isWhole({ nodes, sdks, only, core }) {
  return !nodes && !sdks && !only && !core;
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        node: { type: 'string', multiple: true },
        sdk: { type: 'string', multiple: true },
        only: { type: 'string' },
        core: { type: 'boolean' },
      },
    });
    const { node, sdk: sdks, only, core } = values;
    const nodes = node?.map(Number);
    const isKnown =
      (nodes ?? []).every((major) => NODES.includes(major)) &&
      (sdks ?? []).every((name) => name in SDKS) &&
      [undefined, ...PARTS].includes(only);
    if (isKnown) return { nodes, sdks, only, core };
  } catch (error) {
    say(error.message);
  }
  say(USAGE);
  return undefined;
}
