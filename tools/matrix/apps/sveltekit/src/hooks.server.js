import { annotate } from 'opentelemetry-matomo';

const named = ({ event, resolve }) => {
  const { id } = event.route;
  if (id && !event.isSubRequest) annotate({ action_name: `${event.request.method} ${id}` });
  return resolve(event);
};

const plain = ({ event, resolve }) => resolve(event);

export const handle = process.env.ROUTES ? named : plain;
