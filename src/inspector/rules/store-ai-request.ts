import type { AiRequest } from '../inspected-hit.js';
import {
  AI_REQUEST_COLUMNS,
  isStoredDocument,
  toCleanUrl,
  toRawUrl,
} from './ai-request-columns.js';
import { UNFIT } from './cell.js';
import { dropped, type HitOutcome } from './hit-outcome.js';
import type { Parameters } from './read-tracker-request.js';
import type { RowTransaction } from './row-memory.js';
import { shareRow } from './share-row.js';

/** What decides on the row besides the parameters. */
export interface AiRequestContext {
  readonly siteId: number;
  /** Epoch seconds. */
  readonly time: number;
  readonly name: string;
  /** The URL of the page, or what is taken for it. */
  readonly pageUrl: string;
  readonly cleansUrls: boolean;
  readonly rows: RowTransaction;
}

/**
 * Makes the row of a request by an AI chatbot. A value that does not fit loses this row and nothing else: Matomo
 * swallows the error, and counts the hit as tracked.
 */
export function storeAiRequest(parameters: Parameters, context: AiRequestContext): HitOutcome {
  const cells = Object.entries(AI_REQUEST_COLUMNS).map(
    ([name, toCell]) => [name, toCell(parameters[name])] as const,
  );
  const unfit = cells.find(([, cell]) => cell === UNFIT);
  if (unfit !== undefined) return dropped(`${unfit[0]}: does not fit its column, the row is lost`);
  const columns = Object.fromEntries(cells);
  const kind = isStoredDocument(parameters) ? 'document' : 'page';
  const url =
    kind === 'document'
      ? toRawUrl(parameters.download)
      : context.cleansUrls
        ? toCleanUrl(context.pageUrl)
        : toRawUrl(context.pageUrl);
  const row = {
    site: context.siteId,
    time: context.time,
    name: context.name,
    kind,
    url: url === undefined ? undefined : shareRow(kind, url, context.rows),
    statusCode: columns.http_status,
    bytes: columns.bw_bytes,
    millis: columns.pf_srv,
    source: columns.source,
  };
  const known = Object.entries(row).filter(([, value]) => value !== undefined);
  const aiRequest = Object.fromEntries(known) as unknown as AiRequest;
  return {
    verdict: 'ai_chatbot',
    stored: null,
    aiRequest,
    ...(url === undefined
      ? { reason: 'url: none that Matomo stores, so it is in no URL report' }
      : {}),
  };
}
