import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { DailyKeys } from '../../../common/daily-keys.js';
import type { Diagnostics } from '../../../common/diagnostics.js';
import { instanceName } from '../instance-name.js';
import { codeOf, SpoolReports } from '../spool-reports.js';
import { FileSpool } from './file-spool.js';
import { thisProcess } from './liveness.js';
import { ownerName } from './segment-names.js';
import { openSpoolFolder, UntrustedFolder, UnusableFolder } from './spool-folder.js';

export interface OpenFileSpoolOptions {
  readonly folder: string;
  /** URL of the Matomo that gets the hits. */
  readonly url: string;
  readonly maxBytes: number;
  /** Keys of visitor IDs that the folder stores, one for each day. */
  readonly dailyKeys?: DailyKeys | undefined;
  /** Fingerprint of the privacy options. */
  readonly privacy?: string | undefined;
}

/** Opens the spool in a folder, which is created if it does not exist. */
export class FileSpoolOpener {
  readonly #options: OpenFileSpoolOptions;
  readonly #reports: SpoolReports;

  constructor(options: OpenFileSpoolOptions, diagnostics: Diagnostics) {
    this.#options = options;
    this.#reports = new SpoolReports(options.folder, diagnostics, options.privacy);
  }

  /** `undefined` if it cannot be used; the reason is logged. */
  open(): FileSpool | undefined {
    const { folder, url, ...options } = this.#options;
    const path = resolve(folder);
    try {
      openSpoolFolder(path, url);
      const identity = thisProcess();
      const instance = instanceName(Date.now(), process.pid, randomBytes(4).toString('hex'));
      const owner = { mode: 0o600, flag: 'wx' };
      writeFileSync(join(path, ownerName(instance)), JSON.stringify(identity), owner);
      this.#reports.used();
      return new FileSpool({ ...options, folder: path }, instance, identity, this.#reports);
    } catch (error) {
      if (error instanceof UntrustedFolder) this.#reports.notTrusted(error.message);
      else this.#reports.notUsed(error instanceof UnusableFolder ? error.message : codeOf(error));
      return undefined;
    }
  }

  /** Logs nothing more. */
  close(): void {
    this.#reports.close();
  }
}
