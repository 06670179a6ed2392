import { Volume } from 'memfs';

/** How a process sees the disk: its files are below a path of its own, and it may be killed at any operation. */
export interface DiskUser {
  /** Below this the process finds what is at the root of the disk. */
  readonly root: string;
  /** What it does from now on never ends. */
  isDead: boolean;
  /** It is killed by the operation after so many. */
  operationsLeft: number;
  /** What it does waits until then. */
  readonly awake: Promise<void> | undefined;
  die(): void;
}

export interface DiskOptions {
  /** From 0 to 1, each time another. */
  readonly random: () => number;
  /** An operation takes up to this; 0: no time at all. */
  readonly slowestMillis: number;
  /** These bytes are in a file from now on, also where their process is killed. */
  readonly onWritten: (path: string, bytes: Buffer) => void;
  /** These bytes are cut off a file. */
  readonly onCut: (path: string, bytes: Buffer) => void;
  /** A file or a folder has another name. */
  readonly onRenamed: (from: string, to: string, user: DiskUser) => void;
}

/** A disk that simulated processes share. What a killed process had begun to write stays unfinished. */
export class SimulatedDisk {
  readonly volume = new Volume();
  /** Bytes that it still takes. */
  room = Number.POSITIVE_INFINITY;
  /** Whether the operation of this number, from 0, fails. */
  fails: (operation: number) => boolean = () => false;
  /** Whether a file has a defect, so that it cannot be read. */
  isUnreadable: (path: string) => boolean = () => false;
  /** How many operations there have been. */
  operations = 0;
  #stalled: Promise<void> | undefined;
  #goOn: () => void = () => undefined;
  readonly options: DiskOptions;
  readonly #users = new Map<string, DiskUser>();

  constructor(options: DiskOptions) {
    this.options = options;
  }

  attach(user: DiskUser): void {
    this.#users.set(user.root, user);
  }

  /** It hangs: nothing that is begun ends. */
  stall(): void {
    this.#stalled ??= new Promise((resolve) => {
      this.#goOn = resolve;
    });
  }

  goOn(): void {
    this.#stalled = undefined;
    this.#goOn();
  }

  userOf(path: string): DiskUser {
    const root = path.slice(0, path.indexOf('/', 1));
    const user = this.#users.get(root);
    if (!user) throw new Error(`nobody's path: ${path}`);
    return user;
  }

  /** Does something for a process, unless it is dead by then. `part` is what a killed one leaves of it. */
  async run<T>(user: DiskUser, operation: () => T, part: () => void = () => undefined): Promise<T> {
    const { random, slowestMillis } = this.options;
    if (slowestMillis > 0 && !user.isDead) {
      await new Promise((resolve) => setTimeout(resolve, random() * slowestMillis));
    }
    await this.#stalled;
    await user.awake;
    if (user.isDead) return new Promise(() => undefined);
    if (user.operationsLeft-- <= 0) {
      part();
      user.die();
      return new Promise(() => undefined);
    }
    this.operations += 1;
    if (this.fails(this.operations - 1)) throw diskError('EIO');
    return operation();
  }

  /** Writes for a process what there is room for. */
  write(user: DiskUser, bytes: Buffer, write: (part: Buffer) => void): Promise<number> {
    return this.run(
      user,
      () => {
        const part = bytes.subarray(0, this.room);
        if (part.length === 0) throw diskError('ENOSPC');
        this.room -= part.length;
        write(part);
        return part.length;
      },
      () => write(bytes.subarray(0, Math.floor(this.options.random() * bytes.length))),
    );
  }
}

let disk: SimulatedDisk;

/** What the functions below work on from now on. */
export function useDisk(used: SimulatedDisk): void {
  disk = used;
}

class SimulatedFile {
  readonly #user: DiskUser;
  readonly #path: string;
  readonly #descriptor: number;
  #written: Buffer = Buffer.alloc(0);

  constructor(user: DiskUser, path: string, descriptor: number) {
    this.#user = user;
    this.#path = path;
    this.#descriptor = descriptor;
  }

  read(buffer: Buffer, offset: number, length: number, position: number) {
    const { volume } = disk;
    return disk.run(this.#user, () => {
      this.#requireReadable();
      return { bytesRead: volume.readSync(this.#descriptor, buffer, offset, length, position) };
    });
  }

  async write(buffer: Buffer, offset: number) {
    const bytesWritten = await disk.write(this.#user, buffer.subarray(offset), (part) => {
      disk.volume.writeSync(this.#descriptor, part);
      this.#written = Buffer.concat([this.#written, part]);
      disk.options.onWritten(this.#path, part);
    });
    return { bytesWritten };
  }

  async writeFile(text: string) {
    const bytes = Buffer.from(text);
    for (let end = 0; end < bytes.length; ) end += (await this.write(bytes, end)).bytesWritten;
  }

  readFile() {
    return disk.run(this.#user, () => {
      this.#requireReadable();
      return disk.volume.readFileSync(this.#descriptor);
    });
  }

  #requireReadable(): void {
    if (disk.isUnreadable(this.#path)) throw diskError('EIO');
  }

  stat() {
    return disk.run(this.#user, () => disk.volume.fstatSync(this.#descriptor));
  }

  truncate(length: number) {
    return disk.run(this.#user, () => {
      disk.volume.ftruncateSync(this.#descriptor, length);
      disk.options.onCut(this.#path, this.#written.subarray(length));
      this.#written = this.#written.subarray(0, length);
    });
  }

  datasync() {
    return disk.run(this.#user, () => undefined);
  }

  sync() {
    return disk.run(this.#user, () => undefined);
  }

  close() {
    return disk.run(this.#user, () => disk.volume.closeSync(this.#descriptor));
  }
}

/** In the place of `node:fs/promises`, as far as the spool uses it. */
export const simulatedPromises = {
  mkdir: (path: string, options: object) =>
    inPlace(path, (own) => disk.volume.mkdirSync(own, options)),
  readdir: (path: string) => inPlace(path, (own) => disk.volume.readdirSync(own)),
  rename: (from: string, to: string) =>
    inPlace(from, (own, root, user) => {
      const target = to.slice(root.length).replaceAll('\\', '/');
      disk.volume.renameSync(own, target);
      disk.options.onRenamed(own, target, user);
    }),
  rmdir: (path: string) => inPlace(path, (own) => disk.volume.rmdirSync(own)),
  stat: (path: string) => inPlace(path, (own) => disk.volume.statSync(own)),
  lstat: (path: string) => inPlace(path, (own) => disk.volume.lstatSync(own)),
  unlink: (path: string) => inPlace(path, (own) => disk.volume.unlinkSync(own)),
  utimes: (path: string, accessed: Date, modified: Date) =>
    inPlace(path, (own) => disk.volume.utimesSync(own, accessed, modified)),
  async open(path: string, flags: string | number, mode?: number) {
    const file = await inPlace(path, (own, _, user) => {
      const descriptor = disk.volume.openSync(own, flags, mode);
      return new SimulatedFile(user, own, descriptor);
    });
    return file;
  },
  async writeFile(path: string, text: string, { mode, flag }: { mode: number; flag: string }) {
    const file = await simulatedPromises.open(path, flag, mode);
    await file.writeFile(text).finally(() => file.close());
  },
};

function inPlace<T>(
  path: string,
  operation: (own: string, root: string, user: DiskUser) => T,
): Promise<T> {
  const posixPath = path.replaceAll('\\', '/'); // as Windows joins it
  const user = disk.userOf(posixPath);
  const own = posixPath.slice(user.root.length);
  return disk.run(user, () => operation(own, user.root, user));
}

/** Where the processes of a disk find their spool. */
export function spoolOf({ root }: Pick<DiskUser, 'root'>): string {
  return `${root}/spool`;
}

function diskError(code: string): Error {
  return Object.assign(new Error(`${code}: simulated`), { code });
}

type StartOf = (pid: number) => string | undefined;

let startOf: StartOf = () => undefined;

/** Who can be seen in `/proc` from now on: when a process that runs has started. */
export function useProcesses(seen: StartOf): void {
  startOf = seen;
}

/** In the place of `readFileSync`: what `/proc` says of simulated processes, and there is nothing else. */
export function simulatedReadFileSync(path: string): string {
  const pid = Number(/^\/proc\/(\d+)\/stat$/.exec(path)?.[1]);
  const started = startOf(pid);
  if (started === undefined) throw new Error(`there is no ${path}`);
  return `${pid} (node) S ${'0 '.repeat(18)}${started} 0`;
}
