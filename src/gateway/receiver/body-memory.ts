/** The part of the shared memory that is reserved for one body. */
export interface Reservation {
  /** Reserves more bytes; false if there are not enough. */
  grow(bytes: number): boolean;
  /** Releases everything. */
  release(): void;
}

/**
 * The memory for bodies that are being read. It limits bytes instead of bodies, so that clients that send a few bytes and
 * stop do not block others.
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
