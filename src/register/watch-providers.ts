import { OTEL_GLOBAL_KEY, type OtelGlobal, otelGlobal } from '../common/otel-global.js';

/** The API's object under `trace`, which delegates to the provider of an SDK. */
interface ProxyTracerProvider {
  getDelegate?(): object;
  setDelegate?(provider: object): void;
}

/**
 * Reports every tracer provider that is registered now or later, through any copy of `@opentelemetry/api`, also after
 * `trace.disable()`. Calls no copy of the API: a call through another version could end the application's tracing.
 * Returns a function that watches again if a library has deleted the API's object. `Registration` adds the processor.
 */
export function watchProviders(onProvider: (provider: object) => void): () => void {
  let watched: OtelGlobal | undefined;

  function watch(created: OtelGlobal): void {
    watched = created;
    watchGlobal(created, onProvider);
  }

  function lookAgain(): void {
    const existing = otelGlobal();
    if (existing && existing !== watched) watch(existing);
  }

  lookAgain();
  if (!watched) awaitGlobal(watch);
  return lookAgain;
}

function awaitGlobal(watch: (created: OtelGlobal) => void): void {
  if (!Object.isExtensible(globalThis)) return; // so no API can make it
  Object.defineProperty(globalThis, OTEL_GLOBAL_KEY, {
    configurable: true,
    get: () => undefined,
    set(created: OtelGlobal) {
      setPlain(globalThis, OTEL_GLOBAL_KEY, created);
      if (created) watch(created);
    },
  });
}

/** The registered provider of an SDK; `undefined` for the API's own provider, which records nothing. */
export function currentProvider(): object | undefined {
  return providerOf(otelGlobal()?.trace as ProxyTracerProvider | undefined);
}

/**
 * Adds a setter for `trace` to the prototype of the API's object. The value becomes an own property, which
 * `trace.disable()` deletes, so the setter sees the next registration.
 */
function watchGlobal(api: OtelGlobal, onProvider: (provider: object) => void): void {
  const watch = (proxy: ProxyTracerProvider) => watchProxy(proxy, onProvider);
  const present = Object.getOwnPropertyDescriptor(api, 'trace')?.value;
  const prototype = Object.create(Object.getPrototypeOf(api), {
    trace: {
      configurable: true,
      get: () => undefined,
      set(proxy: ProxyTracerProvider) {
        setPlain(api, 'trace', proxy);
        if (proxy) watch(proxy);
      },
    },
  });
  Object.setPrototypeOf(api, prototype);
  if (present) watch(present);
}

function watchProxy(proxy: ProxyTracerProvider, onProvider: (provider: object) => void): void {
  const provider = providerOf(proxy);
  if (provider) onProvider(provider);
  const { setDelegate } = proxy;
  if (typeof setDelegate !== 'function') return;
  setPlain(proxy, 'setDelegate', function set(this: ProxyTracerProvider, delegate: object) {
    setDelegate.call(this, delegate);
    if (delegate) onProvider(delegate);
  });
}

/** The provider that a proxy delegates to; `undefined` if that is the API's own, which records nothing. */
function providerOf(proxy: ProxyTracerProvider | undefined): object | undefined {
  if (!proxy) return undefined;
  if (typeof proxy.getDelegate !== 'function') return proxy;
  const delegate = proxy.getDelegate();
  return delegate === noopProviderOf(proxy) ? undefined : delegate;
}

/** The provider of a proxy without a delegate. Its class name is not reliable, because bundlers rename classes. */
function noopProviderOf(proxy: ProxyTracerProvider): object | undefined {
  const ProxyProvider = proxy.constructor as new () => ProxyTracerProvider;
  return ProxyProvider === Object ? undefined : new ProxyProvider().getDelegate?.();
}

function setPlain(target: object, key: PropertyKey, value: unknown): void {
  Object.defineProperty(target, key, {
    configurable: true,
    enumerable: true,
    writable: true,
    value,
  });
}
