// Bodies that are read by streams and libraries. Each callback says whose it is, in a dimension of its own.
const { PassThrough, pipeline } = require('node:stream');
const busboy = require('busboy');
const { formidable } = require('formidable');
const multer = require('multer');
const { annotate } = require('opentelemetry-matomo');

/** Resolves when `read` calls `end`. What it marks has the search of the URL. */
const reads =
  (read) =>
  ({ request, response, url }) => {
    const mark = (dimension) => annotate({ [`dimension${dimension}`]: url.split('?')[1] });
    return new Promise((resolve) => {
      const end = () => {
        mark(6);
        resolve();
      };
      read({ request, response, mark, end });
    });
  };

module.exports = {
  'reads when the body is readable': reads(({ request, mark, end }) => {
    request.on('readable', () => {
      mark(5);
      while (request.read() !== null);
    });
    request.on('end', end);
  }),
  'reads with a pipeline': reads(({ request, mark, end }) => {
    pipeline(
      request,
      new PassThrough().on('data', () => mark(5)),
      end,
    );
  }),
  'reads with for await': reads(async ({ request, mark, end }) => {
    for await (const _chunk of request) mark(5);
    end();
  }),
  'reads with busboy': reads(({ request, mark, end }) => {
    const parser = busboy({ headers: request.headers });
    parser.on('file', (_name, file) => file.on('data', () => mark(5)));
    parser.on('close', end);
    request.pipe(parser);
  }),
  'reads with formidable': reads(({ request, mark, end }) => {
    const form = formidable({ fileWriteStreamHandler: () => new PassThrough().resume() });
    form.on('field', () => mark(5));
    form.parse(request, end);
  }),
  'reads with multer': reads(({ request, response, mark, end }) => {
    multer().any()(request, response, () => {
      mark(5);
      end();
    });
  }),
};
