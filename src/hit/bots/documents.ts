import { FIRST_FAILED_STATUS } from '../page/title.js';

/** Matches PDF, office documents, archives, EPUB, CSV, audio and video. HTML, JSON, XML, plain text and Markdown are pages. */
const DOCUMENT_TYPES: readonly RegExp[] = [
  /^(?:audio|video)\//,
  /^application\/(?:pdf|msword|rtf|csv|gzip|zip|zstd|epub\+zip|x-mobipocket-ebook|vnd\.rar|vnd\.amazon\.ebook)$/,
  /^application\/(?:vnd\.ms-(?:excel|powerpoint|word)|vnd\.openxmlformats-officedocument\.|vnd\.oasis\.opendocument\.)/,
  /^application\/x-(?:7z-compressed|bzip2?|gzip|rar-compressed|rar|tar|xz|zip-compressed)$/,
  /^text\/(?:csv|rtf|tab-separated-values)$/,
];

/** Matches generic types, which do not describe a file. */
const ANY_FILE: RegExp =
  /^(?:application|binary)\/(?:octet-stream|force-download|x-download|download)$/;

const DOCUMENT_EXTENSION =
  /\.(?:pdf|doc[xm]?|dotx?|rtf|od[tspg]|xls[xmb]?|csv|tsv|pp[ts]x?|pptm|epub|mobi|azw3?|zip|g?z|tgz|bz2|xz|7z|rar|tar|zst|mp[34]|m4[av]|aac|flac|og[gav]|opus|wav|mov|avi|mkv|mpe?g|wmv|webm)$/i;

const PARTIAL_CONTENT = 206;
const FIRST_PART = /^\s*bytes\s*=\s*0+\s*-/i;
/** Longer content types are cut before they are parsed. */
const MAX_TYPE_LENGTH = 200;

/**
 * Whether Matomo counts a response as a document instead of a page. The content type decides. If the content type is unknown, generic, or
 * that of an error page, the file extension decides.
 */
export function isDocument(
  path: string,
  statusCode: number,
  contentType: string | undefined,
): boolean {
  const type = mediaTypeOf(contentType);
  const isKnown = type !== '' && !ANY_FILE.test(type);
  if (isKnown && statusCode < FIRST_FAILED_STATUS)
    return DOCUMENT_TYPES.some((known) => known.test(type));
  return DOCUMENT_EXTENSION.test(path);
}

function mediaTypeOf(contentType = ''): string {
  const [type = ''] = contentType.slice(0, MAX_TYPE_LENGTH).split(';', 1);
  return type.trim().toLowerCase();
}

/** Whether a response is a part of a document that does not begin with its first byte. */
export function isLaterPart(statusCode: number, range = ''): boolean {
  return statusCode === PARTIAL_CONTENT && !FIRST_PART.test(range);
}
