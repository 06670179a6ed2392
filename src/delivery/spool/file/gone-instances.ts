import { join } from 'node:path';
import type { LivenessMonitor } from './liveness.js';
import { ownerName } from './segment-names.js';

/** If a process cannot be checked, its hits are taken over when its owner file has not changed for this long. */
export const OWNER_STALE_MILLIS = 30_000;

/** Which instances of a folder have ended. Caches the answer, because there may be thousands. */
export class GoneInstances {
  readonly #folder: string;
  readonly #ownInstance: string;
  readonly #liveness: LivenessMonitor;
  readonly #gone = new Set<string>();

  constructor(folder: string, ownInstance: string, liveness: LivenessMonitor) {
    this.#folder = folder;
    this.#ownInstance = ownInstance;
    this.#liveness = liveness;
  }

  /** `files`: names of the files in the folder. */
  async has(instance: string, files: ReadonlySet<string>): Promise<boolean> {
    if (instance === this.#ownInstance) return false;
    if (this.#gone.has(instance) && !files.has(ownerName(instance))) return true;
    const isGone = await this.#liveness.isGone(this.#ownerOf(instance), OWNER_STALE_MILLIS, true);
    if (isGone) this.#gone.add(instance);
    else this.#gone.delete(instance);
    return isGone;
  }

  /** Forgets instances that have no files left. */
  keepOnly(instances: ReadonlyMap<string, unknown>): void {
    for (const instance of this.#gone) {
      if (instances.has(instance)) continue;
      this.#gone.delete(instance);
      this.#liveness.forget(this.#ownerOf(instance));
    }
  }

  #ownerOf(instance: string): string {
    return join(this.#folder, ownerName(instance));
  }
}
