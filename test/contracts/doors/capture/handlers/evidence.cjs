const typed =
  (type, body = '{}') =>
  () => ({ headers: { 'content-type': type }, body });

let times = 0;

module.exports = {
  'a page': typed('text/html', '<p>page</p>'),
  /** Of one scenario. */
  'fails the second time'() {
    times += 1;
    return {
      status: times === 1 ? 200 : 500,
      headers: { 'content-type': 'application/json' },
      body: '{}',
    };
  },
};
