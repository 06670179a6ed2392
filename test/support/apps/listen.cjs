/** Prints the URL of a server, which listens from now on. */
module.exports = function listen(listener) {
  const server = listener.listen(process.env.PORT, '127.0.0.1', () => {
    process.stdout.write(`http://127.0.0.1:${server.address().port}\n`);
  });
};
