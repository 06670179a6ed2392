import { annotate } from 'opentelemetry-matomo';

const named = ({ request, routePattern }, next) => {
  const isErrorPage = routePattern === '/404' || routePattern === '/500';
  if (!isErrorPage) annotate({ action_name: `${request.method} ${routePattern}` });
  return next();
};

const plain = (_context, next) => next();

export const onRequest = process.env.ROUTES ? named : plain;
