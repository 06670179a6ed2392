import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { attempt } from './attempt.mjs';
import { judgeCell } from './cell.mjs';
import { runCommand } from './children.mjs';
import { FRAMEWORK_RUNS, groupSetUp, toFrameworkCommand } from './frameworks.mjs';
import { createRunFolder, installSetUp, versionOf } from './install.mjs';
import { installNode } from './nodes.mjs';
import { runPool } from './pool.mjs';
import { REQUESTS } from './requests.mjs';
import { runApp } from './run-app.mjs';

/** Runs every framework alone and beside auto-instrumentations; resolves to the cells, as `runOrders` does. */
export async function runFrameworks({ sdks, nodes, npmPackage, concurrency, onCell }) {
  const tasks = [];
  const runs = FRAMEWORK_RUNS.filter(({ sdk, node }) => sdks.includes(sdk) && nodes.includes(node));
  for (const { sdk, node: major, frameworks } of runs) {
    const node = await attempt(() => installNode(major));
    const folders = new Map();
    for (const group of new Set(frameworks.map((framework) => framework.group))) {
      folders.set(group, await attempt(() => prepare(group, sdk, node, npmPackage)));
    }
    for (const framework of frameworks) {
      const folder = folders.get(framework.group);
      const reason = node.reason ?? folder.reason;
      const { versionOf: named } = framework;
      const version = !reason && named ? versionOf(join(folder.value, '..'), named) : undefined;
      for (const way of ['alone', 'beside']) {
        const cell = { table: 'frameworks', sdk, node: major, framework, way, version };
        tasks.push(async () => ({
          ...cell,
          ...(reason
            ? { status: 'skipped', reason }
            : await judge(framework, way, { node: node.value.path, folder: folder.value })),
        }));
      }
    }
  }
  return runPool(tasks, concurrency, onCell);
}

async function judge(framework, way, run) {
  const command = (isWith) => ({ ...run, ...toFrameworkCommand(framework, way, isWith) });
  const runWithout = () => runApp({ ...command(false), requests: REQUESTS });
  const result = await judgeCell(command(true), framework[way], runWithout);
  return { note: framework[way].note, ...result };
}

async function prepare(group, sdk, node, npmPackage) {
  if (node.reason) throw new Error(node.reason);
  const folder = await createRunFolder(
    await installSetUp(groupSetUp(group, sdk), npmPackage),
    npmPackage,
  );
  if (group === 'next') await buildNext(folder, node.value.path);
  else rmSync(join(folder, 'next'), { recursive: true });
  return folder;
}

async function buildNext(folder, node) {
  const next = join(folder, '../node_modules/next/dist/bin/next');
  const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'production', CI: '1' };
  await runCommand(node, [next, 'build'], { cwd: join(folder, 'next'), env });
}
