import { attempt } from './attempt.mjs';
import { bundle } from './bundle.mjs';
import { judgeCell } from './cell.mjs';
import { createRunFolder, installSetUp } from './install.mjs';
import { installNode } from './nodes.mjs';
import { ORDERS, toCommand } from './orders.mjs';
import { runPool } from './pool.mjs';
import { REQUESTS } from './requests.mjs';
import { runApp } from './run-app.mjs';
import { SDKS, sdkSetUp, TOOLS } from './set-ups.mjs';

/**
 * Runs every load order with each of `sdks` on each of `nodes` that it is made for; resolves to the cells. What cannot be
 * installed makes skipped cells with the reason.
 */
export async function runOrders({ sdks, nodes, npmPackage, concurrency, onCell }) {
  const tasks = [];
  const esbuild = await attempt(() => installSetUp(TOOLS));
  const installedNodes = new Map();
  for (const major of nodes) installedNodes.set(major, await attempt(() => installNode(major)));
  for (const sdk of sdks) {
    const folder = await attempt(() => prepare(sdk, npmPackage));
    const bundles = await bundleAll(esbuild, folder);
    for (const major of nodes.filter((node) => node >= SDKS[sdk].since)) {
      const withoutRuns = new Map();
      for (const order of ORDERS) {
        const node = installedNodes.get(major);
        const reason = folder.reason ?? node.reason ?? bundles.get(order.file);
        const cell = { table: 'orders', sdk, node: major, version: node.value?.version, order };
        const run = { node: node.value?.path, folder: folder.value };
        tasks.push(async () => ({
          ...cell,
          ...(reason
            ? { status: 'skipped', reason }
            : await judgeOrder(order, sdk, run, withoutRuns)),
        }));
      }
    }
  }
  return runPool(tasks, concurrency, onCell);
}

function judgeOrder(order, sdk, run, withoutRuns) {
  const command = (isWith) => {
    const { args, env } = toCommand(order, isWith);
    return { ...run, args, env: { ...env, SDK: sdk } };
  };
  const without = command(false);
  const key = JSON.stringify([without.args, without.env]);
  const runWithout = () => {
    const known = withoutRuns.get(key) ?? runApp({ ...without, requests: REQUESTS });
    withoutRuns.set(key, known);
    return known;
  };
  const { titles, limit } = order;
  return judgeCell(command(true), { titles, limit, noHits: limit !== undefined }, runWithout);
}

async function prepare(sdk, npmPackage) {
  return createRunFolder(await installSetUp(sdkSetUp(sdk), npmPackage), npmPackage);
}

/** By file: why it could not be bundled. */
async function bundleAll(esbuild, folder) {
  const reasons = new Map();
  const files = new Map(ORDERS.filter((order) => order.bundle).map((order) => [order.file, order]));
  for (const order of files.values()) {
    const made =
      esbuild.reason || folder.reason
        ? { reason: esbuild.reason }
        : await attempt(() => bundle(esbuild.value, folder.value, order));
    if (made.reason) reasons.set(order.file, made.reason);
  }
  return reasons;
}
