/** The part of the shared memory that one body has. */
export interface Reservation {
  /** Reserves so many more bytes; false if there are not so many. */
  grow(bytes: number): boolean;
  /** Releases everything. */
  release(): void;
}

/**
 * The memory for bodies that are being read. It limits bytes and not bodies, so that clients that send a few bytes and stop
 * do not block others.
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
