/** Scripts, styles, source maps, images, fonts, WebAssembly and web manifests. */
const EXTENSION =
  /\.(?:[cm]?js|jsx|tsx|css|map|apng|avif|bmp|gif|ico|jpe?g|png|svg|webp|eot|otf|ttf|woff2?|wasm|webmanifest)$/i;

/** What crawlers and frameworks request by a fixed name, and folders with nothing but the files of a build. */
const PLACE =
  /^\/+(?:(?:robots\.txt|sitemap\.xml|manifest\.json|__manifest|_next\/image|_image|@react-refresh)$|(?:_next\/static|_astro|_nuxt|@vite|@id|node_modules\/\.vite)\/)/i;

/** Whether a path looks like that of a static file. Audio, video and documents are content that people ask for. */
export function isStaticFile(path: string): boolean {
  return (path.includes('.') && EXTENSION.test(path)) || PLACE.test(path);
}
