/** Something that keeps a file open, by itself or not at all. */
export interface Closable {
  readonly isOpen: boolean;
  /** Closes the file as if it had never been open; whoever needs it next opens it anew. Never rejects. */
  release(): Promise<void>;
}

/** Keeps few files open at one time, however many there are: the one that was used least recently is closed for another. */
export class OpenFiles {
  readonly #most: number;
  /** Open and not in use, the least recently used first. */
  readonly #idle = new Set<Closable>();
  #inUse = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  /** Does something with a file that may be opened for it. One file is used by one at a time. */
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

  /** For a file that has been closed. */
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
