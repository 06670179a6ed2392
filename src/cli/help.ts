/** The text that is shown without a command. */
export const OVERVIEW = `opentelemetry-matomo: every HTTP request becomes a hit in Matomo

  npx opentelemetry-matomo setup     prepares Matomo to store status and method
  npx opentelemetry-matomo doctor    finds out why nothing arrives in Matomo
  npx opentelemetry-matomo inspect   shows hits, without Matomo
  npx opentelemetry-matomo gateway   tracks services in other languages

COMMAND --help explains a command, also pseudonym.
`;

/** The texts that `COMMAND --help` shows. */
export const HELP: ReadonlyMap<string, string> = new Map(
  Object.entries({
    doctor: `npx opentelemetry-matomo doctor [--json] [--send]

Finds out why nothing arrives in Matomo. Run it in the folder of the application
with the environment of the application. It sends questions to Matomo, which
stores nothing without --send. If MATOMO_SITE_ID names several sites, each is
checked.

  --json  one JSON object: { version, ok, findings }, or { error }
  --send  stores one page view, titled "opentelemetry-matomo doctor"

Exit codes: 0, 1 if something prevents hits from being stored, 2 usage.
`,
    setup: `npx opentelemetry-matomo setup [--yes] [--dry-run]

Creates the custom dimensions that the site MATOMO_SITE_ID at MATOMO_URL lacks
to store status, method and route, and prints what to configure. Shows a plan
and asks before it changes anything. Running it again changes nothing. It
deletes nothing.

The token of a user with write access is read from MATOMO_SETUP_TOKEN,
MATOMO_TOKEN_AUTH, MATOMO_TOKEN_AUTH_FILE, or a prompt without echo.

  --yes      applies the plan without asking
  --dry-run  shows the plan only

Exit codes: 0 done or nothing to do, 1 rejected or failed, 2 usage, 3 something
is blocked: the plan says what, and who can change that.
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

/** The end of each help text. */
export const HELP_END =
  '\nMessages end with a [code], which docs/messages.md in this package explains.\n';
