import { createFindReported, type MatomoVersion } from '../../hit/bots/bots.js';
import type { AiRequest } from '../inspected-hit.js';
import { type Cell, findMisfit, INVALID_CELL, toNameCell, toText, withoutNull } from './cell.js';
import { dropped, type HitOutcome, type JudgedHit } from './judged-hit.js';
import { cutStoredCharacters, escapeHtml, isBroken, type ParameterValue } from './php-values.js';
import { splitUrl } from './read-url.js';
import { cleanUrl, toBotActionUrl } from './tracked-url.js';
import { shareRow } from './tracker-memory.js';

/**
 * Builds the row of a request by an AI chatbot. If a value does not fit, only this row is lost: Matomo ignores the error and
 * counts the hit as tracked.
 */
export function storeAiRequest(
  { parameters, siteId, time, pageUrl, rows }: JudgedHit,
  name: string,
  cleansUrls: boolean,
): HitOutcome {
  const cells = Object.entries(AI_REQUEST_COLUMNS).map(
    ([column, toCell]) => [column, toCell(parameters[column])] as const,
  );
  const misfit = findMisfit(cells);
  if (misfit !== undefined) return dropped(`${misfit}, the row is lost`);
  const columns = Object.fromEntries(cells);
  const kind = toText(parameters.download) !== '' ? 'document' : 'page';
  const toUrl = kind === 'page' && cleansUrls ? toCleanUrl : toRawUrl;
  const url = toUrl(kind === 'page' ? pageUrl : parameters.download);
  const aiRequest = withoutNull({
    site: siteId,
    time,
    name,
    kind,
    url: url === undefined ? undefined : shareRow(kind, url, rows),
    statusCode: columns.http_status,
    bytes: columns.bw_bytes,
    millis: columns.pf_srv,
    source: columns.source,
  }) as AiRequest;
  const noUrl = 'url: not stored by Matomo, so it is in no URL report';
  const reason = url === undefined ? noUrl : undefined;
  return withoutNull<HitOutcome>({ verdict: 'ai_chatbot', stored: null, aiRequest, reason });
}

const MAX_SMALLINT = 65_535; // smallint unsigned
const MAX_INT = 4_294_967_295; // int unsigned
const MAX_PHP_INT = 2n ** 63n - 1n;
const MAX_SOURCE_CHARACTERS = 50;

/** The columns of `log_bot_request` that a strict database can refuse, by parameter. */
const AI_REQUEST_COLUMNS: Readonly<
  Record<'http_status' | 'bw_bytes' | 'pf_srv' | 'source', (value: ParameterValue) => Cell>
> = {
  http_status: (value) => toUnsignedCell(value, MAX_SMALLINT),
  bw_bytes: (value) => toUnsignedCell(value, MAX_INT),
  pf_srv: (value) => toUnsignedCell(value, MAX_INT),
  source: toSourceCell,
};

/** A whole number in canonical form (`142`, not `0142`, `142.0`, `1e3`). Anything else is NULL. */
function toUnsignedCell(value: ParameterValue, max: number): Cell {
  const text = toText(value).replaceAll('\0', '');
  if (!/^(?:0|[1-9]\d{0,18})$/.test(text) || BigInt(text) > MAX_PHP_INT) return undefined;
  return Number(text) <= max ? Number(text) : INVALID_CELL;
}

/** Spaces after the 50th character are cut without an error, as in any VARCHAR. */
function toSourceCell(value: ParameterValue): Cell {
  const source = toText(value).replaceAll('\0', '');
  if (source === '') return undefined;
  const cut = cutStoredCharacters(source, MAX_SOURCE_CHARACTERS);
  return /^ *$/.test(source.slice(cut.length)) ? cut : INVALID_CELL;
}

/** A document, or a page in a Matomo that does not clean URLs: as it was sent, escaped for HTML. */
function toRawUrl(value: ParameterValue): string | undefined {
  const url = withPlainPrefix(escapeHtml(toText(value)));
  const name = toNameCell(url, (text) => text.replace(PREFIX, ''));
  return typeof name === 'string' ? url : undefined;
}

/** A page as Matomo 5.12 stores it: cleaned like the URL of a visit, but also stored if it has no scheme. */
function toCleanUrl(value: ParameterValue): string | undefined {
  const parts = splitUrl(cleanUrl(toText(value)));
  const url = parts && toBotActionUrl(parts);
  if (url === undefined || url === '' || url === '0' || isBroken(url)) return undefined;
  return withPlainPrefix(url);
}

/** The part of a URL that Matomo stores separately, in lower case. */
const PREFIX = /^https?:\/\/(?:www\.)?/i;

function withPlainPrefix(url: string): string {
  return url.replace(PREFIX, (prefix) => prefix.toLowerCase());
}

export interface ChatbotRules extends ReturnType<typeof toChatbotRules> {}

/** How a version of Matomo handles hits by AI chatbots. Without the plugin BotTracking it knows no names. */
export function toChatbotRules(version: MatomoVersion, botTracking: boolean) {
  const hasChatbots = version !== '5.6';
  return {
    readsRecMode: hasChatbots,
    /** Whether it cuts the URL of a page, and removes campaign parameters and the fragment. */
    cleansUrls: hasChatbots && version !== '5.7' && version !== '5.8',
    /** Whether referrers that are AI assistants have a type of their own. */
    findsAssistants: hasChatbots,
    /** The name under which it reports a user agent; `undefined` if it does not know it. */
    findName: botTracking ? createFindReported(version) : () => undefined,
  };
}
