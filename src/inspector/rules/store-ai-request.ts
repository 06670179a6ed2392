import type { AiRequest } from '../inspected-hit.js';
import {
  AI_REQUEST_COLUMNS,
  isStoredDocument,
  toCleanUrl,
  toRawUrl,
} from './ai-request-columns.js';
import { INVALID_CELL } from './cell.js';
import { dropped, type HitOutcome } from './hit-outcome.js';
import type { Parameters } from './read-tracker-request.js';
import type { RowTransaction } from './row-memory.js';
import { shareRow } from './share-row.js';

/** What the row depends on besides the parameters. */
export interface AiRequestContext {
  readonly siteId: number;
  /** Epoch seconds. */
  readonly time: number;
  readonly name: string;
  /** The URL of the page, or the Referer that replaces it. */
  readonly pageUrl: string;
  readonly cleansUrls: boolean;
  readonly rows: RowTransaction;
}

/**
 * Builds the row of a request by an AI chatbot. If a value does not fit, only this row is lost: Matomo ignores the error and
 * counts the hit as tracked.
 */
export function storeAiRequest(parameters: Parameters, context: AiRequestContext): HitOutcome {
  const cells = Object.entries(AI_REQUEST_COLUMNS).map(
    ([name, toCell]) => [name, toCell(parameters[name])] as const,
  );
  const invalidCell = cells.find(([, cell]) => cell === INVALID_CELL);
  if (invalidCell !== undefined)
    return dropped(`${invalidCell[0]}: does not fit its column, the row is lost`);
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
      ? { reason: 'url: not stored by Matomo, so it is in no URL report' }
      : {}),
  };
}
