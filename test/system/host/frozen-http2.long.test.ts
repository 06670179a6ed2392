import { once } from 'node:events';
import { connect } from 'node:http2';
import { describe, expect, test } from 'vitest';
import { eventually } from '../../support/child-process.js';
import { sampled } from '../../support/long.js';
import { installNodeBeforeTests } from '../../support/matrix.js';
import { APPS } from '../../support/registered-app.js';
import { preload, STARTS, startHost } from './hosts.js';

describe.each(sampled([24], [22, 24]))('Node.js %d', (major) => {
  const findNode = installNodeBeforeTests(major);
  test('with frozen prototypes, the name of a header can be that of a property which all objects have', async () => {
    const { receiver, app } = await startHost(
      [...STARTS, ...preload('freeze'), `${APPS}/host/http2.cjs`],
      { node: findNode() },
    );
    const client = connect(app.url);
    await once(client.request({ ':path': '/1', constructor: 'x' }).resume(), 'end');
    client.close();
    await eventually(() => receiver.tracked().length > 0, { describe: app.stderr });
    expect(await app.stop()).toEqual({ code: null, signal: 'SIGTERM' });
    expect(receiver.tracked()).toEqual(['1']);
    expect(app.stderr()).toBe('');
  });
});
