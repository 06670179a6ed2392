// Makes a hit for Matomo's AI chatbot reports of each hit whose user agent is ChatGPT-User, on its way into delivery.
const MARK = '&recMode=1';

/** `Delivery`: the class that the span processor uses. */
export function markChatbots(Delivery) {
  const { push } = Delivery.prototype;
  Delivery.prototype.push = function pushMarked(hit) {
    return push.call(this, {
      endedMillis: hit.endedMillis,
      bytes: hit.bytes,
      isFinal: (nowMillis) => hit.isFinal(nowMillis),
      finalize: (epochMillis) => hit.finalize(epochMillis).map(mark),
    });
  };
}

function mark(hit) {
  const isMarked = !/[?&]ua=[^&]*ChatGPT-User/.test(hit.query) || hit.query.includes(MARK);
  return isMarked ? hit : { ...hit, query: hit.query + MARK };
}
