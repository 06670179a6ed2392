/** `register`, and what traces an application by a flag alone. */
export const OURS = 'opentelemetry-matomo/register';
export const AUTO = '@opentelemetry/auto-instrumentations-node/register';

/**
 * The cell of a server that listens by itself. `app` is its file in `apps/`, or the arguments of Node.js. `preloads` are the flags of an
 * agent. With `isAuto`, auto-instrumentations trace the application; one that `isTraced` has an exporter of its own. One that has the
 * processor in its code needs no `register`, and is compared with the application `without`. All else is passed on.
 */
export function toCell({ app, preloads = [], env, isAuto, isTraced = isAuto, without, ...cell }) {
  const { requests, client, before, ...rest } = cell;
  const [file, ...more] = [app].flat();
  const flag = file.endsWith('.cjs') ? '--require' : '--import';
  const toArgs = (isWith) => {
    if (without && !isWith) return [without];
    const ours = isWith && !without ? [flag, OURS] : [];
    return [...preloads, ...ours, ...(isAuto ? [flag, AUTO] : []), file, ...more];
  };
  // An application that traces itself sends its own spans when its server is closed.
  const ending = isTraced ? { CLOSE_AT_SIGTERM: '1' } : {};
  return {
    titles: {},
    ...rest,
    command: (isWith) => ({
      args: toArgs(isWith),
      env: { ...env, ...ending },
      requests,
      client,
      before,
    }),
  };
}
