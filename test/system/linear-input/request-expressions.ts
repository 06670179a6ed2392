/** What the search looks for: loops, and methods that take an expression or go through a text or a list. */
export const SEARCH =
  /(?<!\.)\b(?:for|while) ?\(|\.(?:replace|replaceAll|match|matchAll|test|exec|split|reduce|search)\(|new RegExp\(/;

/**
 * The folders in which requests, spans and annotations are read. `src/options` reads configuration only, `src/register` what an SDK has:
 * a search there finds nothing that sees what callers send.
 */
export const PLACES = [
  'src/hit',
  'src/requests',
  'src/common/generation-cache.ts',
  'src/common/recent-texts.ts',
  'src/track.ts',
  'src/pipeline/option-callbacks.ts',
  'src/pipeline/hit-pipeline.ts',
  'src/span-exporter.ts',
  'src/span-processor.ts',
] as const;

/** For each file how many lines the search finds, and why they are linear. The rows run what can be long. */
export const EXPRESSIONS: Readonly<Record<string, readonly [lines: number, reason: string]>> = {
  'src/track.ts': [
    6,
    'over the notes of one request, one for each processor; each parameter of a call once',
  ],
  'src/common/recent-texts.ts': [1, 'ends after 16 characters'],
  'src/hit/annotation-facts.ts': [2, 'each variable once'],
  'src/hit/further-hit.ts': [2, 'each parameter once'],
  'src/hit/known-fields.ts': [1, 'each parameter once, until they have 500 characters'],
  'src/hit/order.ts': [1, 'each item once, at most 32,000 characters of them'],
  'src/hit/request-timings.ts': [3, 'six timings, each annotation once'],
  'src/hit/sampling.ts': [1, 'each annotation once'],
  'src/requests/give-hit.ts': [1, 'one for each processor'],
  'src/requests/span-hit-events.ts': [3, 'each event and each of its attributes once'],
  'src/requests/hit-owner.ts': [1, 'one for each processor'],
  'src/requests/track-requests.ts': [1, 'each event once'],
  'src/pipeline/option-callbacks.ts': [2, 'over configured options'],
  'src/hit/action-name.ts': [2, 'over the parts of a configured template'],
  'src/hit/catch-all-route.ts': [
    6,
    'a route of at most 100 characters; anchored, the classes exclude what ends them',
  ],
  'src/hit/graphql-operation.ts': [2, 'anchored at the end of one class, or a fixed text'],
  'src/hit/title-path.ts': [
    5,
    'of 2,048 characters, each segment once, anchored; no class holds what follows it',
  ],
  'src/hit/trpc-procedure.ts': [2, 'split once; anchored and capped'],
  'src/hit/client-hints.ts': [
    3,
    'sticky, or anchored with a class that excludes the quote at its end',
  ],
  'src/hit/custom-variables.ts': [1, 'ends at the number of slots'],
  'src/hit/dimensions.ts': [2, 'split of a URL that is cut already'],
  'src/hit/find-ignore-reason.ts': [1, 'patterns of users see 2,048 characters'],
  'src/hit/finish-hit.ts': [4, 'each parameter once'],
  'src/hit/local-host.ts': [
    2,
    'of a host of at most 259 characters, anchored with a class that excludes the dot',
  ],
  'src/hit/mask-address.ts': [4, 'of a text that is an IP address'],
  'src/hit/nearest-name.ts': [3, 'only for a name of nearly the same length as a known one'],
  'src/hit/origin.ts': [6, 'lists are split once, at most 100 hops of at most 128 characters'],
  'src/hit/overrides.ts': [2, 'each parameter once'],
  'src/hit/page-url.ts': [
    7,
    'anchored with classes that exclude what ends them, or single characters; a host is cut first',
  ],
  'src/hit/parameter-value.ts': [3, 'anchored with classes that exclude what ends them'],
  'src/hit/proxy-trust.ts': [2, 'configuration'],
  'src/hit/query-policy.ts': [
    13,
    'each pair once; what a pattern sees has at most 1,024 characters or excludes what ends it',
  ],
  'src/hit/redact-path.ts': [3, 'patterns of users see 2,048 characters'],
  'src/hit/route-details.ts': [1, 'two places'],
  'src/hit/site-id.ts': [1, 'anchored, of what an application returns'],
  'src/hit/text.ts': [7, 'anchored, single characters, or ends at the limit of a parameter'],
  'src/hit/hit-builder.ts': [1, 'each layer of parameters once'],
  'src/hit/tracking-parameters.ts': [1, 'anchored, four characters at most'],
  'src/hit/url-pairs.ts': [9, 'split once; the classes exclude what ends them'],
  'src/hit/ai-chatbots.ts': [3, 'alternatives of fixed texts'],
  'src/hit/ai-chatbot-hit.ts': [4, 'anchored; each parameter once'],
  'src/hit/document-type.ts': [4, 'a type is cut first; alternatives of fixed texts'],
  'src/hit/request-fields.ts': [1, 'at most ten pairs of status and method'],
  'src/hit/simple-path.ts': [1, 'single characters, or a fixed text; a path of at most 500'],
  'src/hit/response-size.ts': [2, 'six attributes; anchored, ten digits at most'],
  'src/hit/bots.ts': [3, 'alternatives of fixed texts'],
  'src/hit/visitor-cookie.ts': [2, 'begins at `;` only, and no class goes beyond the next one'],
  'src/requests/assemble-requests.ts': [9, 'each span once, what is known of its parent is kept'],
  'src/requests/captured-requests.ts': [
    3,
    'one for each processor; channels, one for each framework that announces routes',
  ],
  'src/hit/decode-latin1.ts': [1, 'single characters'],
  'src/requests/read-request.ts': [1, 'anchored, each part capped'],
  'src/requests/finished-span.ts': [2, 'anchored with a class that excludes what ends it'],
  'src/requests/measure-responses.ts': [1, 'anchored at lines; the class excludes their ends'],
  'src/requests/read-headers.ts': [
    2,
    'of the name of a header that the application asks for; each attribute once',
  ],
  'src/requests/node-request.ts': [1, 'anchored, at most five digits'],
  'src/requests/request-record.ts': [3, 'each attribute once'],
  'src/requests/routes/express.ts': [2, 'a template of the application; a path is split once'],
  'src/requests/routes/index.ts': [1, 'over frameworks'],
  'src/requests/trace-index.ts': [
    2,
    'at most 64 requests of one trace; each listed request is indexed at most once',
  ],
  'src/span-exporter.ts': [1, 'each request once'],
};
