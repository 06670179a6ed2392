import { describe, expect, test } from 'vitest';
import { EXPORTS_SPANS, TRACINGS, TRACKED, traceApplication } from '../support/exported-spans.js';
import { matomo, titles } from '../support/registered-app.js';

describe.each(Object.entries(TRACKED))('with %s', (_name, { preloads, settings }) => {
  test.each(TRACINGS)(
    'an application that is traced %s has the traces, headers and globals that it has without',
    async (_how, flags, setUp, paths, spans) => {
      const { inspector, env: site } = await matomo();
      const env = { ...setUp, ...site, MATOMO_SCHEDULE_DELAY: '0' };
      const alone = await traceApplication([...flags, EXPORTS_SPANS], paths, { env });
      const beside = await traceApplication([...flags, ...preloads, EXPORTS_SPANS], paths, {
        env: { ...env, ...settings },
      });
      expect(alone.spans).toHaveLength(spans);
      expect(beside).toEqual(alone);
      expect(titles(inspector)).toHaveLength(paths.length + 2);
    },
  );
});
