import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { eventually, ROOT, startNode } from '../../../support/child-process.js';
import { requires, skipTest } from '../../../support/skips.js';
import { sorted } from '../../../support/sorted.js';
import {
  filesIn,
  leaveHits,
  linesIn,
  nextProcess,
  spooledDelivery,
} from '../../../support/spool.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';
import { startSpoolWorker } from '../spool-workers.js';

const OTHER_USER = 12_345;

/** A name for a journal of an older process, which is taken over first. */
const older = (number: number) => `1700000000000-7-0000000${number}`;

/** Messages but the one about hits that were left behind. */
const problemsIn = (logged: readonly string[]) =>
  logged.filter((line) => !line.includes('[hits-taken-over]'));

describe('a spool that others can change', () => {
  requires('file owners');
  test('links, pipes and folders with the names of files or journals are not read, and keep nobody from the others', async () => {
    const elsewhere = temporaryFolder();
    const folder = await leaveHits(['a', 'b']);
    const [file = ''] = filesIn(folder, '.hits');
    const [planted] = linesIn(await leaveHits(['planted']));
    const target = join(elsewhere, '000001.hits');
    writeFileSync(target, `${planted}\n`);
    symlinkSync(elsewhere, join(folder, older(1)));
    symlinkSync(folder, join(folder, older(3))); // what is in it, and so on without end
    writeFileSync(join(folder, older(2)), 'no journal');
    const journal = dirname(file);
    symlinkSync(target, join(journal, '000002.hits'));
    symlinkSync(join(elsewhere, 'missing'), join(journal, '000003.hits'));
    mkdirSync(join(journal, '000004.hits'));
    execFileSync('mkfifo', [join(journal, '000005.hits')]);
    const { sent, logged, law, delivery } = await nextProcess(folder);
    expect(sorted(sent())).toEqual(['a', 'b', 'next']);
    expect(delivery.takenOver).toBe(2);
    expect(law()).toEqual([3, 3]);
    expect(problemsIn(logged)).toEqual([expect.stringMatching(/ in the spool .*\[spool-owner\]$/)]);
    await eventually(() => !filesIn(folder, '000001.hits').some((path) => path.includes(journal)));
    expect(readFileSync(target, 'utf8')).toBe(`${planted}\n`);
  });

  test('what is written never goes through a link', async () => {
    const folder = await leaveHits(['a', 'b']);
    const victim = join(temporaryFolder(), 'victim');
    writeFileSync(victim, 'mine');
    const [file = ''] = filesIn(folder, '.hits');
    const journal = dirname(file);
    symlinkSync(victim, file.replace(/hits$/, 'done'));
    const { delivery, sent, push } = spooledDelivery({ folder });
    push('first');
    await eventually(() => sent().includes('first'));
    const own = dirname(filesIn(folder, 'alive')[0] ?? '');
    for (const number of ['000002', '000003']) {
      symlinkSync(victim, join(own, `${number}.hits`));
      symlinkSync(victim, join(own, `${number}.done`));
    }
    rmSync(join(own, 'alive'));
    symlinkSync(victim, join(own, 'alive'));
    push('second');
    await eventually(() => delivery.counters.tracked === 2);
    await delivery.shutdown(1000);
    expect(readFileSync(victim, 'utf8')).toBe('mine');
    expect(journal).not.toBe(own);
  });

  test('a folder that every user can write to is used only if it has the sticky bit', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'other file'), '');
    chmodSync(folder, 0o777);
    const refused = spooledDelivery({ folder });
    await eventually(() => refused.logged.length > 0);
    expect(refused.logged).toEqual([expect.stringMatching(/no sticky bit.*\[spool-owner\]$/)]);
    refused.push('a');
    await eventually(() => refused.delivery.counters.tracked === 1);
    await refused.delivery.shutdown(1000); // else it would open the folder, too
    chmodSync(folder, 0o1777);
    const used = spooledDelivery({ folder });
    used.push('b');
    await eventually(() => used.delivery.counters.tracked === 1);
    expect(used.logged).toEqual([]);
    // A heartbeat deletes a file whose hits all have a result.
    expect(filesIn(folder, 'alive')).toHaveLength(1);
  });

  test('a system without users, such as Windows, checks none of this', async () => {
    const folder = await leaveHits(['a']);
    chmodSync(folder, 0o777);
    const { geteuid } = process;
    onTestFinished(() => void Object.assign(process, { geteuid }));
    Object.assign(process, { geteuid: undefined });
    const { sent, logged } = await nextProcess(folder);
    expect(sorted(sent())).toEqual(['a', 'next']);
    expect(problemsIn(logged)).toEqual([]);
  });

  test('a description or a visitor key that is a link is refused', async () => {
    const folder = await leaveHits(['a']);
    const description = join(folder, 'spool.json');
    const copy = join(temporaryFolder(), 'copy');
    renameSync(description, copy);
    symlinkSync(copy, description);
    const { logged } = spooledDelivery({ folder });
    await eventually(() => logged.length > 0);
    expect(logged).toEqual([expect.stringContaining('[spool-')]);
  });

  describe('as root, who can make files of other users', () => {
    requires('root');
    test("another user's files and journals are not read, and stay", async () => {
      const folder = await leaveHits(['a', 'b']);
      const [own = ''] = filesIn(folder, '.hits');
      const [other = ''] = filesIn(await leaveHits(['planted']), '.hits');
      const planted = own.replace('000001', '000002');
      copyFileSync(other, planted);
      chownSync(planted, OTHER_USER, OTHER_USER);
      const journal = join(folder, older(1));
      cpSync(dirname(other), journal, { recursive: true });
      chownSync(journal, OTHER_USER, OTHER_USER);
      const { sent, logged } = await nextProcess(folder);
      expect(sorted(sent())).toEqual(['a', 'b', 'next']);
      expect(problemsIn(logged)).toEqual([expect.stringMatching(/\[spool-owner\]$/)]);
      expect(filesIn(folder, '000002.hits')).toHaveLength(1);
      expect(filesIn(journal, '.hits')).toHaveLength(1);
    });

    test('a folder of a third user is refused', async () => {
      const folder = temporaryFolder();
      chownSync(folder, OTHER_USER, OTHER_USER);
      const { logged, push, delivery } = spooledDelivery({ folder });
      await eventually(() => logged.length > 0);
      expect(logged).toEqual([expect.stringMatching(/user 12345 owns it.*\[spool-owner\]$/)]);
      push('a');
      await eventually(() => delivery.counters.tracked === 1);
    });

    test('a folder of root that a group may write to is used by a member of the group', async () => {
      requires('setpriv');
      const user = ['setpriv', `--reuid=${OTHER_USER}`, `--regid=${OTHER_USER}`, '--clear-groups'];
      const canRead = canRun([
        ...user,
        process.execPath,
        '--check',
        join(ROOT, 'dist/esm/index.js'),
      ]);
      skipTest(
        canRead ? undefined : 'Another user cannot read the files of this package.',
        'setpriv',
      );
      const folder = temporaryFolder();
      chownSync(folder, 0, OTHER_USER);
      chmodSync(folder, 0o770);
      const env = { MATOMO_URL: 'http://127.0.0.1:9/', MATOMO_SPOOL: folder };
      const worker = startSpoolWorker(env, user);
      await worker.request(3);
      await eventually(async () => (await worker.stats()).spooled === 3, {
        describe: () => worker.stderr(),
      });
      expect(worker.stderr()).not.toContain('[spool-owner]');
    });
  });
});

/** Whether a command that reads the repository can be run here. */
function canRun([command = '', ...args]: readonly string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe('a folder that the system cannot create', () => {
  requires('file modes'); // on Windows, it can

  test('is not used, and the process goes on', async () => {
    const APP = `require('opentelemetry-matomo/register');
      require('node:http').createServer().listen();`;
    const MATOMO_URL = 'http://127.0.0.1:1';
    const env = { MATOMO_URL, MATOMO_SITE_ID: '1', MATOMO_SPOOL: '/proc/missing/spool' };
    const app = startNode(['--eval', APP], { env }); // `recursive` of `mkdirSync` would never return
    await eventually(() => app.stderr().includes('[spool-not-used]'));
    await app.stop();
  });
});
