import { annotate } from 'opentelemetry-matomo';
import { Outlet } from 'react-router';

const named = ({ request, pattern }) => {
  annotate({ action_name: `${request.method} /${pattern.replace(/^\//, '')}` });
};

export const middleware = process.env.ROUTES ? [named] : [];

export default function Root() {
  return (
    <html lang="en">
      <body>
        <Outlet />
      </body>
    </html>
  );
}
