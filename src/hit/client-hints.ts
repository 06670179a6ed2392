/** Reads a request header by its lower-case name. */
type ReadHeader = (name: string) => string | undefined;

/** `uadata` from `Sec-CH-UA*` headers: the JSON that Matomo's JavaScript tracker sends of the same facts. */
export function readClientHints(header: ReadHeader): string | undefined {
  const list = header('sec-ch-ua');
  if (list === undefined) return undefined;
  const brands = readBrands(list);
  if (brands.length === 0) return undefined;
  const fullVersionList = readBrands(header('sec-ch-ua-full-version-list'));
  const mobile = header('sec-ch-ua-mobile');
  return JSON.stringify({
    brands,
    ...(fullVersionList.length > 0 && { fullVersionList }),
    ...(mobile !== undefined && { mobile: mobile === '?1' }),
    ...textFact('model', header('sec-ch-ua-model')),
    ...textFact('platform', header('sec-ch-ua-platform')),
    ...textFact('platformVersion', header('sec-ch-ua-platform-version')),
  });
}

/** `"Chromium";v="130", "Not?A_Brand";v="99"`. */
function readBrands(list: string | undefined): { brand: string; version: string }[] {
  const items = (list ?? '').matchAll(/"((?:[^"\\]|\\.)*)"\s*;\s*v="((?:[^"\\]|\\.)*)"/g);
  return Array.from(items, ([, brand = '', version = '']) => ({
    brand: unquote(brand),
    version: unquote(version),
  }));
}

function textFact(name: string, quoted: string | undefined): Record<string, string> {
  const text = quoted?.match(/^\s*"((?:[^"\\]|\\.)*)"\s*$/)?.[1];
  return text ? { [name]: unquote(text) } : {};
}

function unquote(text: string): string {
  return text.replace(/\\(.)/g, '$1');
}
