import { annotate } from 'opentelemetry-matomo';
import { Link, Links, Outlet, Scripts } from 'react-router';

const named = ({ request, pattern }) => {
  annotate({ action_name: `${request.method} /${pattern.replace(/^\//, '')}` });
};

export const middleware = process.env.ROUTES ? [named] : [];

export default function Root() {
  return (
    <html lang="en">
      <head>
        <Links />
      </head>
      <body>
        <Link prefetch="render" to="/users/bob">
          Bob
        </Link>
        <Link to="/users/carl">Carl</Link>
        <Outlet />
        <Scripts />
      </body>
    </html>
  );
}
