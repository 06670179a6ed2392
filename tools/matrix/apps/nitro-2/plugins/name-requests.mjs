import { annotate } from 'opentelemetry-matomo';

const named = ({ hooks }) => {
  const name = ({ method, context }) => {
    const route = context.matchedRoute?.path;
    if (route) annotate({ action_name: `${method} ${route}` });
  };
  hooks.hook('beforeResponse', name);
  hooks.hook('error', (_error, { event }) => event && name(event));
};

export default process.env.ROUTES ? named : () => undefined;
