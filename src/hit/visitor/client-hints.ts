/** Reads a request header by its lower-case name. */
type ReadHeader = (name: string) => string | undefined;

/** `uadata` from the `Sec-CH-UA*` headers: the JSON that Matomo's JavaScript tracker sends for the same facts. */
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

// Sticky: a match begins where the last one ended, so that each character is read once. Anything that is not a brand ends the list.
const BRAND = /[\s,]*"((?:[^"\\]|\\.)*)"\s*;\s*v="((?:[^"\\]|\\.)*)"/y;

/** `"Chromium";v="130", "Not?A_Brand";v="99"`. */
function readBrands(list: string | undefined): { brand: string; version: string }[] {
  const brands: { brand: string; version: string }[] = [];
  if (list === undefined) return brands;
  BRAND.lastIndex = 0;
  for (let item = BRAND.exec(list); item; item = BRAND.exec(list)) {
    const [, brand = '', version = ''] = item;
    brands.push({ brand: unquote(brand), version: unquote(version) });
  }
  return brands;
}

function textFact(name: string, quoted: string | undefined): Record<string, string> {
  const text = quoted?.match(/^\s*"((?:[^"\\]|\\.)*)"\s*$/)?.[1];
  return text ? { [name]: unquote(text) } : {};
}

function unquote(text: string): string {
  return text.replace(/\\(.)/g, '$1');
}
