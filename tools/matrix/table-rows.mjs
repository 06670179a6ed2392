// Cells put together to the rows and columns of the tables.

/** The load orders, or the ways into a gateway: a row each, a column for each SDK, in which cells of all its Nodes are. */
export function toSdkRows(results, wanted) {
  const cells = results.filter(({ table }) => table === wanted);
  const sdks = distinct(cells.map(({ sdk }) => sdk));
  const rows = distinct(cells.map(({ name }) => name)).map((name) => {
    const ofName = cells.filter((cell) => cell.name === name);
    const columns = sdks.map((sdk) => ofName.filter((cell) => cell.sdk === sdk));
    return { name, notes: ofName[0].notes, columns };
  });
  return { heads: sdks.map((sdk) => `SDK ${sdk}`), rows };
}

/** The frameworks, or servers: a row each, columns for each way, SDK and Node, with one cell each or none. */
export function toTitleRows(results, wanted) {
  const cells = results.filter(({ table }) => table === wanted);
  const head = ({ sdk, node, way }) =>
    [WAYS[way], sdk && `SDK ${sdk}`, `Node ${node}`].filter(Boolean).join(', ');
  const heads = distinct(cells.map(head));
  const rows = distinct(cells.map(({ name }) => name)).map((name) => {
    const ofName = cells.filter((cell) => cell.name === name);
    const columns = heads.map((text) => ofName.filter((cell) => head(cell) === text));
    const versions = distinct(ofName.map(({ version }) => version).filter(Boolean));
    return { name, versions, columns };
  });
  return { heads, rows };
}

/** Applications without an SDK, operations, or MCP servers: a row each, a column for each Node. */
export function toNodeRows(results, wanted) {
  const cells = results.filter(({ table }) => table === wanted);
  const nodes = distinct(cells.map(({ node }) => node));
  const rows = distinct(cells.map(({ name }) => name)).map((name) => {
    const ofName = cells.filter((cell) => cell.name === name);
    const columns = nodes.map((node) => ofName.filter((cell) => cell.node === node));
    const [version] = distinct(ofName.map((cell) => cell.version).filter(Boolean));
    return { name, version, notes: ofName[0].notes, columns };
  });
  return { heads: nodes.map((node) => `Node ${node}`), rows };
}

export const WAYS = { alone: 'alone', beside: 'beside auto', named: 'with `annotate`' };

/** `yes`, or what is not: `no on 22, 24`, `not run on 26`. */
export function summarize(cells) {
  const nodesOf = (wanted) =>
    cells.filter(({ status }) => status === wanted).map(({ node }) => node);
  const [wrong, skipped] = [nodesOf('wrong'), nodesOf('skipped')];
  const parts = [
    ...(wrong.length > 0 ? [`no on ${wrong.join(', ')}`] : []),
    ...(skipped.length > 0 ? [`not run on ${skipped.join(', ')}`] : []),
  ];
  if (cells.length === 0) return '–';
  return parts.length > 0 ? parts.join('; ') : 'yes';
}

/** What is wrong and what was skipped, each with the Nodes where it is alike: `{ title, text }`, the first and the last difference. */
export function listProblems(results) {
  const problems = results.filter(({ status }) => status !== 'right');
  const keyOf = ({ status, name, way, sdk, setUp }) =>
    status === 'skipped' ? setUp.name : [name, way, sdk && `SDK ${sdk}`].filter(Boolean).join(', ');
  return distinct(problems.map(keyOf)).map((key) => {
    const alike = problems.filter((cell) => keyOf(cell) === key);
    const nodes = distinct(alike.map(({ node }) => node)).join(', ');
    const { reason, differences } = alike[0];
    const ends = differences?.length > 1 ? [differences[0], differences.at(-1)] : differences;
    return { title: `${key}, Node ${nodes}`, text: reason ?? ends.join('; ') };
  });
}

/** What was run, by name: `sdks` with their Nodes. */
export function versionsOf(results) {
  const nodes = distinct(results.map(({ nodeVersion }) => nodeVersion).filter(Boolean));
  return { nodes, sdks: distinct(results.map(({ sdk }) => sdk).filter(Boolean)) };
}

function distinct(values) {
  return [...new Set(values)];
}
