/** Something that may have one open file. */
export interface Closable {
  readonly isOpen: boolean;
  /** Closes the file. The next use opens it again. Never rejects. */
  release(): Promise<void>;
}

/** Limits the number of open files: closes the least recently used one to open another. */
export class OpenFiles {
  readonly #most: number;
  /** Open files that are not in use, the least recently used first. */
  readonly #idle = new Set<Closable>();
  #inUse = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  /** Runs something with a file, which may be opened for it. A file is used by one caller at a time. */
  async use<T>(file: Closable, run: () => Promise<T>): Promise<T> {
    if (this.#idle.delete(file)) this.#inUse += 1;
    else await this.#reserve();
    try {
      return await run();
    } finally {
      this.#inUse -= 1;
      if (file.isOpen) this.#idle.add(file);
      this.#waiting.shift()?.();
    }
  }

  /** Call this after a file was closed. */
  forget(file: Closable): void {
    if (this.#idle.delete(file)) this.#waiting.shift()?.();
  }

  async #reserve(): Promise<void> {
    for (;;) {
      const isFull = this.#inUse + this.#idle.size >= this.#most;
      const [oldest] = isFull ? this.#idle : [];
      if (!isFull || oldest) {
        this.#inUse += 1;
        if (!oldest) return;
        this.#idle.delete(oldest);
        return oldest.release();
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }
}
