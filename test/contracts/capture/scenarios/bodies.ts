import { post, type Scenario } from '../scenario.js';

const FORM = [
  '--line\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n',
  '--line\r\nContent-Disposition: form-data; name="f"; filename="f.txt"\r\n',
  'Content-Type: text/plain\r\n\r\nsome text\r\n',
  '--line--\r\n',
].join('');
const HEADERS = { 'content-type': 'multipart/form-data; boundary=line' };

/** How bodies are read that arrive when their handlers have begun, of clients that send at once. */
export const BODIES: readonly Scenario[] = [
  ...['when the body is readable', 'with a pipeline', 'with for await'],
  ...['with busboy', 'with formidable', 'with multer'],
].map((how) => {
  const path = `/reads-${how.replaceAll(' ', '-')}`;
  return {
    name: `a handler that reads ${how}`,
    does: `reads ${how}`,
    needs: ['HTTP/1.1'],
    sendsAtOnce: true,
    sends: ['a', 'b'].map((name) =>
      post(`${path}?${name}`, FORM, { headers: HEADERS, isBodyLate: true }),
    ),
    hits: ['a', 'b'].map((name) => ({
      hit: `POST ${path} 200`,
      params: { url: new RegExp(`\\?${name}$`), dimension5: name, dimension6: name },
    })),
  };
});
