// `npm run test:matrix`: this package, packed, in processes of its own beside every SDK, Node.js, load order and framework that it
// supports. What that needs is installed outside of the project and kept for the next run.
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { setUp } from '../../scripts/setup.mjs';
import { CACHE } from './install.mjs';
import { packPackage, removePackage } from './package.mjs';
import { PARTS, planCells } from './plan.mjs';
import { runCells } from './run-cells.mjs';
import { NODES, SDKS } from './set-ups.mjs';

const USAGE = `npm run test:matrix -- [options]
  --node 20            only this Node, of ${NODES.join(', ')}; may be given again
  --sdk 2.12           only this SDK, of ${Object.keys(SDKS).join(', ')}; may be given again
  --only orders        only one part, of ${PARTS.join(', ')}
  --app polka          only rows with this in their name
  --core               only what npm run test:long runs of it
MATRIX_CACHE           the folder to install into, ${CACHE}`;
const RESULTS = fileURLToPath(new URL('.results/', import.meta.url));
const PROGRESS_EVERY = 25;

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));
process.exitCode = await main(readOptions());

async function main(options) {
  if (!options) return 2;
  if (!(await setUp(console.log))) return 1;
  const cells = planCells(options);
  if (cells.length === 0) {
    console.log(`No cell is of all that was given.\n${USAGE}`);
    return 2;
  }
  console.log(`${cells.length} cells. What they need is installed into ${CACHE}.`);
  const npmPackage = await packPackage();
  const onCell = (cell, done) => {
    if (cell.status !== 'right') console.log(describe(cell));
    if (done % PROGRESS_EVERY === 0) console.log(`${done} of ${cells.length} cells`);
  };
  const results = await runCells(cells, { npmPackage, onCell });
  removePackage(npmPackage);
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(`${RESULTS}cells.json`, `${JSON.stringify(results, null, 2)}\n`);
  const count = (wanted) => results.filter(({ status }) => status === wanted).length;
  console.log(`${count('right')} right, ${count('wrong')} wrong, ${count('skipped')} skipped`);
  return count('wrong') > 0 || results.length === 0 ? 1 : 0;
}

function describe({ status, name, way, sdk, node, reason, differences }) {
  const title = [name, way, sdk && `SDK ${sdk}`, `Node ${node}`].filter(Boolean).join(', ');
  return [`${status}: ${title}`, ...(differences ?? [reason])].join('\n  ');
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        node: { type: 'string', multiple: true },
        sdk: { type: 'string', multiple: true },
        only: { type: 'string' },
        app: { type: 'string' },
        core: { type: 'boolean' },
      },
    });
    const { node, sdk: sdks, only, app, core } = values;
    const nodes = node?.map(Number);
    const isKnown =
      (nodes ?? []).every((major) => NODES.includes(major)) &&
      (sdks ?? []).every((name) => name in SDKS) &&
      (only === undefined || PARTS.includes(only));
    if (isKnown) return { nodes, sdks, only, app, core };
  } catch (error) {
    console.log(error.message);
  }
  console.log(USAGE);
  return undefined;
}
