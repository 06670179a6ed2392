import { afterAll, beforeAll, expect, onTestFinished } from 'vitest';
import type { InspectedHit } from '../../src/inspector/index.js';
import { ROOT } from './child-process.js';
import { skipTest } from './skips.js';

/** A major version of Node.js, and packages to install. */
interface Setting {
  readonly node: number;
  readonly setUp: object;
}

/** An application of the matrix. */
export interface Cell extends Setting {
  readonly name: string;
  readonly sdk?: string;
  readonly way?: string;
  /** Runs in the whole matrix only. */
  readonly isNightly?: boolean;
  command(isWith: boolean): {
    readonly args: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
  };
}

interface Result extends Cell {
  readonly status: 'right' | 'wrong' | 'skipped';
  /** Of a wrong cell. */
  readonly differences?: readonly string[];
  /** Of a skipped one. */
  readonly reason?: string;
}

/** What could be had, or why it could not. */
export interface Outcome<T> {
  readonly value?: T;
  readonly reason?: string;
  readonly failure?: string;
}

interface Place {
  readonly node: string;
  readonly folder: string;
}

interface Row {
  readonly name: string;
  readonly isNightly?: boolean;
}

/** The exports of `tools/matrix` that tests use. */
interface Matrix {
  readonly BUNDLERS: readonly Row[];
  readonly FILE_SERVERS: Readonly<Record<string, string>>;
  readonly FILE_SERVER_SET_UPS: Readonly<Record<'alone' | 'beside', object>>;
  readonly RUNTIMES: readonly Row[];
  attempt<T>(make: () => Promise<T>): Promise<Outcome<T>>;
  installNode(major: number): Promise<{ path: string }>;
  installRuntime(runtime: string, npmPackage: object): Promise<string>;
  packPackage(): Promise<object>;
  planBundlers(nodes: readonly number[]): Cell[];
  planCells(options: { core: true }): Cell[];
  planFileServers(nodes: readonly number[]): Cell[];
  planFrameworks(runs: readonly object[]): Cell[];
  planMcpServers(nodes: readonly number[]): Cell[];
  planOperations(nodes: readonly number[]): Cell[];
  planServers(nodes: readonly number[]): Cell[];
  planWithoutSdk(nodes: readonly number[]): Cell[];
  preparePlaces(
    cells: readonly Setting[],
    npmPackage: object,
    say: (text: string) => void,
  ): Promise<{ placeOf(cell: Setting): Place & Outcome<never>; close(): void }>;
  prepareRuntimes(
    npmPackage: object,
  ): Promise<(row: Row) => Promise<{ expected: string[]; hits: string[] }>>;
  removePackage(npmPackage: object): void;
  runApp(options: object): Promise<{ hits: InspectedHit[]; answers: number[] }>;
  runCells(
    cells: readonly Cell[],
    options: { npmPackage: object; say: (text: string) => void },
  ): Promise<Result[]>;
}

const PARTS = [
  ...['attempt', 'nodes', 'package', 'places', 'run-app', 'run-cells'],
  ...['bundlers', 'file-servers', 'frameworks', 'mcp-servers', 'operations', 'plan'],
  ...['runtimes', 'servers', 'without-sdk'],
];
const modules = await Promise.all(PARTS.map((name) => import(`${ROOT}tools/matrix/${name}.mjs`)));
export const matrix: Matrix = Object.assign({}, ...modules);

/** A test installs what is not in the cache yet. */
export const COLD_MILLIS = 300_000;

/** Packs this package before the tests of a file and removes it after them. Call what it returns within a test or a hook. */
export function packBeforeTests(): () => object {
  let npmPackage: object;
  beforeAll(async () => {
    npmPackage = await matrix.packPackage();
  });
  afterAll(() => matrix.removePackage(npmPackage));
  return () => npmPackage;
}

/** A Node.js and a folder with the packages of a cell, until the end of the test. Skips the test if they cannot be installed. */
export async function preparePlace(cell: Setting, npmPackage: object): Promise<Place> {
  const places = await matrix.preparePlaces([cell], npmPackage, console.log);
  onTestFinished(() => places.close());
  const place = places.placeOf(cell);
  skipTest(place.reason, 'packages');
  expect(place.failure).toBeUndefined();
  return place;
}

export function runCells(cells: readonly Cell[], npmPackage: object): Promise<Result[]> {
  return matrix.runCells(cells, { npmPackage, say: console.log });
}
