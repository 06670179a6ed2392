/** What one body takes of the memory that all share. */
export interface Reservation {
  /** Takes so many bytes more, unless that is more than there are. */
  grow(bytes: number): boolean;
  /** Gives everything back. */
  release(): void;
}

/**
 * The memory for bodies that are being read. Bytes are counted and not bodies: clients that send a few bytes and stop keep
 * nobody out.
 */
export class BodyMemory {
  #freeBytes: number;

  constructor(bytes: number) {
    this.#freeBytes = bytes;
  }

  open(): Reservation {
    let taken = 0;
    return {
      grow: (bytes) => {
        if (bytes > this.#freeBytes) return false;
        this.#freeBytes -= bytes;
        taken += bytes;
        return true;
      },
      release: () => {
        this.#freeBytes += taken;
        taken = 0;
      },
    };
  }
}
