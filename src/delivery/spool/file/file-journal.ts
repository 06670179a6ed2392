import { readdirSync, renameSync, rmdirSync, rmSync, statSync } from 'node:fs';
import {
  type FileHandle,
  lstat,
  mkdir,
  open,
  rename,
  rmdir,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { basename, join } from 'node:path';
import { EXIT_WAITS } from '../../../common/signals-and-exit.js';
import {
  type HitLine,
  type Journal,
  type JournalHit,
  JournalLost,
  mayTakeOver,
  type OnTakenOver,
} from '../journal.js';
import type { SpoolReports } from '../spool-reports.js';
import type { SpoolOptions } from '../spool-store.js';
import { HITS, HitsFile } from './hits-file.js';
import {
  ForeignFile,
  isMissing,
  isThere,
  listFolder,
  requireOwn,
  syncFolder,
  unlessMissing,
  unlinkIfThere,
  writeAll,
  writeNewFile,
} from './own-files.js';
import {
  ALIVE,
  DeadProcesses,
  ENDED,
  listJournals,
  measureFolder,
  type ProcessIdentity,
} from './processes.js';

const MAX_FILE_BYTES = 1024 ** 2;
const MAX_FILE_MILLIS = 60_000;
const MEASURE_MILLIS = 60_000;
/** Interval for checking whether a write of another thread has ended. */
const SIZE_POLL_MILLIS = 5;

/** What is left of a journal whose hits have results, also if a process has ended while it deleted a file. */
const REST = /^(?:\d{6,}\.done|alive|ended)$/;

export interface FileJournalOptions extends Pick<SpoolOptions, 'maxBytes' | 'hasToken' | 'times'> {
  /** Absolute path of the spool. */
  readonly folder: string;
  readonly identity: ProcessIdentity;
  readonly reports: SpoolReports;
  readonly onTakenOver: OnTakenOver;
  /** Called at each beat. */
  readonly onBeat?: () => void;
}

/** The file to which hits are appended. */
interface CurrentFile {
  readonly file: HitsFile;
  readonly handle: FileHandle;
  readonly begunMillis: number;
}

/**
 * A journal is a folder in the spool. To own hits is to contain them:
 *
 *     <spool>/<instance>/alive           who writes here; renamed to `ended` when the process ends
 *                        000001.hits     see `hits-file.ts`
 *                        000001.done
 *                        <dead>/         a journal that was taken over, by renaming it
 */
export class FileJournal implements Journal {
  readonly isOpen = true;
  spoolBytes = 0;
  readonly #options: FileJournalOptions;
  readonly #path: string;
  /** Files with hits that have no result, by the folder in which they are. */
  readonly #files = new Map<string, Set<HitsFile>>();
  readonly #dead: DeadProcesses;
  #current: CurrentFile | undefined;
  /** What the file has after the current write. */
  #expected: { readonly path: string; readonly lines: number; readonly bytes: number } | undefined;
  #isAppending = false;
  #number = 0;
  #isWrittenAtExit = false;
  #measuredMillis = Number.NEGATIVE_INFINITY;

  private constructor(options: FileJournalOptions, instance: string) {
    this.#options = options;
    this.#path = join(options.folder, instance);
    this.#files.set(this.#path, new Set());
    this.#dead = new DeadProcesses(options.identity, options.times.deadMillis);
  }

  /** Makes an empty journal. Call it with the same `instance` until that succeeds, so that one draft is left at most. */
  static async create(options: FileJournalOptions, instance: string): Promise<FileJournal> {
    const draft = join(options.folder, `.${instance}`);
    const journal = new FileJournal(options, instance);
    try {
      await removeDraft(draft);
      await mkdir(draft, { mode: 0o700 });
      await journal.#writeAlive(draft);
      await rename(draft, journal.#path).catch(async (error: unknown) => {
        if (!(await isThere(journal.#path))) throw error; // a file system may repeat a step that it has done
      });
      return journal;
    } finally {
      await removeDraft(draft).catch(() => undefined);
    }
  }

  get segments(): HitsFile[] {
    return [...this.#files.values()].flatMap((files) => [...files]);
  }

  async append(lines: readonly HitLine[], keeps: boolean): Promise<readonly JournalHit[]> {
    this.#isAppending = true;
    try {
      const { file, handle } = await this.#openCurrent();
      const data = Buffer.concat(lines.map(({ line }) => line));
      this.#expected = { path: file.name, lines: lines.length, bytes: file.size + data.length };
      try {
        await writeAll(handle, data);
        await handle.datasync();
        await this.confirm();
      } catch (error) {
        // Nothing of it is left: the hits stay in memory. Another process may be reading a journal that is lost.
        if (!(error instanceof JournalLost))
          await handle.truncate(file.size).catch(() => undefined);
        await this.#closeCurrent();
        throw error;
      }
      this.spoolBytes += data.length;
      return file.append(lines, keeps);
    } finally {
      this.#expected = undefined;
      this.#isAppending = false;
    }
  }

  appendAtExit(lines: readonly HitLine[]): boolean {
    const rest = lines.slice(this.#awaitAppended());
    if (rest.length === 0) return true;
    try {
      statSync(join(this.#path, ALIVE)); // else another process may have read the folder
      this.#number += 1;
      writeNewFile(this.#pathOf(this.#number), Buffer.concat(rest.map(({ line }) => line)));
      this.#isWrittenAtExit = true;
      return true;
    } catch {
      return false;
    }
  }

  async confirm(): Promise<void> {
    if (await isThere(this.#path)) return;
    await this.#closeCurrent();
    throw new JournalLost('its folder is gone');
  }

  async keepAlive(): Promise<void> {
    // Others see that it changes, whatever the wall clock does.
    const seconds = (performance.timeOrigin + performance.now()) / 1000;
    await utimes(join(this.#path, ALIVE), seconds, seconds).catch(async () => {
      await this.confirm();
      await this.#writeAlive(this.#path);
    });
    this.#options.onBeat?.();
    const { file, begunMillis } = this.#current ?? {};
    const isOld = performance.now() - (begunMillis ?? 0) >= MAX_FILE_MILLIS;
    if (file && !this.#isAppending && (isOld || file.open === 0)) await this.#closeCurrent();
    await this.#removeDone();
    // Others that share the spool may make room.
    const isHalfFull = this.spoolBytes > this.#options.maxBytes / 2;
    if (!isHalfFull && performance.now() - this.#measuredMillis < MEASURE_MILLIS) return;
    this.spoolBytes = await measureFolder(this.#options.folder);
    this.#measuredMillis = performance.now();
  }

  /** Moves the journals of dead processes into this one, by renaming their folders. */
  async takeOver(most: number): Promise<number> {
    const { folder } = this.#options;
    const others = (await listJournals(folder)).filter((name) => name !== basename(this.#path));
    this.#dead.begin(others.map((name) => join(folder, name)));
    let taken = 0;
    for (const name of others) {
      if (taken === most) break;
      if (await this.#unlessUnusable(name, this.#takeIfDead(name))) taken += 1;
    }
    // Also those of an attempt that failed.
    for (const name of await listJournals(this.#path))
      await this.#unlessUnusable(name, this.#adopt(join(this.#path, name)));
    return taken;
  }

  async close(): Promise<void> {
    if (this.#isAppending) return; // the disk hangs; what it still writes is found when this process is dead
    await this.#closeCurrent();
    await this.#removeDone();
    await rename(join(this.#path, ALIVE), join(this.#path, ENDED));
    if (this.#isWrittenAtExit || this.segments.length > 0) return;
    await unlinkIfThere(join(this.#path, ENDED));
    await rmdir(this.#path).catch(() => undefined); // another process may have taken it over
  }

  closeAtExit(): void {
    if (this.#isAppending) return; // found dead by its pid
    renameSync(join(this.#path, ALIVE), join(this.#path, ENDED));
    const files = this.segments;
    if (this.#isWrittenAtExit || files.some(({ open, isCounted }) => open > 0 || !isCounted))
      return;
    for (const { name } of files) rmSync(name, { force: true });
    for (const folder of [...this.#files.keys()].reverse()) {
      for (const name of readdirSync(folder).filter((one) => REST.test(one)))
        rmSync(join(folder, name));
      rmdirSync(folder);
    }
  }

  async #writeAlive(folder: string): Promise<void> {
    const { identity, hasToken } = this.#options;
    const text = JSON.stringify({ ...identity, hasToken });
    await writeFile(join(folder, ALIVE), text, { mode: 0o600, flag: 'wx' });
  }

  #pathOf(number: number): string {
    return join(this.#path, `${String(number).padStart(6, '0')}.hits`);
  }

  async #openCurrent(): Promise<CurrentFile> {
    const { maxBytes } = this.#options;
    const mostBytes = Math.min(MAX_FILE_BYTES, Math.ceil(maxBytes / 8));
    const { file, begunMillis = 0 } = this.#current ?? {};
    const isFull = file && file.size >= mostBytes;
    const isOld = performance.now() - begunMillis >= MAX_FILE_MILLIS;
    if (isFull || isOld || (file && !(await isThere(file.name)))) await this.#closeCurrent();
    if (this.#current) return this.#current;
    await this.confirm();
    this.#number += 1;
    const path = this.#pathOf(this.#number);
    const handle = await open(path, 'ax', 0o600);
    const opened = new HitsFile(path);
    this.#current = { file: opened, handle, begunMillis: performance.now() };
    this.#files.get(this.#path)?.add(opened);
    await syncFolder(this.#path);
    return this.#current;
  }

  async #closeCurrent(): Promise<void> {
    const current = this.#current;
    this.#current = undefined;
    if (!current) return;
    await current.file.finish();
    await current.handle.close().catch(() => undefined);
  }

  /** Reports why a journal cannot be used. It keeps nobody from the others. */
  async #unlessUnusable<T>(name: string, work: Promise<T>): Promise<T | undefined> {
    const { reports } = this.#options;
    return work.catch((error: unknown) => {
      if (error instanceof JournalLost) throw error;
      if (error instanceof ForeignFile) reports.foreign(name);
      else if (!isMissing(error)) reports.unreadable.begin(error);
      return undefined;
    });
  }

  /** Returns whether the journal was that of a dead process, and now is in this one. */
  async #takeIfDead(name: string): Promise<boolean> {
    const from = join(this.#options.folder, name);
    const to = join(this.#path, name);
    requireOwn(await lstat(from), from, 'isDirectory');
    const found = await this.#dead.examine(from);
    if (!found?.isDead || !mayTakeOver(this.#options, found.hadToken)) return false;
    await rename(from, to).catch(async (error: unknown) => {
      if (!isMissing(error)) throw error;
      await this.confirm();
      if (!(await isThere(to))) throw error; // a file system may repeat a step that it has done
    });
    await this.#adopt(to);
    return true;
  }

  /** Opens a journal that was taken over, with those in it, which are moved up into this one, and files that could not be read before. */
  async #adopt(path: string): Promise<void> {
    const { reports, onTakenOver } = this.#options;
    let files = this.#files.get(path);
    if (!files) {
      files = new Set();
      for (const name of (await listFolder(path)).filter((one) => HITS.test(one))) {
        // Its process may only have stood still: what it appends later is not read.
        const { size } = await lstat(join(path, name));
        files.add(new HitsFile(join(path, name), size));
      }
      for (const name of await listJournals(path)) {
        const moved = join(this.#path, name);
        await rename(join(path, name), moved);
        await this.#adopt(moved);
      }
      this.#files.set(path, files);
    }
    let hits = 0;
    for (const file of files) {
      if (file.isCounted) continue;
      try {
        if (await file.count()) reports.damaged(file.name);
        hits += file.open;
      } catch (error) {
        if (!(error instanceof ForeignFile)) reports.unreadable.begin(error);
        else if (files.delete(file)) reports.foreign(basename(file.name));
      }
    }
    if (hits > 0) onTakenOver(hits);
  }

  /** Deletes files of which every hit has a result, and then journals that were taken over. */
  async #removeDone(): Promise<void> {
    for (const [folder, files] of this.#files) {
      for (const file of files) {
        if (!(await file.deleteIfDone())) continue;
        files.delete(file);
        this.spoolBytes -= file.size;
      }
      if (files.size > 0 || folder === this.#path) continue;
      for (const name of (await listFolder(folder)).filter((one) => REST.test(one)))
        await unlinkIfThere(join(folder, name));
      await rmdir(folder).catch(() => undefined); // there may be a file of another user
      if (!(await isThere(folder))) this.#files.delete(folder);
    }
  }

  /** At `exit`: how many lines the current `append` has written. Another thread continues it; the disk may hang. */
  #awaitAppended(): number {
    if (!this.#expected) return 0;
    const { path, lines, bytes } = this.#expected;
    const nobody = new Int32Array(new SharedArrayBuffer(4));
    const end = performance.now() + EXIT_WAITS.otherWriteMillis;
    for (;;) {
      const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
      if (size >= bytes) return lines;
      if (performance.now() >= end) return 0;
      Atomics.wait(nobody, 0, 0, SIZE_POLL_MILLIS);
    }
  }
}

async function removeDraft(draft: string): Promise<void> {
  await unlinkIfThere(join(draft, ALIVE));
  await rmdir(draft).catch(unlessMissing);
}
