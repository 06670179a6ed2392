import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { eventually, startProgram } from './child-process.js';
import { temporaryFolder } from './temporary-folder.js';

/** Runs nginx with a `server` block, which listens on that port, until the test has finished. */
export async function startNginx(server: string, port: number): Promise<void> {
  const folder = temporaryFolder();
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${join(folder, name)};`)
    .join(' ');
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off; master_process off; pid ${join(folder, 'pid')}; events {}
    http { access_log off; ${temporary} ${server} }`,
  );
  void startProgram(['nginx', '-p', folder, '-e', 'stderr', '-c', join(folder, 'nginx.conf')]);
  await eventually(async () => {
    const socket = connect(port, '127.0.0.1');
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    return isOpen;
  });
}
