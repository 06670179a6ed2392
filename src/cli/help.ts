/** Shown without a command. */
export const OVERVIEW = `opentelemetry-matomo: every HTTP request becomes a hit in Matomo

  npx opentelemetry-matomo setup     prepares Matomo to store status and method
  npx opentelemetry-matomo doctor    finds out why nothing arrives in Matomo
  npx opentelemetry-matomo inspect   shows hits, without Matomo
  npx opentelemetry-matomo gateway   tracks services in other languages

COMMAND --help explains a command, also pseudonym.
`;

/** Shown by `COMMAND --help`. */
export const HELP: ReadonlyMap<string, string> = new Map(
  Object.entries({
    doctor: `npx opentelemetry-matomo doctor [--json] [--send] [--goals IDS]

Finds out why nothing arrives in Matomo. Run it in the folder of the application
with the environment of the application. It sends questions to Matomo, which
stores nothing without --send. If MATOMO_SITE_ID names several sites, each is
checked.

  --json   one JSON object: { version, ok, findings }, or { error }
  --send   stores one page view, titled "opentelemetry-matomo doctor"
  --goals  IDs of goals that the application uses, separated by commas: finds
           those that the site does not have

Exit codes: 0, 1 if something prevents hits from being stored, 2 usage.
`,
    setup: `npx opentelemetry-matomo setup [options]

Prepares the site MATOMO_SITE_ID at MATOMO_URL to store status, method and
route, and prints what to configure. Shows a plan and asks before it changes
anything. Running it again changes nothing. It deletes nothing.

  --yes, --dry-run      applies the plan without asking; shows the plan only
  --json                { plan, applied, environment } instead of text
  --goal NAME=PATTERN   a goal for URLs that contain the pattern; repeatable
  --segments            visits with a server error, a 404, or no user ID
  --consumers           dimensions "Client" and "Client version"
  --mcp                 dimensions "Tool" and "MCP client", and a segment
  --auto-archive        segments are computed when Matomo archives reports
  --weekly-report EMAIL sends titles, failures and users every Monday
  --create-site NAME --site-url URL
                        a new site instead of MATOMO_SITE_ID (super user)
  --token-file FILE     token of a user with write access. Without it, the token
                        is read from MATOMO_SETUP_TOKEN, MATOMO_TOKEN_AUTH,
                        MATOMO_TOKEN_AUTH_FILE, or a prompt without echo

Exit codes: 0 done or nothing to do, 1 rejected or failed, 2 usage, 3 something
is blocked: the end of the output says what, and who can change that.
`,
    inspect: `npx opentelemetry-matomo inspect [--port 8080] [--host 127.0.0.1]
                [--dimensions IDS] [--custom-variables]

The inspector: a local server that answers as Matomo's tracker does. It prints
each hit as Matomo would store it, and shows all of them on a page. Ctrl-C ends
it.

  --port N            port to listen on, 0 for any free one (default 8080)
  --host ADDRESS      address to listen on (default 127.0.0.1)
  --dimensions IDS    custom dimensions that exist, separated by commas (default
                      1 to 5)
  --custom-variables  stores custom variables, as if the plugin were installed
`,
    pseudonym: `npx opentelemetry-matomo pseudonym

Prints the user ID that requests with a key get, if MATOMO_USER_ID is a header
or a claim such as jwt.sub. Reads the key, or the value of the claim, without
echo, or the first line of a pipe. Run it with the variables of the
application: MATOMO_USER_ID, MATOMO_PRIVACY, MATOMO_VISITOR_KEY and
MATOMO_TOKEN_AUTH.

Exit codes: 0, 1 requests with this value have no user ID, 2 usage.
`,
    gateway: `npx opentelemetry-matomo gateway [--listen ADDRESS:PORT]

Receives spans of services in any language by OTLP/HTTP, and sends a hit for
each HTTP request. The MATOMO_* variables configure it. SIGTERM, SIGINT or
SIGHUP flushes and ends it.

  --listen  address and port (default 127.0.0.1:4318)
`,
  }),
);

/** Printed below each help text. */
export const HELP_END =
  '\nMessages end with a [code], which docs/messages.md in this package explains.\n';
