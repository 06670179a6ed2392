import { join } from 'node:path';
import type { LivenessMonitor } from './liveness.js';
import { ownerName } from './segment-names.js';

/** How long an owner that cannot be asked whether it lives is waited for before its hits are adopted. */
const OWNER_STALE_MILLIS = 30_000;

/** Which instances of a folder have ended. Of thousands that is not asked anew with each look. */
export class GoneInstances {
  readonly #folder: string;
  readonly #ownInstance: string;
  readonly #life: LivenessMonitor;
  readonly #gone = new Set<string>();

  constructor(folder: string, ownInstance: string, life: LivenessMonitor) {
    this.#folder = folder;
    this.#ownInstance = ownInstance;
    this.#life = life;
  }

  /** `files`: what is in the folder. */
  async has(instance: string, files: ReadonlySet<string>): Promise<boolean> {
    if (instance === this.#ownInstance) return false;
    if (this.#gone.has(instance) && !files.has(ownerName(instance))) return true;
    const isGone = await this.#life.isGone(this.#ownerOf(instance), OWNER_STALE_MILLIS, true);
    if (isGone) this.#gone.add(instance);
    else this.#gone.delete(instance);
    return isGone;
  }

  /** Forgets those that have left nothing. */
  keepOnly(instances: ReadonlyMap<string, unknown>): void {
    for (const instance of this.#gone) {
      if (instances.has(instance)) continue;
      this.#gone.delete(instance);
      this.#life.forget(this.#ownerOf(instance));
    }
  }

  #ownerOf(instance: string): string {
    return join(this.#folder, ownerName(instance));
  }
}
