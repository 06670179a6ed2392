import { createRequire } from "node:module";
import * as chai from "chai";
import { ASYMMETRIC_MATCHERS_OBJECT, GLOBAL_EXPECT, JestAsymmetricMatchers, JestChaiExpect, JestExtend, customMatchers, getState, setState } from "@vitest/expect";
import { format, types } from "node:util";
import * as fs from "node:fs";
import { constants, existsSync, readFileSync, statSync } from "node:fs";
import { AsyncResource } from "node:async_hooks";
import { createHash, hash, randomBytes } from "node:crypto";
import { performance as performance$1 } from "node:perf_hooks";
import { constants as constants$1 } from "node:os";
import { MessageChannel, Worker, getEnvironmentData, isMainThread, receiveMessageOnPort, setEnvironmentData, threadId } from "node:worker_threads";
import "node:console";
import { unescape as unescape$1 } from "node:querystring";
import { join, relative, resolve } from "node:path";
import { link, mkdir, open, readdir, rename, stat, unlink, writeFile } from "node:fs/promises";
import "node:child_process";
import "node:events";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
var __defProp = Object.defineProperty;
var __esmMin = (fn, res, err) => () => {
	if (err) throw err[0];
	try {
		return fn && (res = fn(fn = 0)), res;
	} catch (e) {
		throw err = [e], e;
	}
};
var __exportAll = (all, no_symbols) => {
	let target = {};
	for (var name in all) __defProp(target, name, {
		get: all[name],
		enumerable: true
	});
	if (!no_symbols) __defProp(target, Symbol.toStringTag, { value: "Module" });
	return target;
};
// .fast-shim.mjs
chai.use(JestExtend);
chai.use(JestChaiExpect);
chai.use(JestAsymmetricMatchers);
const expect = (value, message) => {
	setState({ assertionCalls: getState(expect).assertionCalls + 1 }, expect);
	return chai.expect(value, message);
};
Object.assign(expect, chai.expect);
Object.assign(expect, globalThis[ASYMMETRIC_MATCHERS_OBJECT]);
expect.getState = () => getState(expect);
expect.setState = (s) => setState(s, expect);
globalThis[GLOBAL_EXPECT] = expect;
setState({
	assertionCalls: 0,
	isExpectingAssertions: false,
	isExpectingAssertionsError: null,
	expectedAssertionsNumber: null,
	expectedAssertionsNumberErrorGen: null,
	testPath: process.cwd() + "/test/x.test.ts"
}, expect);
chai.expect.extend(expect, customMatchers);
expect.unreachable = (m) => {
	throw new Error("unreachable " + (m ?? ""));
};
const tests = [];
let prefix = "";
let before = [];
let current;
function test(name, a, b) {
	const fn = typeof a === "function" ? a : b;
	tests.push({
		name: prefix + name,
		fn,
		before: [...before],
		meta: {},
		context: { skip() {
			throw { skipped: true };
		} },
		finished: []
	});
}
const each = (make) => (rows) => {
	const all = rows.every(Array.isArray);
	return (name, a) => rows.forEach((row, i) => {
		const args = all ? row : [row];
		make(`${i} ${format(name.replaceAll("%#", String(i)), ...args.slice(0, 4))}`.slice(0, 200), () => a(...args));
	});
};
test.each = (rows) => each(test)(rows);
test.for = (rows) => (name, a) => rows.forEach((row) => test(format(name, ...[row].flat(1).slice(0, 2).map(String)), () => a(row)));
test.skip = () => {};
function describe$1(name, fn) {
	const [p, b] = [prefix, before];
	prefix += `${name} > `;
	before = [...before];
	fn();
	prefix = p;
	before = b;
}
describe$1.each = (rows) => (name, a) => rows.forEach((row) => describe$1(format(name, ...[row].flat(1)), () => a(...Array.isArray(row) ? row : [row])));
const onTestFinished = (fn) => {
	current?.finished.push(fn);
};
const RealDate = Date;
const spies = [];
const vi = {
	setSystemTime(t) {
		const now = Number(t);
		globalThis.Date = class extends RealDate {
			constructor(...a) {
				if (a.length) super(...a);
				else super(now);
			}
			static now() {
				return now;
			}
		};
	},
	useRealTimers() {
		globalThis.Date = RealDate;
	},
	isFakeTimers: () => false,
	spyOn(o, k) {
		const own = Object.getOwnPropertyDescriptor(o, k);
		o[k];
		const spy = {
			mockImplementation(f) {
				o[k] = f;
				return spy;
			},
			mockRestore() {
				if (own) Object.defineProperty(o, k, own);
				else delete o[k];
			}
		};
		spies.push(spy);
		return spy;
	},
	restoreAllMocks() {
		for (const s of spies.splice(0)) s.mockRestore();
	},
	stubEnv() {},
	unstubAllEnvs() {}
};
const exclude = new Set(process.env.EXCLUDE && existsSync(process.env.EXCLUDE) ? JSON.parse(readFileSync(process.env.EXCLUDE, "utf8")) : []);
async function runAll({ bail = true, only } = {}) {
	const failed = [];
	let ran = 0;
	for (const t of tests) {
		if (exclude.has(t.name)) continue;
		current = t;
		ran++;
		try {
			for (const b of t.before) await b();
			let timer;
			await Promise.race([t.fn(), new Promise((_, r) => {
				timer = setTimeout(r, 3e4, /* @__PURE__ */ new Error("timed out"));
			})]).finally?.(() => clearTimeout(timer));
			clearTimeout(timer);
		} catch (e) {
			if (!e?.skipped) failed.push([t.name, String(e?.message ?? e).slice(0, 300)]);
		}
		for (const f of t.finished.reverse()) try {
			await f();
		} catch {}
		vi.useRealTimers();
		if (bail && failed.length) break;
	}
	return {
		ran,
		failed
	};
}
// test/support/no-tracking-line.ts
Object.assign(globalThis, { [Symbol.for("opentelemetry-matomo.tracking.1")]: { isLogged: true } });
// src/common/messages.ts
/** Adds a code to a message: "What happened. The effect. What to do. [code]". */
function coded(code, text) {
	return `${text} [${code}]`;
}
/** Splits a message into its text and its code. */
function splitCode(message) {
	const [, text = message, code] = /^(.*) \[([a-z-]+)\]$/s.exec(message) ?? [];
	return {
		text,
		code: MESSAGE_CODES.find((known) => known === code)
	};
}
var MESSAGE_CODES;
var init_messages = __esmMin((() => {
	MESSAGE_CODES = [
		"options-missing",
		"option-invalid",
		"environment-invalid",
		"privacy-option-invalid",
		"privacy-not-strict",
		"token-file",
		"switched-off",
		"dry-run",
		"callback-failed",
		"headers-not-captured",
		"proxy-ignored",
		"proxy-not-trusted",
		"request-unknown",
		"site-id-value",
		"visitor-key-not-shared",
		"user-id-key",
		"user-id-token",
		"parameter-invalid",
		"preload-relative",
		"node-version",
		"api-copies",
		"api-missing",
		"server-not-seen",
		"not-started",
		"started-twice",
		"worker-without-options",
		"not-attached",
		"annotated-too-late",
		"other-version",
		"http2-not-tracked",
		"nothing-tracked",
		"all-ignored",
		"tracking",
		"only-sampled",
		"spans-without-method",
		"export-not-read",
		"internal-error",
		"unreachable",
		"proxy-unusable",
		"not-private",
		"unavailable",
		"no-answer",
		"rolled-back",
		"hits-not-counted",
		"redirected",
		"request-rejected",
		"not-matomo",
		"nothing-confirmed",
		"matomo-too-old",
		"token-rejected",
		"no-token",
		"site-unknown",
		"silently-dropped",
		"queued-tracking",
		"fields-dropped",
		"available-again",
		"unconfirmed",
		"expired",
		"hits-delayed",
		"hits-invalid",
		"rejected",
		"too-large",
		"queue-full",
		"lost-at-shutdown",
		"signal-not-handled",
		"stats",
		"spool-not-used",
		"spool-not-written",
		"spool-written-again",
		"spool-damaged",
		"spool-lost",
		"exports-refused",
		"spool-visitor-key",
		"spool-owner"
	];
}));
// src/common/timers.ts
/** A delay that a timer can have: at most the longest one, and none that is negative, of which Node.js warns. */
function timerMillis(millis) {
	return Math.min(Math.max(0, Math.ceil(millis)), MAX_TIMER_MILLIS);
}
/**
* Resolves with the value of a promise, which must not reject, or with `undefined` after the timeout. In the background, the timer does
* not keep the process alive.
*/
function withTimeout(millis, promise, isBackground = false) {
	return new Promise((resolve, reject) => {
		const timer = setTimeout(resolve, timerMillis(millis), void 0);
		if (isBackground) timer.unref();
		promise.then(resolve, reject).finally(() => clearTimeout(timer));
	});
}
/** Keeps the process alive until a promise is settled: sending hits does not. */
async function holdEventLoop(promise) {
	const timer = setInterval(() => void 0, MAX_TIMER_MILLIS);
	try {
		return await promise;
	} finally {
		clearInterval(timer);
	}
}
var AsyncScope, SerialQueue, MAX_TIMER_MILLIS;
var init_timers = __esmMin((() => {
	AsyncScope = class extends AsyncResource {
		hasRef() {
			return false;
		}
	};
	SerialQueue = class {
		#onIdle;
		#onError;
		#scope;
		#last = Promise.resolve();
		#open = 0;
		constructor(scope, onIdle, onError) {
			this.#scope = scope;
			this.#onIdle = onIdle;
			this.#onError = onError;
		}
		/** Whether all tasks have ended. */
		get isIdle() {
			return this.#open === 0;
		}
		/** Resolves when the task has ended. Never rejects. */
		run(task) {
			this.#open += 1;
			this.#last = this.#last.then(() => this.#scope.runInAsyncScope(task)).catch(this.#onError).finally(() => {
				this.#open -= 1;
				if (this.#open === 0) this.#onIdle();
			});
			return this.#last;
		}
	};
	MAX_TIMER_MILLIS = 2 ** 31 - 1;
}));
// src/common/log-lines.ts
var MINUTE_MILLIS, LogLines;
var init_log_lines = __esmMin((() => {
	init_messages();
	init_timers();
	MINUTE_MILLIS = 6e4;
	LogLines = class {
		#write;
		#lines = /* @__PURE__ */ new Map();
		/** What lasts, and the code of its latest line. */
		#lasting = /* @__PURE__ */ new Map();
		#scope = new AsyncScope("MatomoLines");
		constructor(write) {
			this.#write = write;
		}
		/** `toText` gets the sum of the amounts since the last line. `undefined`: there is nothing to write any more. */
		add(code, amount, toText, intervalMillis = MINUTE_MILLIS) {
			const line = this.#lines.get(code) ?? {
				amount: 0,
				toText,
				timer: void 0
			};
			this.#lines.set(code, line);
			line.amount += amount;
			line.toText = toText;
			if (line.timer === void 0) this.#writeLine(code, line, intervalMillis);
		}
		/** Something begins that lasts until `end`, or its cause is another one than before. */
		begin(name, code, toText) {
			if (this.#lasting.get(name) === code) return;
			this.#lasting.set(name, code);
			this.add(code, 1, () => this.#lasting.get(name) === code ? toText() : void 0);
		}
		/** It ends. Nothing is written if it had not begun. */
		end(name, code, toText) {
			if (this.#lasting.delete(name)) this.add(code, 1, () => this.#lasting.has(name) ? void 0 : toText());
		}
		/** Writes what waits for its minute: the process may end. */
		flush() {
			for (const [code, line] of this.#lines) {
				clearTimeout(line.timer);
				this.#writeLine(code, line, 0);
			}
		}
		#writeLine(code, line, intervalMillis) {
			const { amount } = line;
			line.amount = 0;
			line.timer = void 0;
			const text = amount === 0 ? void 0 : line.toText(amount);
			if (text === void 0) return;
			this.#write(coded(code, text));
			if (intervalMillis === 0) return;
			line.timer = this.#scope.runInAsyncScope(() => setTimeout(() => this.#writeLine(code, line, intervalMillis), intervalMillis)).unref();
		}
	};
}));
// src/hit/http-request.ts
init_log_lines();
/** Annotations of one request by the application, from one kind of source. */
var Annotations = class {
	/** Tracking parameters by Matomo's names, not yet checked. */
	parameters = void 0;
	/** Custom variables by name, in the order in which they were set. */
	cvar = void 0;
	/** Milliseconds by perf key. Timings with the same key are added up. */
	timings = void 0;
	/** Value of the attribute that contains the user. */
	userId = void 0;
	/** Class of the last error. */
	errorType = void 0;
	/** Class of the last error of a GraphQL operation or an MCP call. Its response may have status 200. */
	operationError = void 0;
	/** The request makes no hit. */
	ignored = false;
};
/** Whether annotations change anything about a hit, or whether there is one. */
function hasAnnotations(annotations) {
	if (annotations === void 0) return false;
	const { parameters, cvar, timings, userId, errorType, operationError, ignored } = annotations;
	if (ignored) return true;
	return (parameters ?? cvar ?? timings ?? userId ?? errorType ?? operationError) !== void 0;
}
/** Adds to a timing of the page view. */
function addTiming(annotations, key, millis) {
	annotations.timings ??= {};
	annotations.timings[key] = (annotations.timings[key] ?? 0) + millis;
}
/** Names beyond the limit of names share this one. */
const OTHER_NAME = "(other)";
/** Whether a path is the one at which most servers of GraphQL listen. */
function isGraphqlPath(path) {
	return /\/graphql\/?$/i.test(path);
}
/** A finished HTTP request, combined from spans and, if there is one, Node's own request. */
var HttpRequest = class {
	/** The method as the client sent it, even if the span has `_OTHER`. */
	method;
	/** Raw path, beginning with `/`, without the query. */
	path;
	/** Raw query without `?`; neither redacted nor decoded. */
	query;
	/** Route template such as `/users/:id`, as it was reported. */
	route;
	/** The route as titles show it; `undefined` if they show the path, or why the request was refused. */
	titleRoute;
	/** Name of the service, if its resource has one. */
	service;
	/** The operation of an endpoint that has several. */
	operation;
	/** The host as the client or a trusted proxy sent it, not yet checked. */
	host;
	/** Scheme of the tracked URL. */
	scheme;
	/** 499 if the client disconnected early. 500 if the server destroyed the response, unless it began with an error, or if there is none. */
	statusCode;
	/** The status that the response has begun with, also if it is incomplete; `undefined` if it has not begun. */
	sentStatus;
	/** Content type of the response; empty if it has none, `undefined` if that is not known. */
	contentType;
	/** The client disconnected before the response was complete. */
	aborted;
	/** The response is a stream without an end, such as `text/event-stream`: its duration says nothing about the server. */
	isEndless;
	userAgent;
	acceptLanguage;
	/** User agent and language as one object, if there is a user agent. */
	client;
	/** That of its connection. */
	sender;
	referrer;
	/** Client hints as they were sent, a line per header of `CLIENT_HINTS`: most clients have sent the same before. */
	clientHints;
	/** IP address of the client according to trusted proxies, not masked. */
	address;
	/** Whether the request has `DNT: 1` or `Sec-GPC: 1`; `unknown` if these headers may not have been captured. */
	optedOut;
	/** A browser or framework loads the page before anybody asks for it. */
	isPrefetch;
	/** A framework such as React Router or SvelteKit requests the data of a page, to show it without loading it. */
	isPageData;
	/** The site of its hits; 0 if none is sent. */
	site = 0;
	/** Whether it is sent as a request by an AI chatbot. */
	isAiChatbot;
	/** For AI chatbots, the bytes of the body as sent; `undefined` if there is none, or its size is not certain. */
	bodyBytes;
	/** Name of the server span. */
	spanName;
	/** Epoch milliseconds, with fraction. */
	startMillis;
	durationMillis;
	/** Annotations of the application, weakest first: of child spans, of `annotate`, `measure` and `ignore`, of the server span. */
	annotations;
	/** Parameters from callbacks and attributes of the server span, weaker than all annotations. */
	optionParameters;
};
/** Names of classes and codes, as languages write them: `TypeError`, `java.io.IOException`, `ECONNREFUSED`, `Vec<T>`. */
const ERROR_TYPE = /^[\w.$:\\*/+`<>-]{1,100}$/;
/** The type of an error as OpenTelemetry has it. Free text, which may contain data of a person, becomes `_OTHER`. */
function toErrorType(type) {
	return ERROR_TYPE.test(type) ? type : "_OTHER";
}
// src/common/describe-error.ts
/**
* An error for a log: its name, its code, and the first position in this package. Never the message, which may have the address or
* the ID of a user.
*/
function describeError(error) {
	try {
		const position = error instanceof Error ? positionOf(error) : void 0;
		return position === void 0 ? errorName(error) : `${errorName(error)} at ${position}`;
	} catch {
		return UNREADABLE$1;
	}
}
/** The same without the position: for errors of an application's callback, which is called from a position in this package. */
function errorName(error) {
	try {
		if (!(error instanceof Error)) return `a ${typeof error}`;
		const { name, code } = error;
		const words = [name, code].filter((word) => typeof word === "string" && WORD$1.test(word));
		return words.length === 0 ? "an error" : words.join(" ");
	} catch {
		return UNREADABLE$1;
	}
}
/** The code of an error of Node.js, else its message: for errors whose message has nothing of an application's users. */
function codeOf(error) {
	const { code, message } = error;
	return code ?? message ?? String(error);
}
/** `chunks/delivery.js:1:2`; `undefined` if no frame is in this package, or an application's bundle has it. */
function positionOf({ stack }) {
	const [own = ""] = framesOf((/* @__PURE__ */ new Error()).stack);
	const root = /[^\s(]*[\\/](?:dist[\\/]cjs|src)[\\/]/.exec(own)?.[0];
	if (root === void 0) return void 0;
	for (const frame of framesOf(stack)) {
		const start = frame.indexOf(root);
		const position = start < 0 ? void 0 : POSITION.exec(frame.slice(start + root.length))?.[1];
		if (position !== void 0) return position.replaceAll("\\", "/");
	}
}
/** The stack without the message, which may have any text. */
function framesOf(stack) {
	return (typeof stack === "string" ? stack.slice(0, MAX_STACK_LENGTH).split("\n") : []).filter((line) => line.startsWith("    at "));
}
var WORD$1, POSITION, MAX_STACK_LENGTH, UNREADABLE$1;
var init_describe_error = __esmMin((() => {
	WORD$1 = /^[\w$]{1,60}$/;
	POSITION = /^([\w./\\-]{1,200}:\d+:\d+)\)?$/;
	MAX_STACK_LENGTH = 1e4;
	UNREADABLE$1 = "an error that cannot be read";
}));
// src/common/is-record.ts
init_describe_error();
/** An object that is read by its keys: no list, `Map`, `Headers` or promise. */
function isRecord(value) {
	return typeof value === "object" && value !== null && !(Symbol.iterator in value) && !isThenable(value);
}
/** A proxy or getter of the application may throw: such a value is not one that can be awaited. */
function isThenable(value) {
	const isObject = typeof value === "object" && value !== null || typeof value === "function";
	try {
		return isObject && typeof value.then === "function";
	} catch {
		return false;
	}
}
// src/common/otel-global.ts
/** Never creates the object: registering through a second copy of the API would replace the application's tracer provider. */
function otelGlobal() {
	return globalThis[OTEL_GLOBAL_KEY];
}
/** Runs `fn` in a context in which instrumentations record no spans. */
function withoutTracing(fn) {
	const manager = otelGlobal()?.context;
	return manager ? manager.with(SUPPRESSED, fn) : fn();
}
function contextOf(values) {
	return {
		getValue: (key) => values.get(key),
		setValue: (key, value) => contextOf(new Map(values).set(key, value)),
		deleteValue: (key) => contextOf(new Map([...values].filter(([each]) => each !== key)))
	};
}
var OTEL_GLOBAL_KEY, SUPPRESS_TRACING_KEY, SUPPRESSED;
var init_otel_global = __esmMin((() => {
	OTEL_GLOBAL_KEY = Symbol.for("opentelemetry.js.api.1");
	SUPPRESS_TRACING_KEY = Symbol.for("OpenTelemetry SDK Context Key SUPPRESS_TRACING");
	SUPPRESSED = contextOf(/* @__PURE__ */ new Map([[SUPPRESS_TRACING_KEY, true]]));
}));
// src/common/unhooked.ts
/** A module of Node.js, without hooks. */
function builtin(name) {
	return loadBuiltin(name);
}
/** On Bun, `_load` finds none, and nothing is instrumented. */
function loadBuiltin(id) {
	if (process.versions.bun !== void 0) return process.getBuiltinModule(id);
	return Module._load(id, void 0, false);
}
/** Loads a dependency, without spans of reading its files, and without hooks on the modules of Node.js that it requires. */
async function loadUnhooked(load) {
	const { prototype } = Module;
	const { require: hooked } = prototype;
	let isLoading = true;
	prototype.require = function requireUnhooked(id) {
		return isLoading && modules.isBuiltin(id) && DEPENDENCY.test(this.filename ?? "") ? loadBuiltin(id) : hooked.call(this, id);
	};
	const { require: unhooked } = prototype;
	try {
		return await withoutTracing(load);
	} finally {
		isLoading = false;
		if (prototype.require === unhooked) prototype.require = hooked;
	}
}
var modules, Module, DEPENDENCY;
var init_unhooked = __esmMin((() => {
	init_otel_global();
	modules = process.getBuiltinModule("node:module");
	Module = modules.Module;
	DEPENDENCY = /[\\/]@?redis[\\/]/;
}));
// src/common/addresses.ts
init_unhooked();
const { BlockList, isIPv4 } = builtin("node:net");
const MAYBE_IPV6 = /^([\da-f:.]+)(?:%[\da-z.:-]+)?$/i;
/** The version of an IP address, or 0. That of Node.js 20 and 22 compiles an expression for the first IPv6 address, for 20 ms. */
function isIP(text) {
	if (isIPv4(text)) return 4;
	const address = MAYBE_IPV6.exec(text)?.[1];
	return address !== void 0 && URL.canParse(`http://[${address}]`) ? 6 : 0;
}
// src/hit/text.ts
const CONTROL_CHARACTERS = /[\u0000-\u001f\u007f-\u009f]+/g;
const LONE_SURROGATES = /\p{Surrogate}/gu;
const CLEAN_ASCII = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;
const HTML_SPECIAL = /[&<>"']/;
const NOTHING_TO_ESCAPE = /^[\w.~/:?=-]*$/;
/** Most queries. */
const PLAIN_PAIRS = /^[\w.~/:?=&-]*$/;
/** Characters that `encodeURI` keeps but a value in a query string must not contain. */
const ENCODED_IN_A_VALUE = /[;@&+$,#]/g;
/** Trims a text, and removes what makes a bulk fail (lone surrogates) or ends a column (control characters). */
function cleanText(text) {
	if (CLEAN_ASCII.test(text)) return text;
	return text.replace(LONE_SURROGATES, "�").replace(CONTROL_CHARACTERS, " ").trim();
}
const FOUR_BYTES = /[\u{10000}-\u{10ffff}]/gu;
/** Removes what a column in `utf8mb3` cannot hold, such as emojis. */
function withoutFourBytes(text) {
	return text.replace(FOUR_BYTES, "");
}
/** Whether a text needs no encoding in the value of a query string. */
function isPlain$1(text) {
	return NOTHING_TO_ESCAPE.test(text);
}
/** Percent-encodes a well-formed value for a query string. Encoding its parts one by one yields the same. */
function encodeValue(text) {
	if (isPlain$1(text)) return text;
	if (PLAIN_PAIRS.test(text)) return text.replaceAll("&", "%26");
	const encoded = encodeURI(text);
	if (encoded.search(ENCODED_IN_A_VALUE) < 0) return encoded;
	return encoded.replace(ENCODED_IN_A_VALUE, encodeURIComponent);
}
/** Cuts a text after a character, so that it has at most `maxBytes` bytes after Matomo's HTML escaping. */
function cutBytes(text, maxBytes) {
	return cut(text, maxBytes, 3, Buffer.byteLength);
}
/** Cuts a text after a character, so that it has at most `maxCharacters` after Matomo's HTML escaping. */
function cutCharacters(text, maxCharacters) {
	return cut(text, maxCharacters, 1, () => 1);
}
/** Cuts a text. `sizeOf` is the size of a character that is not escaped, and `maxSize` its maximum. */
function cut(text, max, maxSize, sizeOf) {
	if (text.length * 6 <= max || text.length * maxSize <= max && !HTML_SPECIAL.test(text)) return text;
	let size = 0;
	let end = 0;
	for (const character of text) {
		size += ESCAPED[character] ?? sizeOf(character);
		if (size > max) return text.slice(0, end);
		end += character.length;
	}
	return text;
}
/** Lengths of characters after HTML escaping. */
const ESCAPED = {
	"&": 5,
	"<": 4,
	">": 4,
	"\"": 6,
	"'": 6
};
const USER_INFO = /^((?:[^/\\?#@]*(?::[/\\]+|[/\\]{2,}))?)[^/\\?#]*@/;
/** Removes the user info from a URL, which may have no scheme, other slashes than it should, and any characters before these. */
function withoutUserInfo$1(url) {
	return url.includes("@") ? url.replace(USER_INFO, "$1") : url;
}
const HOST_AND_REST = /^((?:[^/\\?#:]*:[/\\]+)?[^/\\?#]*).*/s;
/** The host that a client sent, which may be a URL, without user info, path, query and fragment. */
function shownHost(host) {
	return withoutUserInfo$1(decodeLatin1(host)).replace(HOST_AND_REST, "$1");
}
const NOT_ASCII = /[\u0080-\u00ff]/;
const NOT_LATIN1 = /[\u0100-\uffff]/;
/**
* Decodes a text whose bytes were read as Latin-1: as UTF-8 if they are valid, else unchanged. Node.js reads headers in that way,
* and WSGI the path.
*/
function decodeLatin1(text) {
	if (!NOT_ASCII.test(text) || NOT_LATIN1.test(text)) return text;
	const decoded = Buffer.from(text, "latin1").toString("utf8");
	return decoded.includes("�") ? text : decoded;
}
/** Decodes percent escapes. In a path, `+` is no space. Other text is not changed, and bytes that are not UTF-8 are read as Latin-1. */
function decodePath(path) {
	if (!path.includes("%")) return path;
	return decodeLatin1(unescape(path.replaceAll("%u", "%25u")));
}
/** Limit for the text that users' patterns are tested on, because not every pattern takes linear time. */
const MAX_PATTERN_INPUT = 2048;
/** Whether a pattern of a user matches in the part of a text that patterns see. */
function matchesAny(patterns, text) {
	const seen = text.slice(0, MAX_PATTERN_INPUT);
	return patterns.some((pattern) => pattern.test(seen));
}
/** The known name with the smallest edit distance to `name`, at most `maxDistance`; `undefined` if there is none. */
function nearestName(name, known, maxDistance = Math.floor(name.length / 3)) {
	const plain = name.toLowerCase();
	let nearest;
	let least = maxDistance + 1;
	for (const candidate of known) {
		if (Math.abs(candidate.length - plain.length) >= least) continue;
		const distance = editDistance(plain, candidate.toLowerCase());
		if (distance < least) {
			least = distance;
			nearest = candidate;
		}
	}
	return nearest;
}
/** Number of letters to insert, delete or replace. */
function editDistance(a, b) {
	let row = Array.from({ length: b.length + 1 }, (_, i) => i);
	for (let i = 1; i <= a.length; i++) {
		const next = [i];
		for (let j = 1; j <= b.length; j++) {
			const replaced = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
			next.push(Math.min(row[j] + 1, next[j - 1] + 1, replaced));
		}
		row = next;
	}
	return row[b.length];
}
// src/hit/visitor/addresses.ts
/** An IPv6 address with zone, brackets, quotes and port is shorter. */
const MAX_ADDRESS_LENGTH = 128;
/** An address without port, brackets and zone, and IPv4 in its own notation; `undefined` if it is not an address. */
function plainAddress(text) {
	if (text === void 0) return void 0;
	let address = text.trim();
	if (address.length > MAX_ADDRESS_LENGTH) return void 0;
	address = address.replace(/^"(.*)"$/, "$1");
	if (address.startsWith("[")) address = address.slice(1, Math.max(1, address.indexOf("]")));
	else if (/^[\d.]+:\d+$/.test(address)) address = address.slice(0, address.indexOf(":"));
	const zone = address.indexOf("%");
	if (zone >= 0) address = address.slice(0, zone);
	address = address.replace(/^::ffff:(?=[\d.]+$)/i, "");
	return isIP(address) ? address : void 0;
}
/** Named ranges of Express. */
const NAMED_RANGES = /* @__PURE__ */ new Map([
	["loopback", ["127.0.0.1/8", "::1/128"]],
	["linklocal", ["169.254.0.0/16", "fe80::/10"]],
	["uniquelocal", [
		"10.0.0.0/8",
		"172.16.0.0/12",
		"192.168.0.0/16",
		"fc00::/7"
	]]
]);
/**
* Whether an address is in one of some ranges.
*
* @throws An error whose message is the item of the list that is no address, CIDR, address with a netmask, or name.
*/
function createIsInRanges(ranges) {
	const blocks = new BlockList();
	for (const range of ranges.flatMap((name) => NAMED_RANGES.get(name) ?? [name])) {
		const [address = "", prefix, ...rest] = range.split("/");
		const family = address.includes(":") ? "ipv6" : "ipv4";
		const bits = prefix === void 0 ? void 0 : toBits(prefix, family);
		if (address.endsWith("%") || rest.length > 0) throw new Error(range);
		try {
			if (bits === void 0) blocks.addAddress(address, family);
			else blocks.addSubnet(address, bits, family);
		} catch {
			throw new Error(range);
		}
	}
	return (address) => {
		const version = isIP(address);
		return version !== 0 && blocks.check(address, version === 4 ? "ipv4" : "ipv6");
	};
}
/** The number of bits that a prefix or, as in Express only for IPv4, a netmask names; `NaN` if it is neither. */
function toBits(prefix, family) {
	if (/^\d{1,3}$/.test(prefix)) return Number(prefix);
	if (family === "ipv6" || !isIPv4(prefix)) return NaN;
	const mask = prefix.split(".").reduce((sum, byte) => sum * 256 + Number(byte), 0);
	const bits = Math.clz32(~mask);
	return bits > 0 && mask === 2 ** 32 - 2 ** (32 - bits) ? bits : NaN;
}
/** Bits of an IPv6 address that are kept, by `anonymizeIp` (0 to 4), the number of bytes that are masked in an IPv4 address. */
const IPV6_BITS = [
	128,
	64,
	48,
	32,
	0
];
/** Masks an address like Matomo: sets the last `bytes` of IPv4 to 0; IPv6 keeps /64, /48, /32 or nothing. */
function maskAddress(address, bytes) {
	if (bytes === 0) return address;
	if (isIP(address) === 4) return [...address.split(".").slice(0, 4 - bytes), ...Array(bytes).fill("0")].join(".");
	const groups = maskEmbedded(expand(address), bytes).slice(0, IPV6_BITS[bytes] / 16);
	return groups.length === 0 ? "::" : `${groups.join(":")}::`;
}
const TEREDO = [
	"2001",
	"0",
	"0",
	"0"
];
/**
* Masks an IPv4 address inside of an IPv6 address: 6to4 has it behind the first group, Teredo has that of a server there. NAT64 and
* mapped addresses have it at the end, of which nothing is kept.
*/
function maskEmbedded(groups, bytes) {
	const [first, high, low, ...others] = groups;
	if (numberOf$1(first) === 8193 && numberOf$1(high) === 0) return TEREDO;
	if (numberOf$1(first) !== 8194) return groups;
	const mask = 4294967295 << 8 * bytes;
	return [
		"2002",
		...[numberOf$1(high) & mask >>> 16, numberOf$1(low) & mask & 65535].map((number) => number.toString(16)),
		...others
	];
}
function numberOf$1(group) {
	return Number.parseInt(group ?? "", 16);
}
/** The eight groups of an IPv6 address. */
function expand(address) {
	const [head = "", tail] = address.split("::");
	const left = head === "" ? [] : head.split(":");
	const right = tail === void 0 || tail === "" ? [] : tail.split(":");
	return [
		...left,
		...Array(Math.max(0, 8 - left.length - right.length)).fill("0"),
		...right
	];
}
// src/hit/parameters/client-values.ts
/** The size of the column `config_browser_name`, which has the names of applications. */
const MAX_NAME$1 = 40;
/** The size of the columns `config_os_version` and `config_device_model`. */
const MAX_VERSION$1 = 100;
const LONG_VERSION = /[\d._]{101,}/g;
/**
* Names that Matomo takes from a user agent: in front of the first slash, of applications for iOS in front of any, what follows
* `appname`, and of Electron a word in front of a slash.
*/
const NAMES$4 = /^[^/]+(?=\/)|(?<![^/;])[^/;]+(?=\/\d[\d.]* \(iP(?:hone|ad);)|(?<=appname\/)[^/; ]+|(?<![a-z\d])[a-z\d]{41,}(?=[-/])/gi;
/** A user agent whose names and versions Matomo can store. */
function storableUserAgent(text) {
	if (text.length <= MAX_NAME$1) return text;
	return text.replace(NAMES$4, (name) => cutCharacters(name, MAX_NAME$1)).replace(LONG_VERSION, (version) => version.slice(0, MAX_VERSION$1));
}
/** Client hints by the names that Matomo reads. */
const HINTS$2 = {
	brands: listOf$1(toBrand),
	fullVersionList: listOf$1(toBrand),
	mobile: (value) => typeof value === "boolean" ? value : void 0,
	model: toHint,
	platform: toHint,
	platformVersion: toHint,
	architecture: toHint,
	bitness: toHint,
	uaFullVersion: toHint,
	formFactors: listOf$1(toHint)
};
/** Client hints as the JSON that Matomo reads; `undefined` if one has a type with which Matomo fails. */
function storableHints(hints) {
	if (!isRecord(hints)) return void 0;
	const stored = {};
	for (const [name, toStored] of Object.entries(HINTS$2)) {
		const value = hints[name];
		if (value === void 0 || value === null) continue;
		stored[name] = toStored(value);
		if (stored[name] === void 0) return void 0;
	}
	return JSON.stringify(stored);
}
function toHint(value) {
	if (typeof value !== "string") return void 0;
	return cleanText(withoutFourBytes(value)).slice(0, MAX_VERSION$1);
}
function toBrand(value) {
	if (!isRecord(value)) return void 0;
	const [brand, version] = [toHint(value.brand), toHint(value.version)];
	return brand === void 0 || version === void 0 ? void 0 : {
		brand,
		version
	};
}
function listOf$1(toItem) {
	return (value) => {
		const items = Array.isArray(value) ? value.map(toItem) : [void 0];
		return items.includes(void 0) ? void 0 : items;
	};
}
// src/hit/parameters/read-values.ts
/** Matches a number as databases and forms write it: not `0x10`, which is one only in code, and not `9,99`. */
const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d{1,3})?$/i;
const MAX_NUMBER_CHARACTERS = 100;
/** A number, also as text, as a `bigint`, or as an object such as a `Decimal` that is written as a number; `NaN` if it is none. */
function readNumber(value) {
	if (typeof value === "number") return value;
	const text = textOfValue(value)?.trim() ?? "";
	return text.length <= MAX_NUMBER_CHARACTERS && NUMBER.test(text) ? Number(text) : NaN;
}
/** Text, or a value that stands for one: a `bigint`, a date (as ISO 8601), an object that is written as a number. Never throws. */
function textOfValue(value) {
	if (typeof value === "string") return value;
	if (typeof value === "bigint") return String(value);
	if (typeof value !== "object" || value === null) return void 0;
	try {
		if (Array.isArray(value)) return void 0;
		if ("toISOString" in value) return String(value.toISOString());
		const text = String(value);
		return NUMBER.test(text.slice(0, MAX_NUMBER_CHARACTERS)) ? text : void 0;
	} catch {
		return;
	}
}
/** All times that Matomo stores are below this in seconds, and above it in milliseconds. */
const LEAST_MILLIS = 1e11;
/** `2026-11-20`, `2026-11-20 10:00`, `2026-11-20T10:00:00.5Z`, `2026-11-20 10:00:00+01`: day, time, offset. */
const DATE = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:[.,]\d{1,9})?)? ?(?:Z|UTC|([+-]\d\d):?(\d\d)?)?$/i;
/**
* Epoch seconds of a time: seconds or milliseconds, also as text, a `Date`, or a date as Matomo reads it, without an offset in UTC. `NaN` if
* it is none.
*/
function readTime(value) {
	const number = readNumber(value);
	if (Number.isFinite(number)) return Math.floor(number < LEAST_MILLIS ? number : number / 1e3);
	const [, day = "", time = "00:00", hours, minutes = "00"] = DATE.exec(textOfValue(value)?.trim() ?? "") ?? [];
	const zone = hours === void 0 ? "Z" : `${hours}:${minutes}`;
	return (/* @__PURE__ */ new Date(`${day}T00:00Z`)).getUTCDate() === Number(day.slice(8)) ? Math.floor(Date.parse(`${day}T${time}${zone}`) / 1e3) : NaN;
}
const HEX = /^[\da-f]{16}$/;
const UUID$3 = /^[\da-f]{8}(-?)[\da-f]{4}\1[\da-f]{4}\1[\da-f]{4}\1[\da-f]{12}$/;
/** Google Analytics' client ID, also as the cookie `_ga` has it. */
const CLIENT_ID$1 = /^(?:ga\d\.\d\.)?(\d{1,10}\.\d{9,10})$/;
/**
* A visitor ID. One is made of a UUID and of a client ID of Google Analytics: the start of its SHA-256. Not of its own digits, because
* those that UUIDs begin with may be a time.
*/
function readVisitorId(value) {
	const text = typeof value === "string" ? value.trim().toLowerCase() : "";
	if (HEX.test(text)) return text;
	const id = UUID$3.test(text) ? text.replaceAll("-", "") : CLIENT_ID$1.exec(text)?.[1];
	return id === void 0 ? void 0 : hash("sha256", id, "hex").slice(0, 16);
}
// src/hit/parameters/parameter-values.ts
/** Timings of a page view. */
const PERF_KEYS = [
	"pf_net",
	"pf_srv",
	"pf_tfr",
	"pf_dm1",
	"pf_dm2",
	"pf_onl"
];
function isPerfKey(value) {
	return PERF_KEYS.includes(value);
}
/** Names of products, categories, events and content. */
const NAME$2 = {
	kind: "text",
	maxCharacters: 4096,
	isZeroEmpty: true
};
const USER_AGENT$1 = {
	kind: "user-agent",
	maxCharacters: 1024,
	isThreeBytes: true
};
const ADDRESS = { kind: "address" };
/** The limit of a list of items, about 400. A gateway reads longer texts, so a list that it cut is rejected. */
const ITEMS = {
	kind: "items",
	maxCharacters: 32e3
};
/** Name or value of a custom variable. */
const VARIABLE_TEXT = {
	kind: "text",
	maxCharacters: 200
};
/** A value that is safe to send; `undefined` if Matomo would reject it, it would make the bulk fail, or it is empty. */
function toParameterValue(rules, value) {
	return TO_VALUE[rules.kind](rules, value);
}
const TO_VALUE = {
	text: toText$2,
	referrer: (rules, value) => toText$2(rules, typeof value === "string" ? withoutUserInfo$1(value.trim()) : value),
	url: toUrl,
	"user-agent": (rules, value) => storableUserAgent(toText$2(rules, value) ?? "") || void 0,
	hints: (rules, value) => storableHints(readJson(rules, value)),
	items: toItems,
	integer: toNumber,
	number: toNumber,
	flag: toFlag,
	"user-id": toUserId,
	"visitor-id": (_rules, value) => readVisitorId(value),
	address: toAddress,
	time: toTime$1,
	variables: () => void 0
};
/** Whether a value is or has a number that is not finite: as text, it would be the same for all whose value is missing. */
function hasNonFiniteNumber(value) {
	return [value].flat().some((each) => typeof each === "number" && !Number.isFinite(each));
}
const TEXT_TYPES = /* @__PURE__ */ new Set([
	"string",
	"boolean",
	"bigint"
]);
/** The valid part of a text; `undefined` if there is none. */
function toText$2(declaration, value) {
	if (!TEXT_TYPES.has(typeof value) && !Number.isFinite(value)) return void 0;
	const given = String(value);
	const whole = cleanText(declaration.isThreeBytes ? withoutFourBytes(given) : given);
	let text = whole;
	if (declaration.maxCharacters !== void 0) text = cutCharacters(text, declaration.maxCharacters);
	if (declaration.maxBytes !== void 0) text = cutBytes(text, declaration.maxBytes);
	if (text !== whole) text = text.trimEnd();
	return text === "" || text === "0" && declaration.isZeroEmpty ? void 0 : text;
}
/** An address, also with a port, in brackets, or with a zone, as proxies report it. */
function toAddress(_rules, value) {
	if (typeof value !== "string") return void 0;
	return isIP(value) && !value.includes("%") ? value : plainAddress(value);
}
const NOBODY$1 = /* @__PURE__ */ new Set([
	"",
	"0",
	"null",
	"undefined",
	"false",
	"anonymous"
]);
/** Addresses of which nothing is left after masking. */
const MASKED$1 = /^(?:0\.0\.0\.0|::)(?:\s*,\s*(?:0\.0\.0\.0|::))*$/;
/** Whether a user ID means that there is no user: Matomo would make a user of that name of it. */
function isNobody(userId) {
	const text = userId.trim().toLowerCase();
	return NOBODY$1.has(text) || MASKED$1.test(text);
}
function toUserId(declaration, value) {
	const text = toText$2(declaration, value) ?? "";
	return isNobody(text) ? void 0 : text;
}
/** A URL with a scheme, as Matomo drops others, and without credentials, which it would store. */
function toUrl(declaration, value) {
	const text = typeof value === "string" ? value.trim() : "";
	if (!/^[a-z][a-z\d+.-]*:\/\/[^/]/i.test(text)) return void 0;
	return toText$2(declaration, withoutUserInfo$1(text));
}
/** JSON, given as text or as a value. A longer one is dropped: after a cut it would not be valid. */
function readJson({ maxCharacters = 0 }, value) {
	const text = typeof value === "string" ? value : listAsJson(value);
	if (text.length > maxCharacters) return void 0;
	try {
		return JSON.parse(text);
	} catch {
		return;
	}
}
/** The items of an order: `[sku, name, categories, price, quantity]`. */
function toItems(rules, value) {
	const items = readJson(rules, value);
	if (!Array.isArray(items)) return void 0;
	const text = JSON.stringify(items.filter(Array.isArray).map((item) => item.map(toItemValue)));
	return text.length > ITEMS.maxCharacters ? void 0 : text;
}
/** A value of an item. Matomo fails with objects, and with lists other than categories. */
function toItemValue(value, i) {
	if (typeof value === "number") return value;
	if (Array.isArray(value) && i === 2) return value.map((each) => toText$2(NAME$2, each) ?? "");
	return toText$2(NAME$2, value) ?? "";
}
/** A list as JSON; empty if the value is none, or cannot be written. */
function listAsJson(value) {
	try {
		return Array.isArray(value) ? JSON.stringify(value) : "";
	} catch {
		return "";
	}
}
function toNumber(declaration, value) {
	const read = readNumber(value);
	const number = declaration.rounded ? Math.round(read) : read;
	if (declaration.kind === "integer" && !Number.isInteger(number)) return void 0;
	const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = declaration;
	return Number.isFinite(number) && number >= min && number <= max ? String(number) : void 0;
}
function toFlag(_rules, value) {
	if ([
		true,
		1,
		"1",
		"true"
	].includes(value)) return "1";
	return [
		false,
		0,
		"0",
		"false"
	].includes(value) ? "0" : void 0;
}
/** Matomo stores a hit with an older time as one of now. */
const MAX_AGE_SECONDS = 63072e4;
/** A time in epoch seconds. For one that is unreadable, in the future or too old, Matomo stores the time of arrival. */
function toTime$1({ min = MAX_AGE_SECONDS, max = 2 ** 32 - 1 }, value) {
	const seconds = readTime(value);
	return seconds > min && seconds <= max ? String(seconds) : void 0;
}
/** A site ID from a number or its digits; `undefined` if it is invalid. */
function toSiteId(value) {
	const id = typeof value === "string" && /^\s*\d{1,10}\s*$/.test(value) ? Number(value) : value;
	return typeof id === "number" && Number.isInteger(id) && id > 0 && id < 2 ** 32 ? id : void 0;
}
// src/hit/parameters/order.ts
const MAX_CATEGORIES = 5;
const MAX_QUANTITY = 65535;
/**
* The items of an order as Matomo reads them. Those that it would ignore, and those beyond the longest text, are left out, and added to
* `problems`: the order is worth more than they are.
*/
function toOrderItems(items, problems) {
	const rows = [];
	const skus = /* @__PURE__ */ new Set();
	let characters = 2;
	for (const item of items) {
		const row = toRow(item);
		if (typeof row === "string") {
			problems.add(row);
			continue;
		}
		if (skus.has(row[0])) problems.add("the name, price and quantity of an item with the same sku");
		skus.add(row[0]);
		const text = JSON.stringify(row);
		characters += text.length + 1;
		if (characters > ITEMS.maxCharacters) {
			problems.add(`items beyond ${ITEMS.maxCharacters} characters`);
			break;
		}
		rows.push(text);
	}
	return `[${rows.join(",")}]`;
}
const ITEM_KEYS = [
	"sku",
	"name",
	"categories",
	"price",
	"quantity"
];
/** What an amount must be, in the words of a message. */
const NO_NUMBER = "is not a number such as 9.99 or \"9.99\"";
/** The row of an item, or why it is invalid. */
function toRow(item) {
	if (typeof item !== "object" || item === null) return "an item that is no object";
	const { sku, name, categories, price, quantity } = Array.isArray(item) ? ofList(item) : item;
	const number = toName$1(sku);
	if (number === "") return "an item without a sku";
	const [cost, pieces] = [readNumber(price ?? 0), readNumber(quantity ?? 1)];
	if (!Number.isFinite(cost)) return `an item whose price ${NO_NUMBER}`;
	if (!Number.isFinite(pieces)) return `an item whose quantity ${NO_NUMBER}`;
	const count = Math.min(Math.max(0, Math.round(pieces)), MAX_QUANTITY);
	return [
		number,
		toName$1(name),
		toCategories(categories),
		cost,
		count
	];
}
/** Reads an item in the form of Matomo's JavaScript tracker and HTTP API. */
function ofList(list) {
	return Object.fromEntries(ITEM_KEYS.map((key, i) => [key, list[i]]));
}
const ORDER_KEYS = [
	"id",
	"revenue",
	"subtotal",
	"tax",
	"shipping",
	"discount",
	"items"
];
const AMOUNTS$1 = {
	ec_st: "subtotal",
	ec_tx: "tax",
	ec_sh: "shipping",
	ec_dt: "discount"
};
/** An order as tracking parameters, and what had to be left out; a text says why there is none. */
function readOrder(order) {
	const { id, items } = order;
	const problems = new Set(namesOf(unknownKeys(order)));
	const revenue = readNumber(order.revenue);
	if (!Number.isFinite(revenue)) {
		const [unknown] = problems;
		const others = unknown === void 0 ? "" : `, and it has ${unknown}`;
		return `the revenue of an order ${NO_NUMBER}${others}`;
	}
	const parameters = {
		idgoal: 0,
		ec_id: id,
		revenue
	};
	for (const [parameter, key] of Object.entries(AMOUNTS$1)) {
		if (order[key] === void 0 || order[key] === null) continue;
		const amount = readNumber(order[key]);
		if (Number.isFinite(amount)) parameters[parameter] = amount;
		else problems.add(`a ${key} that ${NO_NUMBER}`);
	}
	if (Array.isArray(items)) parameters.ec_items = toOrderItems(items, problems);
	else if (items !== void 0 && items !== null) problems.add("items that are no list");
	return {
		parameters,
		problems
	};
}
/** Unknown keys of an order; those of items are shown as `items[].category`. */
function unknownKeys(order) {
	const unknown = new Set(keysBeside(order, ORDER_KEYS));
	const items = Array.isArray(order.items) ? order.items : [];
	for (const item of items) {
		if (!isRecord(item)) continue;
		for (const key of keysBeside(item, ITEM_KEYS)) unknown.add(`items[].${key}`);
	}
	return [...unknown];
}
function keysBeside(given, known) {
	return Object.keys(given).filter((key) => !known.includes(key) && given[key] !== void 0);
}
/** The number of unknown keys that a message shows, because an item may be a record of a database. */
const MAX_NAMED = 8;
function namesOf(unknown) {
	if (unknown.length === 0) return [];
	const shown = unknown.slice(0, MAX_NAMED).map((key) => JSON.stringify(key.slice(0, 50)));
	if (unknown.length > MAX_NAMED) shown.push("…");
	const known = `${ORDER_KEYS.join(", ")}; of an item ${ITEM_KEYS.join(", ")}`;
	return [`${shown.join(", ")}, which trackOrder does not know (it knows ${known})`];
}
function toCategories(unchecked) {
	if (!Array.isArray(unchecked)) return toName$1(unchecked);
	return unchecked.slice(0, MAX_CATEGORIES).map(toName$1).filter((name) => name !== "");
}
/** The length of an order ID in Matomo's column. A longer one makes Matomo roll the whole bulk back. */
function toName$1(unchecked) {
	return toText$2(NAME$2, unchecked) ?? "";
}
// src/request/functions.ts
/**
* The functions for the request that `find` returns at each call. Nothing here throws but what the application runs in `measure`.
*/
function createRequestFunctions(tracker, find) {
	function findOpen(name) {
		const request = find();
		if (request === void 0 || typeof request === "string") return void 0;
		if (!request.isEnded) return request;
		if (name) tracker.reportHit("late", describeLate(name), "annotated-too-late");
	}
	/** Passes on the parameters that `read` returns. If it returns a text, that is the reason why there is no hit. */
	function send(name, read) {
		try {
			const parameters = read();
			const request = find();
			if (typeof parameters === "string") tracker.refuseHit(`${name} ${parameters}`, `${name}: ${parameters}. The call was dropped. Correct it.`);
			else if (request === "missing") tracker.refuseHit("forRequest", NO_REQUEST$1);
			else tracker.addHit({
				parameters,
				epochMillis: Date.now()
			}, request);
		} catch (error) {
			tracker.refuseHit(`${name} read`, `${name}: the arguments cannot be read (${describeError(error)}). The call was dropped. Correct it.`);
		}
	}
	function startTiming(key) {
		const request = findOpen();
		if (!request) return void 0;
		if (!isPerfKey(key)) {
			tracker.reportHit("measure key", UNKNOWN_TIMING);
			return;
		}
		const additions = request.ensureAdditions();
		const start = performance.now();
		return () => addTiming(additions, key, performance.now() - start);
	}
	function measure(key, fn) {
		const stop = startTiming(key);
		let result;
		try {
			result = fn();
		} catch (error) {
			stop?.();
			throw error;
		}
		if (isThenable(result)) {
			const promise = Promise.resolve(result);
			return stop ? promise.finally(stop) : promise;
		}
		stop?.();
		return result;
	}
	return {
		annotate(parameters) {
			try {
				const request = findOpen("annotate");
				if (!request) return;
				if (!isRecord(parameters)) {
					tracker.reportHit("annotate", NO_PARAMETERS);
					return;
				}
				const { cvar, ...others } = parameters;
				if (cvar !== void 0 && !isRecord(cvar)) tracker.reportHit("annotate cvar", CVAR_INVALID);
				const additions = request.ensureAdditions();
				additions.parameters = addTo$1(additions.parameters, others);
				if (isRecord(cvar)) additions.cvar = addTo$1(additions.cvar, cvar);
			} catch {
				tracker.reportHit("annotate", NO_PARAMETERS);
			}
		},
		measure,
		ignore() {
			const request = findOpen("ignore");
			if (request) request.ensureAdditions().ignored = true;
		},
		trackEvent(category, action, more = {}) {
			send("trackEvent", () => {
				const { name, value, ...others } = readMore(tracker, more, SIGNATURES.trackEvent);
				if (isEmpty(category) || isEmpty(action)) return "an event needs a category and an action";
				return merge({
					e_n: name,
					e_v: value
				}, others, {
					e_c: category,
					e_a: action
				});
			});
		},
		trackGoal(goal, more = {}) {
			send("trackGoal", () => {
				const idgoal = readNumber(goal);
				if (!Number.isInteger(idgoal) || idgoal < 1) return "a goal is a positive whole number";
				const revenue = readNumber(more);
				if (Number.isFinite(revenue)) return {
					idgoal,
					revenue
				};
				const others = readMore(tracker, more, SIGNATURES.trackGoal);
				if (others.revenue === void 0) return merge(others, { idgoal });
				const ofGoal = readNumber(others.revenue);
				if (!Number.isFinite(ofGoal)) return "the revenue is not a number such as 9.99 or \"9.99\"";
				return merge(others, {
					idgoal,
					revenue: ofGoal
				});
			});
		},
		trackOrder(order, more = {}) {
			send("trackOrder", () => {
				if (!isRecord(order)) return `call it as ${SIGNATURES.trackOrder}`;
				if (isBlank(order.id)) return "an order needs an id";
				const read = readOrder(order);
				if (typeof read === "string") return read;
				for (const problem of read.problems) tracker.reportHit(`order ${problem}`, `An order has ${problem}. That was left out, and the order is sent. Correct it.`);
				const { idgoal, ec_id, revenue, ...others } = read.parameters;
				return merge(others, readMore(tracker, more, SIGNATURES.trackOrder), {
					idgoal,
					ec_id,
					revenue
				});
			});
		},
		trackHit(parameters) {
			send("trackHit", () => isRecord(parameters) ? merge(parameters) : "it needs tracking parameters");
		}
	};
}
/** The message if `forRequest` gets something else. */
const NO_REQUEST$1 = "forRequest: the object leads to no request to a server of this process. Calls for it do nothing. Pass Node's request, or the request or context of Express, Fastify, Koa, Hapi or Hono.";
function describeLate(name) {
	return `${name}: the request has ended. The call has no effect, and neither have further ones after the end of their request. Call it before the response ends.`;
}
const NO_PARAMETERS = "annotate: the argument is not an object of tracking parameters. It is ignored. Call it as annotate({ action_name, … }).";
const CVAR_INVALID = "annotate: \"cvar\" must be an object of custom variables by name. It is left out. Write it as { cvar: { plan: \"pro\" } }.";
const UNKNOWN_TIMING = `measure: the first argument is not a timing. Nothing is measured; the function runs. Use one of ${PERF_KEYS.join(", ")}.`;
const SIGNATURES = {
	trackEvent: "trackEvent(category, action, { name, value })",
	trackGoal: "trackGoal(goal, { revenue })",
	trackOrder: "trackOrder({ id, revenue, … }, { … })"
};
/** Further parameters of a call. Anything else is reported, and the hit is sent without it. */
function readMore(tracker, more, signature) {
	if (isRecord(more)) return more;
	if (more !== void 0 && more !== null) tracker.reportHit(signature, `${signature}: An argument is not an object of tracking parameters. It is left out, and the hit is sent. Call it like this.`);
	return {};
}
/** Merges layers into a copy, the last one strongest. A property that is `undefined` is not set. */
function merge(...layers) {
	return layers.reduce(addTo$1, Object.create(null));
}
function isBlank(text) {
	return !(typeof text === "string" || typeof text === "bigint" || Number.isFinite(text)) || String(text).trim() === "";
}
/** Whether a text is empty for Matomo, as `0` is. */
function isEmpty(text) {
	return isBlank(text) || String(text).trim() === "0";
}
/** Adds to `known`, because a copy for each call of `annotate` would take quadratic time. */
function addTo$1(known, added) {
	const sum = known ?? Object.create(null);
	for (const [name, value] of Object.entries(added)) if (value !== void 0) sum[name] = value;
	return sum;
}
// src/common/environment.ts
/** Set by Deno, which asks for a permission for each variable. */
const IS_DENO = process.versions.deno !== void 0;
/** The variables of this process. One that Deno does not allow to read counts as unset. */
function environment() {
	return IS_DENO ? readable(process.env) : process.env;
}
function readable(env) {
	const read = (name) => orElse(void 0, () => env[String(name)]);
	return new Proxy({}, {
		get: (_, name) => read(name),
		has: (_, name) => read(name) !== void 0,
		ownKeys: () => orElse([], () => Object.keys(env)),
		getOwnPropertyDescriptor: (_, name) => {
			const value = read(name);
			return value === void 0 ? value : {
				value,
				enumerable: true,
				configurable: true
			};
		}
	});
}
function orElse(fallback, read) {
	try {
		return read();
	} catch {
		return fallback;
	}
}
function toMillis(time) {
	return time[0] * 1e3 + time[1] / 1e6;
}
/** A value if it is a non-empty string. Read the attribute by a constant name, which V8 looks up faster. */
function textOf$2(value) {
	return typeof value === "string" && value.length > 0 ? value : void 0;
}
/** The request method by the stable or the old attribute; `undefined` if it is not an HTTP request. */
function methodOf(attributes) {
	if ((attributes["rpc.system.name"] ?? attributes["rpc.system"] ?? attributes["grpc.method"]) !== void 0) return void 0;
	const method = textOf$2(attributes["http.request.method"]) ?? textOf$2(attributes["http.method"]);
	if (method === void 0) return micrometerIn(attributes)?.method;
	if (method !== "_OTHER") return method;
	return textOf$2(attributes["http.request.method_original"]) ?? method;
}
const MICROMETER_METHOD = /^[A-Z-]{3,20}$/;
/** `undefined` if the attributes are not of Micrometer, or have standard names, too. */
function micrometerIn(attributes) {
	const { method, uri, status, exception } = attributes;
	if (typeof method !== "string" || typeof uri !== "string") return void 0;
	if (!MICROMETER_METHOD.test(method) || method === "UNKNOWN") return void 0;
	if ((attributes["http.request.method"] ?? attributes["http.method"]) !== void 0) return void 0;
	return {
		method,
		route: uri.startsWith("/") ? uri : void 0,
		status: status === "UNKNOWN" ? 0 : status,
		errorType: exception === "none" ? void 0 : textOf$2(exception)
	};
}
const SLASH = 47;
/**
* Path and query of a request target in any form: `/x?y`, `http://h/x`, `*`. One that begins with `/` is a path, also `//x/y`: only
* references in a page may name a host so (RFC 9112, 3.2.1).
*/
function splitTarget(target) {
	return splitAtQuery(target.charCodeAt(0) === SLASH ? target : target.replace(/^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i, ""));
}
function splitAtQuery(target) {
	const question = target.indexOf("?");
	const path = question < 0 ? target : target.slice(0, question);
	return {
		path: path.startsWith("/") || path === "*" ? path : `/${path}`,
		query: question < 0 ? void 0 : target.slice(question + 1)
	};
}
/** Path and query from the attributes of a span: stable names, then old names, then a full URL. */
function targetOf(attributes) {
	const urlPath = textOf$2(attributes["url.path"]);
	if (urlPath !== void 0) {
		const { path, query: ownQuery } = splitAtQuery(urlPath);
		return {
			path,
			query: (textOf$2(attributes["url.query"]) ?? splitTarget(fullTargetOf(attributes) ?? "").query ?? ownQuery)?.replace(/^\?/, "")
		};
	}
	const target = fullTargetOf(attributes);
	return target === void 0 ? void 0 : splitTarget(target);
}
/** The attributes that contain path and query. */
function fullTargetOf(attributes) {
	return textOf$2(attributes["http.target"]) ?? textOf$2(attributes["url.full"]) ?? textOf$2(attributes["http.url"]) ?? textOf$2(attributes["http.path"]);
}
/** The address of the peer, never `client.address`, which is the first entry of X-Forwarded-For, which anybody can set. */
function peerAddressOf(attributes) {
	return textOf$2(attributes["network.peer.address"]) ?? textOf$2(attributes["net.sock.peer.addr"]) ?? textOf$2(attributes["net.peer.ip"]) ?? textOf$2(attributes["peer.address"]);
}
// src/request/matomo-attributes.ts
/** Name of a span event that adds a hit besides the page view. */
const HIT_EVENT = "matomo.hit";
const CVAR_PREFIX = "matomo.cvar.";
/** Whether a span has such an event. Called for every span of the application. */
function hasHitEvent({ events }) {
	return events?.some(({ name }) => name === HIT_EVENT) === true;
}
/** The hits in the events of a span, in order. */
function hitsOfEvents(span) {
	const hits = [];
	for (const { name, attributes = {}, time } of span.events ?? []) {
		if (name !== "matomo.hit") continue;
		const epochMillis = time ? toMillis(time) : toMillis(span.startTime) + toMillis(span.duration);
		hits.push({
			parameters: parametersOf$4(attributes),
			epochMillis
		});
	}
	return hits;
}
function parametersOf$4(attributes) {
	const read = {
		parameters: void 0,
		cvar: void 0
	};
	for (const name in attributes) readAttribute(read, name, attributes[name]);
	const { parameters = Object.create(null), cvar } = read;
	if (cvar) parameters.cvar = cvar;
	return parameters;
}
/** Adds what one attribute sets, if it is for Matomo. */
function readAttribute(read, name, value) {
	if (name.startsWith(CVAR_PREFIX)) {
		read.cvar ??= Object.create(null);
		read.cvar[name.slice(12)] = value;
	} else if (name.startsWith("matomo.")) {
		read.parameters ??= Object.create(null);
		read.parameters[name.slice(7)] = value;
	}
}
/** Copies one attribute if it is for Matomo. */
function annotateWith(annotations, name, value) {
	if (name !== "matomo.ignore") readAttribute(annotations, name, value);
	else if (value === true || value === "true" || value === 1) annotations.ignored = true;
}
const known$1 = /* @__PURE__ */ new WeakMap();
let ofEnvironment;
/** Attributes of the resource; without one, those of the variables that OpenTelemetry reads. */
function serviceDefaultsOf(resource) {
	if (resource === void 0) {
		ofEnvironment ??= toDefaults(readEnvironment$1(environment()));
		return ofEnvironment;
	}
	const found = known$1.get(resource);
	if (found) return found;
	if (resource.asyncAttributesPending) return toDefaults(attributesSoFar(resource));
	const defaults = toDefaults(resource.attributes ?? {});
	known$1.set(resource, defaults);
	return defaults;
}
function toDefaults(attributes) {
	const annotations = new Annotations();
	for (const [name, value] of Object.entries(attributes)) if (name !== "matomo.perf_key" && value !== void 0) annotateWith(annotations, name, value);
	const isAnnotated = hasAnnotations(annotations);
	const site = toSiteId(annotations.parameters?.idsite);
	return {
		attributes,
		annotations: isAnnotated ? annotations : void 0,
		site
	};
}
/** SDK 2 and 3 log an error if `attributes` is read too early. */
function attributesSoFar(resource) {
	const raw = resource.getRawAttributes?.();
	if (!raw) return resource.attributes ?? {};
	const values = raw.filter(([, value]) => value != null && !(value instanceof Promise));
	return Object.fromEntries([...values].reverse());
}
/** OTEL_RESOURCE_ATTRIBUTES is a list of `name=value` with percent-encoded values; OTEL_SERVICE_NAME wins. */
function readEnvironment$1({ OTEL_RESOURCE_ATTRIBUTES: list = "", OTEL_SERVICE_NAME: service = "" }) {
	const attributes = Object.create(null);
	for (const pair of list.split(",")) {
		const [, name, value] = /^\s*([^=]+?)\s*=(.*)$/.exec(pair) ?? [];
		if (name !== void 0 && value !== void 0) attributes[name] = decode(value.trim());
	}
	if (service.trim() !== "") attributes["service.name"] = service.trim();
	return attributes;
}
function decode(value) {
	try {
		return decodeURIComponent(value);
	} catch {
		return value;
	}
}
// src/common/recent-texts.ts
/** Longer texts are not kept. */
const MAX_CHARACTERS$2 = 500;
/** So many characters of a text are hashed, or up to twice as many. */
const HASHED_CHARACTERS = 32;
/**
* Values of texts, or of pairs of texts, that come again and again: a table of fixed size with two places for texts that share a hash, of
* which the later one replaces the earlier one. What is kept has come for the second time, so nothing is kept of a client that came once.
*/
var RecentTexts = class {
	#slots;
	#firsts = [];
	#seconds = [];
	#values = [];
	#hashes = NO_HASHES;
	#latest = void 0;
	#latestSecond = void 0;
	#latestValue = void 0;
	/** Whether what was looked for last, and not found, may be kept: it had come before. */
	mayKeep = false;
	/** @param slots a power of two */
	constructor(slots) {
		this.#slots = slots;
	}
	find(first, second = "") {
		if (first === this.#latest && second === this.#latestSecond) return this.#latestValue;
		if (this.#hashes === NO_HASHES) this.#open();
		const hash = hashOf(first, second);
		let slot = hash & this.#slots - 2;
		if (this.#firsts[slot] !== first || this.#seconds[slot] !== second) {
			slot += 1;
			if (this.#firsts[slot] !== first || this.#seconds[slot] !== second) {
				const seenAt = hash & this.#slots - 1;
				const isLong = first.length > MAX_CHARACTERS$2 || second.length > MAX_CHARACTERS$2;
				this.mayKeep = this.#hashes[seenAt] === hash && !isLong;
				this.#hashes[seenAt] = hash;
				return;
			}
		}
		this.#latest = this.#firsts[slot];
		this.#latestSecond = this.#seconds[slot];
		this.#latestValue = this.#values[slot];
		return this.#latestValue;
	}
	/** The texts are copied: they may be parts of long ones. */
	keep(value, first, second = "") {
		const slot = hashOf(first, second) & this.#slots - 2;
		if (this.#firsts[slot] !== first || this.#seconds[slot] !== second) {
			this.#firsts[slot + 1] = this.#firsts[slot];
			this.#seconds[slot + 1] = this.#seconds[slot];
			this.#values[slot + 1] = this.#values[slot];
			this.#firsts[slot] = copyText(first);
			this.#seconds[slot] = copyText(second);
		}
		this.#values[slot] = value;
		this.#latest = void 0;
	}
	#open() {
		this.#firsts = new Array(this.#slots).fill(void 0);
		this.#seconds = new Array(this.#slots).fill(void 0);
		this.#values = new Array(this.#slots).fill(void 0);
		this.#hashes = new Int32Array(this.#slots);
	}
};
const NO_HASHES = /* @__PURE__ */ new Int32Array(0);
function hashOf(first, second) {
	let hash = first.length + 7 * second.length;
	for (let i = first.length - 1, step = stepOf(first); i >= 0; i -= step) hash = Math.imul(hash, 31) + first.charCodeAt(i) | 0;
	for (let i = second.length - 1, step = stepOf(second); i >= 0; i -= step) hash = Math.imul(hash, 31) + second.charCodeAt(i) | 0;
	return hash ^ hash >>> 11 ^ hash >>> 21;
}
function stepOf({ length }) {
	return length < 64 ? 1 : length / HASHED_CHARACTERS | 0;
}
/**
* Remembers what a function of a text returns, unless that is `undefined`, or `mayKeep` refuses it: texts that are not sent as they came must
* not stay in memory.
*/
function remember(slots, make, mayKeep = () => true) {
	const recent = new RecentTexts(slots);
	return function remembered(text) {
		const known = recent.find(text);
		if (known !== void 0) return known;
		if (!recent.mayKeep) return make(text);
		const kept = copyText(text);
		const made = make(kept);
		if (made === void 0 || !mayKeep(made, kept)) return made;
		const value = typeof made === "string" ? copyText(made) : made;
		recent.keep(value, kept);
		return value;
	};
}
/**
* A text as one that is no part of a longer one, and not made of parts. V8 stores a part as a reference to the whole, which then stays in
* memory as long as the part; and what is made of parts is put together again in each text that contains it.
*/
function copyText(text) {
	const copy = Buffer.from(text).toString();
	return copy === text ? copy : Buffer.from(text, "utf16le").toString("utf16le");
}
// src/hit/parameters/parameter-table.ts
const EVERY_HIT = { isShared: true };
const TITLE = {
	kind: "text",
	maxBytes: 1024
};
const URL_OF_PAGE = {
	kind: "url",
	maxBytes: 1024
};
const REFERRER = {
	kind: "referrer",
	maxBytes: 1024
};
const MILLIS = {
	kind: "integer",
	min: 0,
	max: 16777215,
	rounded: true
};
const UNSIGNED = {
	kind: "integer",
	min: 0,
	max: 4294967295
};
const AMOUNT = {
	kind: "number",
	min: -0x38d7ea4c68000,
	max: 0x38d7ea4c68000
};
const FLAG = { kind: "flag" };
const HINTS$1 = {
	kind: "hints",
	maxCharacters: 16384
};
const text$2 = (maxCharacters) => ({
	kind: "text",
	maxCharacters
});
const bytes = (maxBytes) => ({
	kind: "text",
	maxBytes
});
const upTo = (max) => ({
	kind: "integer",
	min: 0,
	max
});
const place = (maxBytes) => ({
	...bytes(maxBytes),
	needsToken: true
});
const degrees = (max) => ({
	kind: "number",
	min: -max,
	max,
	needsToken: true
});
const OR_NUMBER = { orNumber: true };
/**
* Every tracking parameter that applications can set, except for dimensions, by the headings of Matomo's reference. Limits are the columns
* of Matomo 5 in a strict database, where one value that does not fit makes the whole bulk fail. The comments are those of
* `TrackingParameters`. A function, so that bundlers leave the table out if nothing needs it.
*/
function settableParameters() {
	return {
		/** ID of the site. @see [Matomo: `idsite`](https://developer.matomo.org/api-reference/tracking-api) */
		idsite: {
			...EVERY_HIT,
			...UNSIGNED,
			min: 1
		},
		/** Title of the page. @see [Matomo: `action_name`](https://developer.matomo.org/api-reference/tracking-api) */
		action_name: TITLE,
		/** Full URL of the page or action. @see [Matomo: `url`](https://developer.matomo.org/api-reference/tracking-api) */
		url: {
			...EVERY_HIT,
			...URL_OF_PAGE
		},
		/** Visitor ID of 16 hexadecimal digits, used if neither `cid` nor `uid` is set. @see [Matomo: `_id`](https://developer.matomo.org/api-reference/tracking-api) */
		_id: {
			...EVERY_HIT,
			kind: "visitor-id"
		},
		/** URL of the referrer. @see [Matomo: `urlref`](https://developer.matomo.org/api-reference/tracking-api) */
		urlref: {
			...EVERY_HIT,
			...REFERRER
		},
		/** User-Agent of the client. @see [Matomo: `ua`](https://developer.matomo.org/api-reference/tracking-api) */
		ua: {
			...EVERY_HIT,
			...USER_AGENT$1
		},
		/** Client hints of the client, as JSON. @see [Matomo: `uadata`](https://developer.matomo.org/api-reference/tracking-api) */
		uadata: {
			...EVERY_HIT,
			...HINTS$1
		},
		/** Accept-Language of the client. @see [Matomo: `lang`](https://developer.matomo.org/api-reference/tracking-api) */
		lang: {
			...EVERY_HIT,
			...text$2(255)
		},
		/** User ID. @see [Matomo: `uid`](https://developer.matomo.org/api-reference/tracking-api) */
		uid: {
			...EVERY_HIT,
			kind: "user-id",
			maxCharacters: 200
		},
		/** Visitor ID of 16 hexadecimal digits. One is made of a UUID or a client ID of Google Analytics. @see [Matomo: `cid`](https://developer.matomo.org/api-reference/tracking-api) */
		cid: {
			...EVERY_HIT,
			kind: "visitor-id"
		},
		/** Starts a new visit. @see [Matomo: `new_visit`](https://developer.matomo.org/api-reference/tracking-api) */
		new_visit: FLAG,
		/** Resolution of the screen, such as `1280x1024`. @see [Matomo: `res`](https://developer.matomo.org/api-reference/tracking-api) */
		res: bytes(9),
		/** Local time of the visitor: hour. @see [Matomo: `h`](https://developer.matomo.org/api-reference/tracking-api) */
		h: upTo(23),
		/** Local time of the visitor: minute. @see [Matomo: `m`](https://developer.matomo.org/api-reference/tracking-api) */
		m: upTo(59),
		/** Local time of the visitor: second. @see [Matomo: `s`](https://developer.matomo.org/api-reference/tracking-api) */
		s: upTo(59),
		/** Whether the client accepts cookies. @see [Matomo: `cookie`](https://developer.matomo.org/api-reference/tracking-api) */
		cookie: FLAG,
		/** Campaign of a conversion. @see [Matomo: `_rcn`](https://developer.matomo.org/api-reference/tracking-api) */
		_rcn: text$2(255),
		/** Campaign keyword of a conversion. @see [Matomo: `_rck`](https://developer.matomo.org/api-reference/tracking-api) */
		_rck: text$2(255),
		/** URL of an outlink. Makes the hit an outlink. @see [Matomo: `link`](https://developer.matomo.org/api-reference/tracking-api) */
		link: {
			decidesKind: true,
			...URL_OF_PAGE
		},
		/** URL of a file. Makes the hit a download. @see [Matomo: `download`](https://developer.matomo.org/api-reference/tracking-api) */
		download: {
			decidesKind: true,
			...URL_OF_PAGE
		},
		/** Keyword of a site search. Makes the hit a site search. @see [Matomo: `search`](https://developer.matomo.org/api-reference/tracking-api) */
		search: {
			decidesKind: true,
			...TITLE,
			isZeroEmpty: true
		},
		/** Category of a site search. @see [Matomo: `search_cat`](https://developer.matomo.org/api-reference/tracking-api) */
		search_cat: bytes(200),
		/** Number of results of a site search. @see [Matomo: `search_count`](https://developer.matomo.org/api-reference/tracking-api) */
		search_count: UNSIGNED,
		/** ID of the page view, 6 characters. @see [Matomo: `pv_id`](https://developer.matomo.org/api-reference/tracking-api) */
		pv_id: {
			...text$2(6),
			maxBytes: 6,
			isThreeBytes: true
		},
		/** ID of a goal. Makes the hit a conversion; 0 is an order or a cart. @see [Matomo: `idgoal`](https://developer.matomo.org/api-reference/tracking-api) */
		idgoal: {
			decidesKind: true,
			...UNSIGNED
		},
		/** Revenue of a conversion or an order. @see [Matomo: `revenue`](https://developer.matomo.org/api-reference/tracking-api) */
		revenue: AMOUNT,
		/** Custom variables by name. @see [Matomo: custom variables](https://developer.matomo.org/api-reference/tracking-api) */
		cvar: { kind: "variables" },
		/** Network time, in milliseconds. @see [Matomo: `pf_net`](https://developer.matomo.org/api-reference/tracking-api) */
		pf_net: MILLIS,
		/** Server time, in milliseconds. @see [Matomo: `pf_srv`](https://developer.matomo.org/api-reference/tracking-api) */
		pf_srv: MILLIS,
		/** Transfer time, in milliseconds. @see [Matomo: `pf_tfr`](https://developer.matomo.org/api-reference/tracking-api) */
		pf_tfr: MILLIS,
		/** DOM processing time, in milliseconds. @see [Matomo: `pf_dm1`](https://developer.matomo.org/api-reference/tracking-api) */
		pf_dm1: MILLIS,
		/** DOM completion time, in milliseconds. @see [Matomo: `pf_dm2`](https://developer.matomo.org/api-reference/tracking-api) */
		pf_dm2: MILLIS,
		/** On load time, in milliseconds. @see [Matomo: `pf_onl`](https://developer.matomo.org/api-reference/tracking-api) */
		pf_onl: MILLIS,
		/** Category of an event. Makes the hit an event; needs `e_a`. @see [Matomo: `e_c`](https://developer.matomo.org/api-reference/tracking-api) */
		e_c: {
			decidesKind: true,
			...NAME$2
		},
		/** Action of an event. Makes the hit an event; needs `e_c`. @see [Matomo: `e_a`](https://developer.matomo.org/api-reference/tracking-api) */
		e_a: {
			decidesKind: true,
			...NAME$2
		},
		/** Name of an event. @see [Matomo: `e_n`](https://developer.matomo.org/api-reference/tracking-api) */
		e_n: NAME$2,
		/** Value of an event. @see [Matomo: `e_v`](https://developer.matomo.org/api-reference/tracking-api) */
		e_v: AMOUNT,
		/** Name of content. Makes the hit a content impression. @see [Matomo: `c_n`](https://developer.matomo.org/api-reference/tracking-api) */
		c_n: {
			decidesKind: true,
			...NAME$2
		},
		/** Piece of content, such as the path of an image. @see [Matomo: `c_p`](https://developer.matomo.org/api-reference/tracking-api) */
		c_p: NAME$2,
		/** Target of content, such as the URL of a link. @see [Matomo: `c_t`](https://developer.matomo.org/api-reference/tracking-api) */
		c_t: NAME$2,
		/** Interaction with content, such as `click`. @see [Matomo: `c_i`](https://developer.matomo.org/api-reference/tracking-api) */
		c_i: NAME$2,
		/** ID of an order. @see [Matomo: `ec_id`](https://developer.matomo.org/api-reference/tracking-api) */
		ec_id: {
			decidesKind: true,
			...text$2(100),
			...OR_NUMBER
		},
		/** Items of an order, as JSON. `trackOrder` makes it. @see [Matomo: `ec_items`](https://developer.matomo.org/api-reference/tracking-api) */
		ec_items: ITEMS,
		/** Subtotal of an order. @see [Matomo: `ec_st`](https://developer.matomo.org/api-reference/tracking-api) */
		ec_st: AMOUNT,
		/** Tax of an order. @see [Matomo: `ec_tx`](https://developer.matomo.org/api-reference/tracking-api) */
		ec_tx: AMOUNT,
		/** Shipping costs of an order. @see [Matomo: `ec_sh`](https://developer.matomo.org/api-reference/tracking-api) */
		ec_sh: AMOUNT,
		/** Discount of an order. @see [Matomo: `ec_dt`](https://developer.matomo.org/api-reference/tracking-api) */
		ec_dt: AMOUNT,
		/** Category of the viewed product. @see [Matomo: `_pkc`](https://developer.matomo.org/api-reference/tracking-api) */
		_pkc: NAME$2,
		/** Price of the viewed product. @see [Matomo: `_pkp`](https://developer.matomo.org/api-reference/tracking-api) */
		_pkp: AMOUNT,
		/** SKU of the viewed product. @see [Matomo: `_pks`](https://developer.matomo.org/api-reference/tracking-api) */
		_pks: {
			...NAME$2,
			...OR_NUMBER
		},
		/** Name of the viewed product. @see [Matomo: `_pkn`](https://developer.matomo.org/api-reference/tracking-api) */
		_pkn: NAME$2,
		/** IP address of the client. Needs a token. @see [Matomo: `cip`](https://developer.matomo.org/api-reference/tracking-api) */
		cip: {
			...EVERY_HIT,
			...ADDRESS,
			needsToken: true
		},
		/** Time of the hit: epoch seconds or milliseconds, a `Date`, or text such as `2026-11-20 10:00:00` (UTC). Older than a day: needs a token. @see [Matomo: `cdt`](https://developer.matomo.org/api-reference/tracking-api) */
		cdt: { kind: "time" },
		/** Country of the visitor, two letters. Needs a token. @see [Matomo: `country`](https://developer.matomo.org/api-reference/tracking-api) */
		country: {
			...EVERY_HIT,
			...place(2)
		},
		/** Region of the visitor, by ISO 3166-2. Needs a token. @see [Matomo: `region`](https://developer.matomo.org/api-reference/tracking-api) */
		region: {
			...EVERY_HIT,
			...place(3)
		},
		/** City of the visitor. Needs a token. @see [Matomo: `city`](https://developer.matomo.org/api-reference/tracking-api) */
		city: {
			...EVERY_HIT,
			...place(255)
		},
		/** Latitude of the visitor. Needs a token. @see [Matomo: `lat`](https://developer.matomo.org/api-reference/tracking-api) */
		lat: {
			...EVERY_HIT,
			...degrees(90)
		},
		/** Longitude of the visitor. Needs a token. @see [Matomo: `long`](https://developer.matomo.org/api-reference/tracking-api) */
		long: {
			...EVERY_HIT,
			...degrees(180)
		},
		/** Extends the visit without an action. @see [Matomo: `ping`](https://developer.matomo.org/api-reference/tracking-api) */
		ping: FLAG,
		/** Tracks bots too. @see [Matomo: `bots`](https://developer.matomo.org/api-reference/tracking-api) */
		bots: {
			...EVERY_HIT,
			...FLAG
		},
		/** Seconds to subtract from `cdt`. @see [Matomo: `cdo`](https://developer.matomo.org/api-reference/tracking-api) */
		cdo: upTo(631152e3),
		/** Duration, in milliseconds. Matomo ignores it. @see [Matomo: `gt_ms`](https://developer.matomo.org/api-reference/tracking-api) */
		gt_ms: MILLIS,
		/** Referrer of a conversion. @see [Matomo: `_ref`](https://developer.matomo.org/api-reference/tracking-api) */
		_ref: REFERRER,
		/** Time at which the referrer of a conversion was seen, in epoch seconds. @see [Matomo: `_refts`](https://developer.matomo.org/api-reference/tracking-api) */
		_refts: UNSIGNED,
		/** Status of the response. Stored for AI chatbots. @see [Matomo: `http_status`](https://developer.matomo.org/api-reference/tracking-api) */
		http_status: {
			...upTo(599),
			min: 100
		},
		/** Size of the response, in bytes. Stored for AI chatbots. @see [Matomo: `bw_bytes`](https://developer.matomo.org/api-reference/tracking-api) */
		bw_bytes: UNSIGNED,
		/** Integration that sends the hit. Stored for AI chatbots. @see [Matomo: `source`](https://developer.matomo.org/api-reference/tracking-api) */
		source: text$2(50)
	};
}
/** The declarations of all parameters. */
const PARAMETERS = /* @__PURE__ */ settableParameters();
/** Parameters that only the package sets. */
const RESERVED = /* @__PURE__ */ new Set("rec apiv rand ca send_image recMode ai_s ai_si ai_sa debug queuedtracking".split(" "));
const DIMENSION = {
	kind: "text",
	maxCharacters: 250
};
const DIMENSION_NAME = /^dimension[1-9]\d{0,2}$/;
/** The declaration of a parameter that applications can set; `undefined` if Matomo does not know it, or only the package sets it. */
function declarationOf(name) {
	if (Object.hasOwn(PARAMETERS, name)) return PARAMETERS[name];
	return DIMENSION_NAME.test(name) ? DIMENSION : void 0;
}
/** Names of parameters that have something in common. */
function parametersWith(matches) {
	return new Set(Object.keys(PARAMETERS).filter((name) => matches(PARAMETERS[name])));
}
/** Parameters that all hits of a request have. */
const SHARED$1 = /* @__PURE__ */ parametersWith(({ isShared }) => isShared === true);
/** Parameters that make a hit an event, a conversion and the like. */
const DECIDING_KIND = /* @__PURE__ */ parametersWith(({ decidesKind }) => decidesKind === true);
// src/hit/hit-text.ts
/** `&name=value`, percent-encoded; `?idsite=…` of the site, with which every hit begins. */
function rawPart(name, value) {
	return `${startOf(name)}${encodeValue(value)}`;
}
/** The part of a parameter with the valid part of a value; empty if there is none. */
function partOf(name, unchecked) {
	const value = toParameterValue(PARAMETERS[name], unchecked);
	return value === void 0 ? "" : rawPart(name, value);
}
/** The value that Matomo reads in a part. */
function readPart(part) {
	return part === "" ? void 0 : decodeURIComponent(part.slice(part.indexOf("=") + 1));
}
/** The beginning of every hit. */
function siteText(site, trackBots = false) {
	return `${rawPart("idsite", String(site))}&rec=1&apiv=1${trackBots ? "&bots=1" : ""}`;
}
function startOf(name) {
	return name === "idsite" ? "?idsite=" : `&${name}=`;
}
/** The part of a parameter in a text; empty if there is none. */
function findPart(text, name) {
	if (text === "") return "";
	const start = text.indexOf(startOf(name));
	if (start < 0) return "";
	const end = text.indexOf("&", start + 1);
	return end < 0 ? text.slice(start) : text.slice(start, end);
}
const SLOT_OF = /* @__PURE__ */ new Map(Object.entries({
	who: [
		"idsite",
		"rec",
		"apiv",
		"bots",
		"cip",
		"cid"
	],
	agent: [
		"ua",
		"uadata",
		"lang"
	],
	url: ["url"],
	referrer: ["urlref"],
	time: ["cdt"],
	title: ["action_name", "cvar"],
	duration: ["gt_ms", "pf_srv"]
}).flatMap(([slot, names]) => names.map((name) => [name, slot])));
/**
* A hit, while it is built and when it is sent: text in slots, each of which has one or several parameters, percent-encoded. A class and not
* a literal, like the other objects that each request makes and stores: once V8 has seen that objects of one literal survive, it allocates all
* later ones in the old generation, where they stay until the next full garbage collection.
*/
var HitText = class HitText {
	who = "";
	agent = "";
	url = "";
	referrer = "";
	time = "";
	title = "";
	duration = "";
	/** Parameters without a slot. */
	rest = "";
	/** The visitor that the hit names itself; `undefined` without a request. */
	named = void 0;
	/** Address of the client as it is known, never sent. */
	address = void 0;
	/** The part with the user that the option `userId` names. */
	user = "";
	/** Whether a parameter was set that says who made the hit. */
	isNamedAnew = false;
	/** The start of the request, or the time that was set. */
	startSeconds = 0;
	kind = "action";
	site = 0;
	visitor = "";
	query = "";
	#client = void 0;
	/** The hash is made only if the hit is stored in a spool, or if hits fail. */
	get client() {
		this.#client ??= this.address && this.named?.toClient(this.address, this.startSeconds);
		return this.#client || this.visitor;
	}
	/** Makes the query string. No parameter is set afterwards. */
	finish() {
		const { rest, named, isNamedAnew } = this;
		const isNamed = named !== void 0 && !isNamedAnew;
		this.site = isNamed ? named.site : Number(this.get("idsite"));
		this.visitor = (rest === "" ? void 0 : this.get("uid")) ?? (isNamed ? named.id : this.get("cid")) ?? "";
		this.query = this.toString();
		return this;
	}
	/** The hit as a query string. */
	toString() {
		const { who, agent, url, referrer, time, title, duration } = this;
		return who + agent + url + referrer + time + title + duration + this.rest;
	}
	find(name) {
		return findPart(this[SLOT_OF.get(name) ?? "rest"], name);
	}
	get(name) {
		return readPart(this.find(name));
	}
	has(name) {
		return this.find(name) !== "";
	}
	/** Replaces the part of a parameter in its slot, or appends it. An empty one removes the parameter. */
	put(name, part) {
		const slot = SLOT_OF.get(name) ?? "rest";
		if (slot === "who" || slot === "agent") this.isNamedAnew = true;
		const text = this[slot];
		const known = findPart(text, name);
		if (known !== "") this[slot] = text.replace(known, () => part);
		else this[slot] = name === "idsite" ? part + text : text + part;
		if (name === "cdt" || name === "cdo") this.startSeconds = Number(this.get("cdt")) - Number(this.get("cdo") ?? 0);
	}
	set(name, value) {
		this.put(name, rawPart(name, value));
	}
	delete(name) {
		this.put(name, "");
	}
	/** The parts by the names of their parameters. */
	parts() {
		return partsOf(this.toString());
	}
	/** A hit of the same request, without any parameter. */
	emptied() {
		const empty = new HitText();
		empty.named = this.named;
		empty.address = this.address;
		empty.user = this.user;
		empty.startSeconds = this.startSeconds;
		empty.kind = this.kind;
		return empty;
	}
	/** The parts that all hits of the request have, as the beginning of another hit. */
	toShared() {
		const shared = this.emptied();
		shared.kind = "action";
		shared.who = this.who;
		shared.agent = this.agent;
		shared.url = this.url;
		shared.referrer = this.referrer;
		shared.isNamedAnew = this.isNamedAnew;
		for (const [name, part] of partsOf(this.rest)) if (SHARED$1.has(name)) shared.rest += part;
		return shared;
	}
	/** A copy that does not keep the longer texts of which URL and referrer may be parts. */
	toSharedCopy() {
		const shared = this.toShared();
		shared.url = copyText(shared.url);
		shared.referrer = copyText(shared.referrer);
		return shared;
	}
};
function partsOf(text) {
	if (text === "") return [];
	return text.slice(1).split("&").map((each) => {
		const name = each.slice(0, each.indexOf("="));
		return [name, startOf(name) + each.slice(name.length + 1)];
	});
}
// src/hit/visitor/client.ts
/** Texts of clients that are longer than this are not remembered: a scanner sends ever new ones. */
const MAX_KEPT_CHARACTERS = 1e3;
const NO_USER_AGENT = `&ua=-`;
function newSentClient({ userAgent = "", acceptLanguage, clientHints }) {
	const sent = toParameterValue(USER_AGENT$1, copyText(userAgent)) ?? "-";
	const others = partOf("uadata", clientHints === void 0 ? void 0 : toClientHints(clientHints)) + partOf("lang", acceptLanguage);
	return {
		userAgent: sent,
		text: copyText(rawPart("ua", sent) + others)
	};
}
/**
* The user agent and the language of many requests, as one object: what is derived from them is stored here, which takes a tenth of a
* lookup by their texts.
*/
var Client = class {
	userAgent;
	acceptLanguage;
	/** The texts with the client hints of the latest request. */
	sent;
	clientHints;
	/** Whether options ignore the client, and which ones have decided that. */
	isIgnored = false;
	isAiChatbot = false;
	decidedBy;
	#store;
	constructor(userAgent, acceptLanguage, store) {
		this.userAgent = userAgent;
		this.acceptLanguage = acceptLanguage;
		this.#store = store;
	}
	/** Lets later requests find the client. Called once a request is tracked: visitors who opted out are not remembered. */
	remember() {
		const store = this.#store;
		if (!store) return;
		this.#store = void 0;
		store(this);
	}
};
/**
* Stores annotations in a request. An address and a user agent that they set are those of its client: the application knows whom a service
* that calls it is asking for. Client hints are those of the service.
*/
function storeAnnotations(http, annotations) {
	const request = http;
	request.annotations = annotations;
	for (const { parameters } of annotations) {
		if (!parameters) continue;
		const userAgent = toParameterValue(USER_AGENT$1, parameters.ua) ?? "-";
		request.address = plainAddress(toParameterValue(ADDRESS, parameters.cip)) ?? request.address;
		if (userAgent === "-" || userAgent === toParameterValue(USER_AGENT$1, request.userAgent)) continue;
		request.userAgent = userAgent;
		request.client = new Client(userAgent, request.acceptLanguage);
		request.clientHints = void 0;
	}
}
/** What is sent of the client of a request. */
function toSentClient(request) {
	const { client, clientHints } = request;
	if (client?.sent && client.clientHints === clientHints) return client.sent;
	const sent = newSentClient(request);
	if (client && sent.text.length + (clientHints?.length ?? 0) <= MAX_KEPT_CHARACTERS) {
		client.sent = sent;
		client.clientHints = clientHints;
	}
	return sent;
}
/** The headers of client hints, each of which is a line of a request's `clientHints`. */
const CLIENT_HINTS = [
	"sec-ch-ua",
	"sec-ch-ua-mobile",
	"sec-ch-ua-platform",
	"sec-ch-ua-full-version-list",
	"sec-ch-ua-model",
	"sec-ch-ua-platform-version"
];
/** `uadata` from the lines of client hints: the JSON that Matomo's JavaScript tracker sends in browsers. */
function toClientHints(lines) {
	const [list, mobile, platform, fullList, model, version] = lines.split("\n", CLIENT_HINTS.length);
	const brands = readBrands(list);
	if (brands.length === 0) return void 0;
	const fullVersionList = readBrands(fullList);
	return storableHints({
		brands,
		fullVersionList: fullVersionList.length > 0 ? fullVersionList : void 0,
		mobile: mobile ? mobile === "?1" : void 0,
		model: textHint(model),
		platform: textHint(platform),
		platformVersion: textHint(version)
	});
}
const BRAND = /[\s,]*"((?:[^"\\]|\\.)*)"\s*;\s*v="((?:[^"\\]|\\.)*)"/y;
/** `"Chromium";v="130", "Not?A_Brand";v="99"`. */
function readBrands(list) {
	const brands = [];
	if (list === void 0) return brands;
	BRAND.lastIndex = 0;
	for (let item = BRAND.exec(list); item; item = BRAND.exec(list)) {
		const [, brand = "", version = ""] = item;
		brands.push({
			brand: unquote(brand),
			version: unquote(version)
		});
	}
	return brands;
}
function textHint(quoted) {
	const text = quoted?.match(/^\s*"((?:[^"\\]|\\.)*)"\s*$/)?.[1];
	return text ? unquote(text) : void 0;
}
function unquote(text) {
	return text.replace(/\\(.)/g, "$1");
}
// src/request/node-request.ts
/** Compares a property that both have. */
function isHttp2(incoming) {
	return incoming?.httpVersion === "2";
}
/** The request on which frameworks store what they know: Node's own. Over HTTP/2, only the compatibility API has one. */
function frameworkRequestOf(incoming) {
	return isHttp2(incoming) ? incoming.compatible : incoming;
}
/** The attributes that an instrumentation would set, with stable names. */
function nodeAttributes({ incoming, method, path, query }, statusCode) {
	const { headers = {}, httpVersion = "1.1", socket } = incoming ?? {};
	const attributes = {
		"http.request.method": method,
		"http.response.status_code": statusCode,
		"url.path": path,
		"url.scheme": nodeScheme(incoming),
		"network.protocol.version": httpVersion,
		...serverOf(headers.host)
	};
	if (query !== void 0) attributes["url.query"] = query;
	const { remoteAddress, remotePort } = socket ?? {};
	if (remoteAddress !== void 0) attributes["network.peer.address"] = remoteAddress;
	if (remotePort !== void 0) attributes["network.peer.port"] = remotePort;
	if (headers["user-agent"] !== void 0) attributes["user_agent.original"] = headers["user-agent"];
	return attributes;
}
function nodeScheme(incoming) {
	const { socket } = incoming ?? {};
	return socket && "encrypted" in socket && socket.encrypted === true ? "https" : "http";
}
/** Host and port from the Host header. */
function serverOf(host) {
	if (host === void 0) return {};
	const colon = host.lastIndexOf(":");
	const port = host.slice(colon + 1);
	return colon > 0 && /^\d{1,5}$/.test(port) ? {
		"server.address": host.slice(0, colon),
		"server.port": Number(port)
	} : { "server.address": host };
}
// src/request/read-headers.ts
/** Headers of which any opts out. */
const OPT_OUTS = ["dnt", "sec-gpc"];
/**
* Whether a request opts out. Here and below, headers are read by constant names, which takes a third less CPU time than names in a
* variable.
*/
function readOptOut(headers, incoming, { readsOptOut, capturedHeaders }) {
	if (isOne(headers.dnt) || isOne(headers["sec-gpc"])) return "yes";
	if (incoming) return readsOptOut && (isOne(readRawHeader(incoming, "dnt")) || isOne(readRawHeader(incoming, "sec-gpc"))) ? "yes" : "no";
	for (const name of OPT_OUTS) if (headers[name] === void 0 && !capturedHeaders.has(name)) return "unknown";
	return "no";
}
/** The user agent in attributes. Envoy writes `-` if there is none. */
function userAgentIn$1(attributes) {
	const sent = textOf$2(attributes["user_agent.original"]) ?? textOf$2(attributes["http.user_agent"]);
	if (sent !== void 0) return sent;
	const ofEnvoy = textOf$2(attributes.user_agent);
	return ofEnvoy === "-" ? void 0 : ofEnvoy;
}
function isOfPrefetch(headers) {
	return saysPrefetch(headers["sec-purpose"]) || saysPrefetch(headers.purpose) || saysPrefetch(headers["x-moz"]) || headers["next-router-prefetch"] !== void 0;
}
function clientHintsOf(headers) {
	if (headers["sec-ch-ua"] === void 0) return void 0;
	return CLIENT_HINTS.map((name) => headerOf(headers, name)).join("\n");
}
/** The text of a header. Another program may have written the attributes, and the application may have replaced Node's headers by anything. */
function decoded$1(value) {
	const text = firstText(value);
	return text === void 0 ? void 0 : decodeLatin1(text);
}
/** Clients by user agent and languages, as they were sent. */
const clients = /* @__PURE__ */ new RecentTexts(4096);
/**
* The client of a request with these headers; `undefined` without a user agent. To compare texts with those of the connection's latest client
* takes a tenth of a lookup.
*/
function clientOf(headers, sender, agent = headers["user-agent"]) {
	const userAgent = firstText(agent);
	if (userAgent === void 0) return void 0;
	const language = firstText(headers["accept-language"]) ?? "";
	const latest = sender?.client;
	if (latest?.userAgent === userAgent && (latest.acceptLanguage ?? "") === language) return latest;
	const client = clients.find(userAgent, language) ?? newClient(userAgent, language);
	if (sender) sender.client = client;
	return client;
}
function newClient(userAgent, language) {
	const store = () => clients.keep(client, userAgent, language);
	const client = new Client(...[decodeLatin1(userAgent), decoded$1(language)], clients.mayKeep ? store : void 0);
	return client;
}
/** Whether one of the values of a header is `1`. */
function isOne(value) {
	if (Array.isArray(value)) return value.some(isOne);
	return typeof value === "string" && value.split(",").some((each) => each.trim() === "1");
}
/** Whether a header such as `prefetch;prerender` names the purpose of a request. */
function saysPrefetch(value) {
	return typeof value === "string" && PREFETCH$1.test(value.slice(0, MAX_PURPOSE_LENGTH));
}
const PREFETCH$1 = /\bprefetch\b/i;
const MAX_PURPOSE_LENGTH = 100;
/** A header by its lower-case name. */
function readHeader(headers, name) {
	const dashed = name.replaceAll("_", "-");
	return headerOf(headers, name) ?? (dashed === name ? void 0 : headerOf(headers, dashed));
}
/** A header by its lower-case name, as the client sent it. */
function readRawHeader({ headers, rawHeaders }, name) {
	if (!Array.isArray(rawHeaders)) return readHeader(headers, name);
	const dashed = name.replaceAll("_", "-");
	const texts = [];
	for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
		const each = rawHeaders[i];
		if (each?.length !== name.length) continue;
		const lower = each.toLowerCase();
		const text = lower === name || lower === dashed ? textOf$2(rawHeaders[i + 1]) : void 0;
		if (text !== void 0) texts.push(text);
	}
	return texts.length === 0 ? void 0 : decodeLatin1(combine(dashed, texts));
}
/**
* A header of which Node.js keeps the first value, as the client sent it and not decoded: applications delete or replace the host and the
* user agent to pass a request on. What else they delete, such as the referrer, is not to be tracked.
*/
function readFirstRaw({ rawHeaders }, name) {
	if (!Array.isArray(rawHeaders)) return void 0;
	for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
		const each = rawHeaders[i];
		if (each?.length === name.length && FIRST_RAW[name].test(each)) return textOf$2(rawHeaders[i + 1]);
	}
}
/** Match names in any case: `toLowerCase` would create a string for each header. */
const FIRST_RAW = {
	host: /^host$/i,
	"user-agent": /^user-agent$/i
};
/** Node's headers by lower-case names, which an object that replaces them may not have. Nearly every client sends both of these. */
function nodeHeaders(headers) {
	if (headers.host !== void 0 && headers["user-agent"] !== void 0) return headers;
	const lower = Object.create(null);
	for (const name in headers) lower[name.toLowerCase()] ??= headers[name];
	return lower;
}
function headerOf(headers, name) {
	return decoded$1(headers[name]);
}
const REQUEST_HEADER = "http.request.header.";
const RESPONSE_HEADER = "http.response.header.";
/** Headers of which Node.js keeps the first value. It joins the values of others. */
const SINGLE_HEADERS = /* @__PURE__ */ new Set([
	"authorization",
	"host",
	"referer",
	"user-agent"
]);
/** A header of the response by its lower-case name, from attributes. */
function responseHeaderIn(attributes, name) {
	return headersIn(attributes, RESPONSE_HEADER)[name.replaceAll("_", "-")];
}
/** The headers in attributes, as Node.js combines several values. */
function headersIn(attributes, prefix = REQUEST_HEADER) {
	const headers = Object.create(null);
	for (const attribute in attributes) {
		if (!attribute.startsWith(prefix)) continue;
		const name = headerNameOf(attribute.slice(prefix.length));
		const text = combinedText(name, attributes[attribute]);
		const known = headers[name];
		if (known === void 0) headers[name] = text;
		else if (text !== void 0 && text !== known) headers[name] = combine(name, [known, text]);
	}
	return headers;
}
/** Names of headers in attributes. Some instrumentations keep upper case, and before 0.212 they had underscores. */
const headerNameOf = /* @__PURE__ */ remember(256, (text) => text.toLowerCase().replaceAll("_", "-"));
function combinedText(name, value) {
	if (!Array.isArray(value)) return Number.isFinite(value) ? String(value) : textOf$2(value);
	const texts = value.filter((each) => textOf$2(each) !== void 0);
	return texts.length === 0 ? void 0 : combine(name, texts);
}
function combine(name, texts) {
	if (SINGLE_HEADERS.has(name)) return texts[0];
	return texts.join(name === "cookie" ? "; " : ", ");
}
/** A text, or the first one of a list. */
function firstText(value) {
	return textOf$2(Array.isArray(value) ? value[0] : value);
}
// src/common/node-http.ts
init_unhooked();
const { Agent, ClientRequest, IncomingMessage, OutgoingMessage, STATUS_CODES } = builtin("node:http");
const { Socket } = builtin("node:net");
const { connect: connectSocket } = Socket.prototype;
// src/hit/page/redact.ts
/** The mark of what is not sent. */
const REDACTED = "redacted";
/** Words of names whose values are secrets: credentials, links that log in, cards, and how to reach a person. */
const WORDS = /* @__PURE__ */ new Set(`pass pw pin puk otp totp key keys auth oauth authorization authentication basic cookie sid sig assertion wresult verifier ticket code
  email mail ssn iban cvv cvc magic magiclink invite invitation reset verify verification activate activation confirm confirmation
  unsubscribe sso mfa dpop mdp senha haslo cred creds sess`.split(/\s+/));
/** Secret words in the middle of names, such as `csrfmiddlewaretoken`, `mot_de_passe` or `tok-en`. */
const PARTS = /tokens?(?!iz)|tkn|secret|passw|passphrase|passcode|(?:db|user)pass|pwd|psw|pword|credential|(?<!pos)session(?!s(?![a-z]))|(?<!as)sess(?:ion)?id|bearer|jwt|saml|csrf|xsrf|nonce|hmac|signatur|macaroon|mnemonic|webhook|(?:access|api|app|auth|private|secret)key|(?:access|activation|auth|confirmation|invit\w*|login|otp|recovery|reset|security|sms|verification)code|creditcard|cardnumber|phone|kennwort|geheimnis|schlu?e?ssel|zugangscode|sitzung|einladung|telefon|handynummer|kreditkarte|kartennummer|motdepasse|contrasen|wachtwoord/;
/** Names with a secret word that are no secrets. */
const PUBLIC = /(?<![a-z])(?:(?:country|currency|error|lang|language|locale|product|status)_code|i_?phone|idempotency_key)(?![a-z])/g;
/** Whether the name of a parameter or of a header says that its value is a secret. Short ones are remembered: the same come in most requests. */
const isSecretName = /* @__PURE__ */ remember(512, (name) => {
	if (/^[a-z]*$/.test(name)) return WORDS.has(name) || PARTS.test(name) && name !== "iphone";
	const words = (/^[ -~]*$/.test(name) ? name : withoutAccents(name)).replace(/([a-z\d])([A-Z])|([A-Z])(?=[A-Z][a-z])/g, "$1$3_$2").toLowerCase().replace(/[^a-z]+/g, "_").replace(PUBLIC, "");
	return PARTS.test(words.replaceAll("_", "")) || words.split("_").some((word) => WORDS.has(word));
}, (_, name) => /^[A-Za-z_-]{1,15}$/.test(name));
function withoutAccents(name) {
	return name.normalize("NFKD").replace(/\p{M}/gu, "").replace(/ß/g, "ss").replace(/[łŁ]/g, "l");
}
const MAX_NAME = 60;
/** Whether a segment names the next one as a secret. `email` and `mail` are things with an ID there, and a text with spaces is no name. */
const isSecretWord = /* @__PURE__ */ remember(512, (word) => word.length <= MAX_NAME && !/\s/.test(word) && isSecretName(word.replace(/e?mails?/gi, "")), (_, word) => /^[A-Za-z_-]{1,15}$/.test(word));
/**
* Letters of any script, digits, spaces and the usual punctuation. An apostrophe is within a word, an `@` begins a scope or a version, `<` and
* `>` compare, and `%` is no escape.
*/
const PLAIN = /^(?:[\p{L}\p{M}\p{N}\p{Sc}\p{So} .,_:+/!*()|~?&#"^[\]-]|(?<=\p{L})['’](?=\p{L})|(?<!\S)@(?=\p{L})|(?<=\p{L})@(?=\d+[.x])|(?<= )[<>](?= )|%(?![\dA-Fa-f]{2}))*$/u;
const PLAIN_NAME$1 = /^[\p{L}\p{N}_.$[\]:~ -]*$/u;
/** Keys as their services begin them, JSON Web Tokens, credentials as in a header, telephone numbers, cards, and a mail address with digits. */
const SECRET_FORMS = [
	/(?<![\w-])(?:e(?:y[AJ]|wo[gJ]|w0K)[\w-]+\.|(?:sk|rk|pk|gh[oprsu]|github_pat|npm|hf|shp[ac]t|dop_v1|glpat|pypi|whsec|xox[a-z])[-_](?=[\w-]*\d)[\w-]{16,}|sk-(?:proj|ant|or|svcacct|admin)-[\w-]{8}|(?:sk-|whsec_|gh[oprsu]_|github_pat_|npm_|hf_|shp[ac]t_|dop_v1_)[A-Za-z\d]{16}|[sr]k_(?:live|test)_|A[KS]IA[A-Za-z\d]{16}|AIza[\w-]{20}|bot\d+:|private-[\da-f]{20}|[\da-z]{6}-[\da-f]{32})/,
	/\b(?:(?:[Bb]earer|BEARER|Basic|BASIC)\s+\S|(?:basic|[Aa]pi[Kk]ey|[Dd]igest|[Nn]egotiate|NTLM|[Tt]oken)\s+\S*?(?:[\d=]|[a-z][A-Z]))/,
	/(?<!\w)\+(?:[\s().-]*\d){6}|(?<![\da-f-])(?:\d{4}[ -]){3}\d{4}(?![\da-f-])/,
	/@\d[^\s@/]*\.\p{L}/u
];
/** Matches cards of Visa, Mastercard, American Express and others, in queries only: in paths, IDs are as long. */
const CARD = /(?<!\d)(?:3[47]\d{13}|[2-6]\d{15})(?!\d)/;
function hasSecretForm(text) {
	return SECRET_FORMS.some((form) => form.test(text));
}
/** Matches a piece of text and the sign behind it. Spaces separate words, which are no names. */
const PIECES = /([^\s:,/?&#"()|]*)(\s*:\s*|\s+|[,/?&#"()|]|$)/g;
/** Matches a version, also of a protocol, a way to log in, and punctuation, which are neither names nor values. */
const NEUTRAL = /^(?:v\d{1,3}(?:\.\d+)*(?:(?:alpha|beta)\d*)?|(?:oauth|saml)-?[12](?:\.\d)?|2fa|u2f|fido2|web3|auth0|\d(?:\.\d{1,2}){1,2}|[ -/:-@[-`{-~]*)$/i;
/** Matches IDs of pages: ULIDs, cuids, xids and others without capitals, also behind a prefix as in TypeIDs. */
const ID$1 = /^(?:([a-z]{1,20})_)?(?:[a-z\d]{20,32}|[0-7][\dA-HJKMNP-TV-Z]{25})$/;
const MAX_LENGTH$1 = {
	path: 300,
	query: 100,
	campaign: 100
};
/**
* Whether a text may be sent, decoded once: it has nothing but plain characters, is no secret by its form, and has no value behind a secret
* name. What comes after a name is a value if it is long or has a digit; in a query, whatever comes after its colon is one.
*/
function isPlain(text, place, isAfterName = false) {
	if (text.length > MAX_LENGTH$1[place] || !PLAIN.test(text) || hasSecretForm(text)) return false;
	if (place === "path") {
		const [id, prefix = ""] = ID$1.exec(text) ?? [];
		if (id !== void 0) return !isAfterName && !isSecretName(prefix);
	} else {
		if (text.startsWith("/") && redactSecrets(text) !== text) return false;
		if (/\/\/|:\//.test(text) || CARD.test(text)) return false;
	}
	let isAfter = isAfterName;
	let isSure = false;
	for (const [, piece = "", separator = ""] of text.matchAll(PIECES)) {
		if (place !== "campaign" && isToken$1(piece)) return false;
		if (!NEUTRAL.test(piece)) {
			if (isAfter && (isSure || isValue(piece))) return false;
			isAfter = isSecretName(piece);
		}
		const isColon = separator.includes(":");
		if (!isColon && (place === "campaign" || /\s/.test(separator))) isAfter = false;
		isSure = isColon && place !== "path";
	}
	return true;
}
function isValue(text) {
	return text.length >= MIN_TOKEN || /\d/.test(text);
}
const WORDS_ONLY = /^(?:\/(?![sr]k[-_])[A-Za-z_-]{0,19})*$/;
const WORD = /^(?![sr]k[-_])[A-Za-z_-]{0,19}$/;
/** Matches most segments: numbers, IDs, names, slugs, dates and UUIDs, which are secrets only after a secret word. */
const QUICK_SEGMENT = /^(?:(?![sr]k_)[A-Za-z][\w-]{0,14}|\d{1,19}|[a-z\d]{20,32}|(?!(?:\d{4}-){3}\d{4}$|(?:sk|glpat|pypi|xox[a-z])-)[a-z\d]{1,19}(?:-[a-z\d]{1,19}){1,14})$/;
/**
* What is sent of a path. A segment is marked if it is not plain, or a value after a secret word; then also the next such segments, as in
* `/webhooks/<id>/<secret>/messages`. Matrix parameters are left out.
*/
function redactSecrets(path) {
	if (WORDS_ONLY.test(path)) return path;
	let sent = "";
	let copied = 0;
	let word = "";
	for (let start = 0, end = 0; start < path.length; start = end + 1) {
		const slash = path.indexOf("/", start);
		end = slash < 0 ? path.length : slash;
		const segment = path.slice(start, end);
		if (WORD.test(segment)) {
			if (/[a-z]/i.test(segment)) word = segment;
			continue;
		}
		const isQuick = QUICK_SEGMENT.test(segment);
		const head = isQuick ? segment : segment.split(";", 1)[0];
		const text = isQuick ? segment : decodePath(head);
		const isNeutral = NEUTRAL.test(text);
		const isSecret = isQuick ? !isNeutral && isValue(text) && isSecretWord(word) : !isPlain(text, "path", isSecretWord(word));
		if (isSecret || head !== segment) {
			sent += path.slice(copied, start) + (isSecret ? REDACTED : head);
			copied = end;
		}
		if (!isSecret && !isNeutral) word = text;
	}
	return sent + path.slice(copied);
}
/** Matches most parameters, of which only the name may say that they are secret. */
const QUICK_PAIR = /^[a-z_]{1,20}=(?!ey[AJ]|[sr]k_)[\w.,-]{0,14}$/i;
/** Names of campaign parameters, whose values Matomo reads although some look like tokens. */
const CAMPAIGN$1 = /^(?:(?:utm|mtm|pk|piwik|matomo)_|(?:gclid|fbclid|msclkid|srsltid|[wg]braid)$)/i;
/** Names whose values are a user and a password, if they have a colon. */
const LOGIN = /(?:log[io]n|user(?:name|pwd)?|usr|account)$/i;
/** Names whose values are a signature or hash, if they are long. */
const SIGNATURE = /(?:^|[^a-z])(?:api_?)?(?:sign|hash|checksum|digest|mac|md5|sha\d+)(?![a-z])|Sign/;
const LONG_HASH = /(?=[a-z]*\d)[\da-z]{16}/i;
/** Matches a plus sign that stands for a space, unlike that of a telephone number. */
const SPACE = /\+(?!(?<![\w.]\+)\d{6})/g;
/** The part of a parameter that is sent: all, its name with the mark, or the mark. */
function redactPair(pair) {
	const equals = pair.indexOf("=");
	if (QUICK_PAIR.test(pair)) {
		const name = pair.slice(0, equals);
		return isSecretName(name) ? `${name}=${REDACTED}` : pair;
	}
	const value = decodePath(pair.slice(equals + 1).replace(SPACE, " "));
	if (equals < 0) return isPlainValue(value) ? pair : REDACTED;
	const encoded = pair.slice(0, equals);
	const name = decodePath(encoded.replaceAll("+", " "));
	if (name.length > MAX_NAME || !PLAIN_NAME$1.test(name) || !isPlain(name, "query")) return REDACTED;
	return isSecretParameter(name, value) ? `${encoded}=${REDACTED}` : pair;
}
function isSecretParameter(name, value) {
	if (isSecretName(name)) return true;
	if (!isPlain(value, CAMPAIGN$1.test(name) ? "campaign" : "query")) return true;
	if (LOGIN.test(name) && value.includes(":")) return true;
	if (SIGNATURE.test(name) && LONG_HASH.test(value)) return true;
	return name === "operationName" && isSecretOperation(value);
}
/** Whether a text of a query or a fragment may be sent, decoded once. */
function isPlainValue(text) {
	return isPlain(text, "query");
}
/** A parameter of a route, in the syntax of any framework. */
const PARAMETER$1 = /^(?::\w|[*($])|[{}<>[\]]/;
/** Redacts a route, or the name of a span, which may contain one: its parameters are neither secrets nor secret words. */
function redactRoute(route) {
	const segments = withoutUserInfo$1(route).split("/");
	return redactSecrets(segments.map((each) => PARAMETER$1.test(each) ? "*" : each).join("/")).split("/").map((sent, i) => sent === "*" || /^[a-z_-]+$/.test(segments[i] ?? "") ? segments[i] : sent).join("/");
}
/**
* Redacts a path: secrets unless these are kept, and what a pattern matches, as sent or decoded. If there are patterns, a longer path is cut
* after a whole segment, because the rest was not tested.
*/
function createRedactPath(patterns, keepsSecrets = false) {
	const redact = (path) => keepsSecrets ? path : redactSecrets(path);
	if (patterns.length === 0) return redact;
	const all = patterns.map(({ source, flags }) => new RegExp(source, `${flags.replace("g", "")}g`));
	const replace = (text) => all.reduce((each, pattern) => each.slice(0, MAX_PATTERN_INPUT).replace(pattern, REDACTED), text);
	return function redactPath(path) {
		let text = cutAtSegment(redact(path));
		if (text.includes("%")) {
			text = text.replace(/[^/]*%[^/]*/g, (segment) => all.some((pattern) => decodePath(segment).search(pattern) >= 0) ? REDACTED : segment);
			const decoded = decodePath(text.replace(/%(?=2[5f])/gi, "%25"));
			const replaced = replace(decoded);
			if (replaced !== decoded) text = replaced.replace(/[^!-~\ud800-\udfff]+/g, encodeURIComponent);
		}
		text = replace(text);
		return text.startsWith("/") ? text : `/${text}`;
	};
}
/** Cuts a path that is longer than patterns test, after a whole segment. */
function cutAtSegment(path) {
	if (path.length <= 2048) return path;
	return path.slice(0, path.lastIndexOf("/", MAX_PATTERN_INPUT) + 1);
}
const MIN_TOKEN = 20;
/** Matches the part in which libraries put a signature, the last one of `ImFk….ZyXw3A.Kd2m…`, before the ending of a file with data. */
const LAST_PART = /(?:^|[^\w@-])([\w-]{20,})[^\w-]*$/;
const DATA_ENDING = /\.(?:data|json)$/;
const RUNS = /\d+|[A-Z]?[a-z]+|[A-Z]+/g;
/** Matches words and runs of letters or digits. The model of a product in capitals is a word of a text. */
const WORDS_AND_RUNS = /(?<![^-_])(?:[A-Z\d]{1,19}|[a-z\d]+)(?![^-_])|\d+|[A-Z]?[a-z]+|[A-Z]+/g;
/** Runs of names are at least this long on average, and those of less than 1 % of random tokens. */
const MIN_RUN = 3.5;
/** Matches a long run of one case that is neither a hash nor a ULID. */
const LONG_RUN = /(?<![a-z\d])(?!(?:[a-f\d]+|[0-7][\da-hjkmnp-tv-z]{25})(?![a-z\d]))(?=[a-z]*\d)[a-z\d]{20}/i;
/** Whether a text is a random token: at least 20 letters of one case and digits that are no hash, or of both cases in short runs. */
function isToken$1(text) {
	if (text.length < MIN_TOKEN) return false;
	const token = LAST_PART.exec(text.slice(-MAX_LENGTH$1.path).replace(DATA_ENDING, ""))?.[1];
	if (token === void 0 || !/\d/.test(token)) return false;
	if (!(/[A-Z]/.test(token) && /[a-z]/.test(token))) return LONG_RUN.test(token);
	const words = token.match(/[^-_]+/g)?.length ?? 0;
	if (words > 2) return (token.match(WORDS_AND_RUNS)?.length ?? 0) > 2 * words;
	return (token.match(RUNS)?.length ?? 0) * MIN_RUN > token.length;
}
/** Matches a long hash or number, a ULID, and a UUID. */
const OPAQUE = /(?<![\da-z])(?:(?=[a-f]{0,64}\d)[\da-f]{16,}|[0-7][\da-hjkmnp-tv-z]{25}|[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12})(?![\da-z])/i;
/** Whether a name that clients can invent, such as that of an operation, is or contains a secret or an ID: no program has such names. */
function isSecretOperation(name) {
	if (OPAQUE.test(name) || isToken$1(name.replaceAll("/", ""))) return true;
	return hasSecretForm(name) || name.split(/[./:\s+]+/).some(isToken$1);
}
// src/hit/page/page-path.ts
/** Every rule needs a digit or an `@`, also encoded (`%40`), and most paths have neither. */
const VALUE = /[\d@]/g;
const ID = /^(?:\d+|(?=\D*\d)[\da-f]{8,}|(?:[a-z]{1,20}_)?[0-7][\da-hjkmnp-tv-z]{25})$/i;
/** Matches IDs of cuid, cuid2, xid and others, also behind a prefix, as Stripe and TypeID have it. */
const TEXT_ID = /^(?:[a-z]{1,20}_)?(?=[a-z]*\d)(?=\d*[a-z])[a-z\d]{20,32}$/;
const UUID$2 = /^[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}$/i;
const UNSAFE_IN_A_TITLE = /[\p{Cc}\p{Bidi_Control}]/u;
/**
* Replaces IDs, UUIDs, email addresses and tokens in a path by `:id`, `:uuid`, `:email` and `:token`, so that one page has one title. A
* path of more than 2,048 characters is cut after a whole segment.
*/
function toTitlePath(path) {
	const seen = cutAtSegment(path);
	let title = "";
	let copied = 0;
	for (VALUE.lastIndex = 0; VALUE.test(seen); VALUE.lastIndex = copied) {
		const start = seen.lastIndexOf("/", VALUE.lastIndex - 1) + 1;
		const slash = seen.indexOf("/", VALUE.lastIndex);
		const end = slash < 0 ? seen.length : slash;
		const segment = seen.slice(start, end);
		const isKept = isApiVersion(seen, start, end);
		title += seen.slice(copied, start) + (isKept ? segment : templateOf(segment));
		copied = end;
	}
	return title + seen.slice(copied);
}
const API = /(?:^|\/)(?:api|rest)\/$/i;
const VERSION$1 = /^\d{1,2}$/;
/** Whether a segment is the version of an API: `/api/1/createPad`. IDs are the last segment, or have more digits. */
function isApiVersion(path, start, end) {
	if (end - start > 2 || end + 1 >= path.length) return false;
	return VERSION$1.test(path.slice(start, end)) && API.test(path.slice(Math.max(0, start - 6), start));
}
function templateOf(sent) {
	const segment = decodePath(sent);
	if (ID.test(segment) || TEXT_ID.test(segment)) return ":id";
	if (UUID$2.test(segment)) return ":uuid";
	if (/[^/]@[^/@]+\.\p{L}/u.test(segment.replaceAll("%40", "@"))) return ":email";
	return isToken$1(segment) ? ":token" : sent;
}
/**
* A path or route as a title shows it: percent-decoded if that is UTF-8 without control or bidirectional characters. `%2F` stays,
* because it does not separate segments.
*/
function decodeTitle(text) {
	if (!text.includes("%")) return text;
	try {
		const decoded = decodeURIComponent(text.replace(/%(?=2f)/gi, "%25"));
		return UNSAFE_IN_A_TITLE.test(decoded) ? text : decoded;
	} catch {
		return text;
	}
}
/** Whether a path may be one with which a framework requests the data of a page. */
function mayBePageData(path) {
	if (path[path.length - 5] !== ".") return false;
	return path.endsWith(".data") || path.endsWith(".json");
}
/** Whether it is one. Any file can have the ending of React Router and Remix, so their headers decide. */
function isPageData(path, query, accept, contentType) {
	if (!path.endsWith(".data")) return toPagePath(path) !== path;
	if (query !== void 0 && /(?:^|&)_routes=/.test(query)) return true;
	return [accept, contentType].some((types) => types?.includes("text/x-script"));
}
/** Paths at which frameworks find the data of a page, and the part that is the page's path. The ending may have been redacted. */
const PAGE_DATA = [
	[/\/_\.data$/, "/"],
	[/(?:\/_root)?\.data$/, ""],
	[/(?:(?<=\.html)|\/)__data\.json$/, ""],
	[/\/_payload\.json$/, ""],
	[/\/q-data\.json$/, "/"],
	[/\/_next\/data\/[^/]+\/index\.json$/, ""],
	[/\/_next\/data\/[^/]+(\/.+)\.json$/, "$1"],
	[/^\/page-data\/index\/page-data\.json$/, "/"],
	[/^\/page-data(\/.+\/)page-data\.json$/, "$1"]
];
/** The path of the page: `/posts/hello` for `/posts/hello.data`. */
function toPagePath(path) {
	if (!mayBePageData(path)) return path;
	const [ending, page = ""] = PAGE_DATA.find(([each]) => each.test(path)) ?? [];
	return ending === void 0 ? path : path.replace(ending, page) || "/";
}
/** Matches scripts, styles, source maps, images, fonts, WebAssembly and web manifests; below any path, the version that SvelteKit polls. */
const EXTENSION = /(?:\.(?:[cm]?js|jsx|tsx|css|map|apng|avif|bmp|gif|ico|jpe?g|png|svg|webp|eot|otf|ttf|woff2?|wasm|webmanifest)|\/_app\/version\.json)$/i;
/** Matches files that crawlers and frameworks request by a fixed name, and folders with only the files of a build. */
const PLACE = /^\/+(?:(?:robots\.txt|sitemap\.xml|manifest\.json|ngsw\.json|__manifest|_next\/image|_image|@react-refresh|page-data\/app-data\.json)$|(?:_next\/static|_astro|_nuxt|_app\/immutable|page-data\/sq|@vite|@id|node_modules\/\.vite)\/)/i;
/** Whether a path looks like that of a static file. Audio, video and documents are content that people ask for. */
function isStaticFile(path) {
	return path.includes(".") && EXTENSION.test(path) || PLACE.test(path);
}
// src/hit/page/title.ts
/** The highest number of operations that a title shows, because clients choose how long a batch is. */
const MAX_COUNT = 100;
/** The methods that Node.js accepts over HTTP/1. Over HTTP/2, clients can send others. */
const METHODS = /* @__PURE__ */ new Set(`ACL BIND CHECKOUT CONNECT COPY DELETE GET HEAD LINK LOCK M-SEARCH MERGE MKACTIVITY MKCALENDAR MKCOL MOVE NOTIFY OPTIONS
  PATCH POST PROPFIND PROPPATCH PURGE PUT QUERY REBIND REPORT SEARCH SOURCE SUBSCRIBE TRACE UNBIND UNLINK UNLOCK UNSUBSCRIBE`.split(/\s+/));
/** The method as it is sent: clients must not fill reports with methods that they invent, but an application can have some of its own. */
function shownMethodOf({ method, statusCode }) {
	return statusCode < 400 || METHODS.has(method) ? method : "_OTHER";
}
const REFUSALS = {
	400: {
		reason: "Bad Request",
		path: "/bad-request"
	},
	401: { reason: "Unauthorized" },
	403: { reason: "Forbidden" },
	404: {
		reason: "Not Found",
		path: "/not-found",
		isFinal: true
	},
	405: {
		reason: "Method Not Allowed",
		path: "/method-not-allowed",
		isFinal: true
	},
	410: {
		reason: "Gone",
		isFinal: true
	}
};
function isRefusal(statusCode) {
	return REFUSALS[statusCode] !== void 0;
}
/** The maximum number of places of successful requests that are remembered. */
const MAX_PLACES = 500;
/** The longest place that is remembered, because clients choose methods and paths. */
const MAX_PLACE_LENGTH = 500;
/** The maximum number of texts of a place, because clients choose methods and some statuses. */
const MAX_PARTS = 8;
/** The place of requests as titles show it, with the texts that are sent of it. */
var Place = class {
	/** The route, or what titles show instead, without an operation. */
	text;
	#parts = [];
	constructor(text) {
		this.text = text;
	}
	/** The title and the custom variables of requests without an operation. */
	partOf({ method, statusCode }) {
		for (const each of this.#parts) if (each.statusCode === statusCode && each.method === method) return each.part;
	}
	keepPart({ method, statusCode }, part) {
		if (this.#parts.length < MAX_PARTS && METHODS.has(method)) this.#parts.push({
			method,
			statusCode,
			part: copyText(part)
		});
	}
};
/** A path as it is sent, with what is made of it. */
var Page = class {
	/** The path without secrets. */
	path;
	/** The path as it is in URLs, encoded. */
	encoded;
	/** The last request with this path that succeeded. */
	success = void 0;
	place = void 0;
	constructor(path, encoded) {
		this.path = path;
		this.encoded = encoded;
	}
};
/** Makes the places of requests for titles, dimensions and URLs, from redacted paths. */
function createPlaces(titlePaths) {
	const toPath = (path) => titlePaths === "raw" ? path : toTitlePath(path);
	const toPlace = remember(1024, (text) => new Place(copyText(text)));
	/** Successful requests by site, service, method and template, the oldest first. */
	const successes = /* @__PURE__ */ new Map();
	function keyOf({ method, service }, site, path) {
		return `${site} ${service} ${method} ${toTitlePath(path)}`;
	}
	function learn(request, site, path) {
		const { method, titleRoute, service } = request;
		const key = keyOf(request, site, path);
		const known = successes.get(key);
		if (known && known.titleRoute === titleRoute) {
			known.isUsed = true;
			return known;
		}
		if (known) known.isForgotten = true;
		if (key.length + (titleRoute?.length ?? 0) > MAX_PLACE_LENGTH) return void 0;
		const success = {
			site,
			service: service && copyText(service),
			method: copyText(method),
			titleRoute: titleRoute && copyText(titleRoute),
			isUsed: false,
			isForgotten: false
		};
		successes.delete(key);
		successes.set(copyText(key), success);
		if (successes.size > MAX_PLACES) forgetOldest();
		return success;
	}
	/** Removes the oldest successful request. One that came again since it was last the oldest one stays. */
	function forgetOldest() {
		for (const [key, each] of successes) {
			successes.delete(key);
			each.isForgotten = !each.isUsed;
			if (each.isForgotten) return;
			each.isUsed = false;
			successes.set(key, each);
		}
	}
	return {
		/**
		* The first that there is of: the route; why the request was refused, because scanners must not fill titles with paths that they try; the
		* path. What was refused because of who asks, or what, has the place of the last such request that succeeded.
		*
		* @param page that of the path, if that is sent as it came
		*/
		find(request, path, site, page) {
			const { method, titleRoute, statusCode, operation, service } = request;
			const endpoint = operation?.kind === "trpc" ? parentOf(path) || "/" : path;
			if (statusCode < 400) {
				const last = endpoint === path ? page?.success : void 0;
				if (last?.titleRoute === titleRoute && last?.method === method && last.site === site && last.service === service && !last.isForgotten && page?.place) {
					last.isUsed = true;
					return page.place;
				}
				const place = toPlace(titleRoute ?? toPath(endpoint));
				const success = learn(request, site, endpoint);
				if (page && endpoint === path) {
					page.success = success;
					page.place = place;
				}
				return place;
			}
			const refusal = titleRoute === void 0 ? REFUSALS[statusCode] : void 0;
			if (refusal === void 0) return toPlace(titleRoute ?? toPath(endpoint));
			const known = refusal.isFinal ? void 0 : successes.get(keyOf(request, site, endpoint));
			if (known === void 0) return toPlace(refusal.reason);
			known.isUsed = true;
			return toPlace(known.titleRoute ?? toPath(endpoint));
		},
		/** A place with the operation, as titles show both. */
		show(place, { operation }, path) {
			const shown = decodeTitle(place);
			if (operation === void 0 || !isNamed(operation)) return shown;
			const label = labelOf(operation);
			if (isMcpCall(operation)) return label;
			if (operation.kind === "graphql" && shown === "/") return label;
			if (operation.kind !== "trpc") return `${shown} ${label}`;
			return decodeTitle(operation.name !== "(other)" && !path.includes(`/${operation.name}`) ? toPath(path) : `${toPath(parentOf(path))}/${label}`);
		}
	};
}
/** The path of a URL that names no more than the title does. */
function toPlacePath(place, path) {
	if (place.startsWith("/")) return place.replaceAll("?", "%3F");
	return Object.values(REFUSALS).find(({ reason }) => reason === place)?.path ?? toTitlePath(path);
}
/** Whether a path is one that replaces those of refused requests, which have no query either. */
function isRefusedPath(path) {
	return Object.values(REFUSALS).some((refusal) => refusal.path === path);
}
function isNamed(operation) {
	return operation !== void 0 && (operation.name !== void 0 || isMcpCall(operation));
}
function labelOf({ name, count, mcp }) {
	const label = [mcp?.method, name].filter(Boolean).join(" ");
	if (count === 1) return label;
	return `${label} (${count > MAX_COUNT ? `${MAX_COUNT}+` : count})`;
}
/** Whether the title names what an MCP server did, and not its endpoint. */
function isMcpCall({ name, mcp }) {
	return mcp !== void 0 && (name ?? mcp.method) !== void 0;
}
/** A path without its last segment. */
function parentOf(path) {
	return path.slice(0, path.lastIndexOf("/"));
}
/** `{method}` of a title: a GraphQL operation at the root has no place that could be named, and MCP has one endpoint. */
function titleMethodOf(request, place) {
	const { operation } = request;
	const method = shownMethodOf(request);
	if (operation === void 0) return method;
	if (isMcpCall(operation)) return "MCP";
	return operation.kind === "graphql" && operation.name !== void 0 && place === labelOf(operation) ? "GraphQL" : method;
}
const FIELDS = {
	method: (request, _path, place) => titleMethodOf(request, place),
	route: (_request, _path, place) => place,
	path: (_request, path) => path,
	host: ({ host = "" }) => shownHost(host),
	status: (request) => String(request.statusCode),
	span: (request) => request.spanName === request.method ? shownMethodOf(request) : redactRoute(request.spanName)
};
/** The default title. */
const DEFAULT_TITLE = "{method} {route}";
/** The fields of a title template. */
const TEMPLATE_FIELDS = Object.keys(FIELDS);
/** Turns a template such as `{method} {route}` into a function. The path is already redacted, and all fields are valid. */
function createToTitle(template) {
	const parts = template.split(/\{(\w+)\}/);
	return function toTitle(request, path, place) {
		let title = parts[0];
		for (let i = 1; i < parts.length; i += 2) title += `${FIELDS[parts[i]]?.(request, path, place)}${parts[i + 1]}`;
		return title;
	};
}
// src/hit/parameters/annotations.ts
/** The custom variables that every request has. */
function customVariablesOf(request) {
	return /* @__PURE__ */ new Map([["http_status_code", request.statusCode], ["http_method", shownMethodOf(request)]]);
}
/**
* The `cvar` parameter in the numbered shape that Matomo reads: `{"1":["name","value"],…}`.
* Variables beyond the number of slots are reported and left out.
*/
function toCustomVariables(variables, slots, report) {
	const numbered = {};
	let slot = 0;
	for (const [rawName, rawValue] of variables) {
		const name = toParameterValue(VARIABLE_TEXT, rawName);
		const value = toParameterValue(VARIABLE_TEXT, rawValue);
		if (name === void 0 || value === void 0) continue;
		if (slot === slots) {
			report("cvar", () => `Matomo has ${slots} slots for custom variables. ${JSON.stringify(name)} was left out. Use custom dimensions, or raise maxCustomVariables if your Matomo has more slots.`);
			break;
		}
		slot += 1;
		numbered[slot] = [name, value];
	}
	return JSON.stringify(numbered);
}
/** The custom variables of a request, if it has more than the default ones. */
function variablesOf$1(request, ofRoute, privacy) {
	const { annotations } = request;
	const errorType = privacy === "strict" ? void 0 : errorTypeOf$1(request);
	if (errorType === void 0 && !ofRoute?.cvar && annotations.every(({ cvar }) => !cvar)) return;
	const variables = customVariablesOf(request);
	if (errorType !== void 0) variables.set("error_type", errorType);
	for (const { cvar } of [{ cvar: ofRoute?.cvar }, ...annotations]) for (const name in cvar) if (cvar[name] !== void 0) variables.set(name, cvar[name]);
	return variables;
}
/** The class of the error, unless the response was successful: then no error concerned the client. */
function errorTypeOf$1(request) {
	return strongest(request, request.statusCode < 400 ? "operationError" : "errorType");
}
/** The value of the last annotation that has one. */
function strongest({ annotations }, name) {
	return annotations.findLast((each) => each[name] !== void 0)?.[name];
}
/** Whether the duration is the server time: not that of a stream without an end, unless it answers one operation. */
function isTimed(request) {
	if (!request.isEndless) return true;
	return request.method === "POST" && request.operation !== void 0;
}
/** Sets the timings from spans and `measure`, which are added up. */
function setTimings(hit, request) {
	for (const key of PERF_KEYS) {
		let sum;
		for (const { timings } of request.annotations) {
			const millis = timings?.[key];
			if (millis !== void 0) sum = (sum ?? 0) + millis;
		}
		const part = partOf(key, sum);
		if (part !== "") hit.put(key, part);
	}
}
/** By milliseconds, once there was one. */
const DURATIONS = new Array(500).fill(void 0);
function toDuration(millis) {
	DURATIONS[millis] ??= copyText(durationText(millis));
	return DURATIONS[millis];
}
function durationText(millis) {
	return `&gt_ms=${millis}&pf_srv=${millis}`;
}
/**
* The duration of a request, besides what the application has set of it. Matomo ignores `gt_ms`, so it is the server time, too. Matomo adds
* all timings to the page load time, so the others are subtracted.
*/
function addDuration(hit, request) {
	if (!isTimed(request)) return;
	const millis = Math.round(request.durationMillis);
	if (!(millis >= 0 && millis <= PARAMETERS.gt_ms.max)) return;
	if (hit.duration === "" && !hit.rest.includes("&pf_")) {
		hit.duration = millis < DURATIONS.length ? toDuration(millis) : durationText(millis);
		return;
	}
	let others = 0;
	for (const key of PERF_KEYS) if (key !== "pf_srv") others += Number(hit.get(key) ?? 0);
	if (!hit.has("gt_ms")) hit.duration += `&gt_ms=${millis}`;
	if (!hit.has("pf_srv")) hit.duration += `&pf_srv=${Math.max(0, millis - others)}`;
}
// src/hit/bots/bots.ts
/**
* The AI chatbots that the newest Matomo reports, in its order: the list of `BotDetector` in Matomo's plugin BotTracking
* (github.com/matomo-org/matomo, plugins/BotTracking/BotDetector.php, August 2026). They fetch pages because a person asked them.
* Matomo discards names it does not know, so crawlers do not belong here. Which of their requests are sent as such: `reasons.ts`.
* Their hits: `ai-chatbot-hit.ts`.
*/
const AI_CHATBOTS = [
	"ChatGPT-User",
	"MistralAI-User",
	"Gemini-Deep-Research",
	"Claude-User",
	"Perplexity-User",
	"Google-NotebookLM",
	"Google-GeminiNotebook",
	"DuckAssistBot"
];
/** Makes a function that finds names. Its time is linear in the length of the user agent for each name. */
function createFindAiChatbot(names) {
	const lowerCaseNames = names.map((name) => name.toLowerCase());
	return (userAgent) => {
		const text = userAgent.toLowerCase();
		return names.find((_, i) => text.includes(lowerCaseNames[i]));
	};
}
[.../* @__PURE__ */ AI_CHATBOTS.slice(0, 6)];
/**
* User agents of health checks: Kubernetes, load balancers, uptime monitors, synthetic tests, scrapers of metrics. Search engines are not
* included: they are visitors. Each pattern begins at the start of the user agent or has a name that no browser has. The default of
* `ignoreUserAgents`.
*/
const HEALTH_CHECKERS = [
	/^kube-probe\//i,
	/^Consul Health Check/i,
	/^Envoy\/HC$/i,
	/^HAProxy\b/i,
	/^NS8_HealthCheck/i,
	/^Knative-Ingress-Probe\b/i,
	/^Varnish\/fastly \(healthcheck\)/i,
	/^ELB-HealthChecker\//i,
	/^Amazon[- ]Route ?53[- ]Health[- ]Check[- ]Service/i,
	/\bCloudWatchSynthetics\/arn:/i,
	/^GoogleHC\//i,
	/^GoogleStackdriverMonitoring/i,
	/^AlwaysOn$/i,
	/^HealthCheck\/\d[\d.]*$/i,
	/^ReadyForRequest\/1\.0\b/i,
	/^Load Balancer Agent$/i,
	/^Edge Health Probe$/i,
	/^Azure Traffic Manager Endpoint Monitor/i,
	/\bTrident\/5\.0; AppInsights\)/i,
	/\bCloudflare-(?:Healthchecks|Traffic-Manager)\//i,
	/^DigitalOcean Uptime Probe\b/i,
	/^RailwayHealthCheck\//i,
	/^Prometheus\//i,
	/^Blackbox Exporter\//i,
	/^check_http\//i,
	/^Zabbix(?: \d[\w.]*)?$/i,
	/^Uptime-Kuma\//i,
	/^Gatus\//i,
	/^Monit\/\d/i,
	/^Elastic-Heartbeat\//i,
	/^Datadog(?:\/Synthetics| Agent\/)/i,
	/\bDatadogSynthetics$/i,
	/\bElastic\/Synthetics$/i,
	/\b(?:Ruxit|Dynatrace)Synthetic\/\d/i,
	/^NewRelicPinger\//i,
	/^SentryUptimeBot\//i,
	/\bUptimeRobot\//i,
	/^Better ?(?:Stack|Uptime)\b/i,
	/^Pingdom\.com_bot/i,
	/\bPingdom(?:PageSpeed|TMS)\//i,
	/\bStatusCake\b/i,
	/^(?:Investis-)?Site24x7\b/i,
	/^Checkly\//i,
	/^synthetic-monitoring-agent\//i,
	/^(?:Mozilla\/5\.0 \(compatible; )?updown\.io daemon\b/i,
	/^NodePing\b/i,
	/^FreshpingBot\//i,
	/^HetrixTools Uptime Monitoring Bot\b/i,
	/\bUptime\/1\.0[;)]? \(?https?:\/\/(?:www\.)?uptime\.com\b/i,
	/\bUptimebot\/\d[\d.]*; \+https?:\/\/(?:www\.)?uptime\.com\b/i
];
// src/hit/bots/documents.ts
/** Matches PDF, office documents, archives, EPUB, CSV, audio and video. HTML, JSON, XML, plain text and Markdown are pages. */
const DOCUMENT_TYPES = [
	/^(?:audio|video)\//,
	/^application\/(?:pdf|msword|rtf|csv|gzip|zip|zstd|epub\+zip|x-mobipocket-ebook|vnd\.rar|vnd\.amazon\.ebook)$/,
	/^application\/(?:vnd\.ms-(?:excel|powerpoint|word)|vnd\.openxmlformats-officedocument\.|vnd\.oasis\.opendocument\.)/,
	/^application\/x-(?:7z-compressed|bzip2?|gzip|rar-compressed|rar|tar|xz|zip-compressed)$/,
	/^text\/(?:csv|rtf|tab-separated-values)$/
];
/** Generic types, which say nothing about a file. */
const ANY_FILE = /^(?:application|binary)\/(?:octet-stream|force-download|x-download|download)$/;
const DOCUMENT_EXTENSION = /\.(?:pdf|doc[xm]?|dotx?|rtf|od[tspg]|xls[xmb]?|csv|tsv|pp[ts]x?|pptm|epub|mobi|azw3?|zip|g?z|tgz|bz2|xz|7z|rar|tar|zst|mp[34]|m4[av]|aac|flac|og[gav]|opus|wav|mov|avi|mkv|mpe?g|wmv|webm)$/i;
const PARTIAL_CONTENT = 206;
const FIRST_PART = /^\s*bytes\s*=\s*0+\s*-/i;
/** No content type is longer. */
const MAX_TYPE_LENGTH = 200;
/**
* Whether Matomo counts a response as a document rather than a page: by its content type, or by the extension if that is unknown. Also
* by the extension for an error, whose content type is that of the error page.
*/
function isDocument(path, statusCode, contentType) {
	const type = mediaTypeOf(contentType);
	if (type !== "" && !ANY_FILE.test(type) && statusCode < 400) return DOCUMENT_TYPES.some((known) => known.test(type));
	return DOCUMENT_EXTENSION.test(path);
}
/** A content type without its parameters; `''` if there is none. */
function mediaTypeOf(contentType = "") {
	const [type = ""] = contentType.slice(0, MAX_TYPE_LENGTH).split(";", 1);
	return type.trim().toLowerCase();
}
/** Whether a response is a part of a document that does not begin with its first byte. */
function isLaterPart(statusCode, range = "") {
	return statusCode === PARTIAL_CONTENT && !FIRST_PART.test(range);
}
// src/hit/bots/ai-chatbot-hit.ts
/** The source of the requests, as Matomo stores it. */
const SOURCE = "opentelemetry-matomo";
/** The parameters of which Matomo makes its AI chatbot reports. */
const REPORTED = [
	"recMode",
	"url",
	"download",
	"http_status",
	"bw_bytes",
	"pf_srv",
	"source"
];
/**
* Makes a hit of a request by an AI chatbot what Matomo 5.7 and later report under AI chatbots. Earlier versions
* store it as a page view. The application cannot override these fields. The reports join its URL with those of people, so both must be the
* same text. Unknown values are left out, because averages would count them.
*/
function addChatbotParts(hit, request, urls, path, query) {
	const { statusCode, scheme, durationMillis } = request;
	const host = request.host?.toLowerCase();
	const isFile = isDocument(request.path, statusCode, request.contentType);
	const url = urls.ofRequest({
		scheme,
		host,
		query: isFile ? void 0 : query
	}, path, "chatbot");
	for (const name of REPORTED) hit.delete(name);
	hit.set("recMode", "1");
	if (isFile) hit.rest += partOf("download", readPart(url));
	else hit.url = url;
	hit.rest += partOf("http_status", statusCode);
	hit.rest += partOf("bw_bytes", request.bodyBytes);
	if (isTimed(request)) hit.duration += partOf("pf_srv", durationMillis);
	hit.set("source", SOURCE);
	hit.set("ua", toSentClient(request).userAgent);
	hit.kind = "chatbot";
}
const findAiChatbot = /* @__PURE__ */ createFindAiChatbot(AI_CHATBOTS);
/** Looks for the names in what is sent of a user agent: Matomo does not see a name that is cut off. */
function isAiChatbot(userAgent) {
	return findAiChatbot(toParameterValue(USER_AGENT$1, userAgent) ?? "") !== void 0;
}
const MAX_BYTES = 4294967295;
/** Attributes with the size of a response's body, the most reliable first. */
const SIZE_ATTRIBUTES = [
	"http.response.body.size",
	"http.response_content_length",
	"http.response.header.content-length",
	"http.response.header.content_length",
	"http.wrote_bytes",
	"response_size"
];
/** Whether a response to this request has a body with a meaningful size. */
function hasBody(method, statusCode) {
	return method.toUpperCase() !== "HEAD" && statusCode !== 204 && statusCode !== 304;
}
/** The size from a span. Some instrumentations write it as text, or as the list of a captured header. */
function readBodySize(attributes) {
	for (const name of SIZE_ATTRIBUTES) {
		const value = attributes[name];
		const size = toSize(Array.isArray(value) ? value[0] : value);
		if (size !== void 0) return size;
	}
}
/** A number of bytes, if it is whole and Matomo can store it. */
function toSize(value) {
	const size = typeof value === "string" && /^\d{1,10}$/.test(value) ? Number(value) : value;
	return typeof size === "number" && Number.isInteger(size) && size >= 0 && size <= MAX_BYTES ? size : void 0;
}
/**
* A header of the response by its lower-case name: from Node's response if there is one, else from attributes. `undefined` if it was
* not sent.
*/
function readResponseHeader(request, name) {
	const { response } = request;
	const text = response ? responseHeader(response, name) : responseHeaderIn(request.attributes, name);
	return text === void 0 ? void 0 : decodeLatin1(text).trim() || void 0;
}
function responseHeader(response, name) {
	if (response.headersSent === false) return void 0;
	const value = response.getHeader(name);
	if (value !== void 0) return Array.isArray(value) ? value.join(", ") : String(value);
	const { _header: head } = response;
	return typeof head === "string" ? writtenHeader(head, name) : void 0;
}
/** A header by its lower-case name in a status line and headers as they were written. */
function writtenHeader(head, name) {
	const start = head.toLowerCase().indexOf(`\n${name}:`);
	return start < 0 ? void 0 : head.slice(start + name.length + 2, head.indexOf("\r", start));
}
/** The content type of a response, empty if it has none; `undefined` if that is not known. */
function contentTypeOf(request) {
	return request.response ? responseHeader(request.response, "content-type") ?? "" : contentTypeIn(request.attributes);
}
/** The content type in attributes of captured headers. */
function contentTypeIn(attributes) {
	return firstText(attributes["http.response.header.content-type"] ?? attributes["http.response.header.content_type"]);
}
/** Matches lines or records of JSON, parts that replace each other, watches of Kubernetes, and media. */
const ENDLESS = /^\s*(?:(audio|video)\/|(?:text\/event-stream|multipart\/x-mixed-replace|(?:application|text)\/(?:[a-z\d.-]+[+-])?(?:nd-?json|json-?l(?:ines)?|json-seq)|application\/(?:x-json-stream|stream\+[a-z\d.-]+))\s*(?:;|$))|;\s*stream=watch\s*(?:;|$)/i;
/**
* Whether a response has a content type without an end: it ends when one of both sides leaves, so its duration says nothing about the
* server. Audio and video have none if they have no length.
*/
function isEndless(request, contentType) {
	const match = contentType ? ENDLESS.exec(contentType) : null;
	if (!match) return false;
	const [, medium] = match;
	return medium === void 0 || !hasLength(request);
}
function hasLength(request) {
	return request.response ? responseHeader(request.response, "content-length") !== void 0 : readBodySize(request.attributes) !== void 0;
}
/**
* The status that was sent, which the application can no longer change; `undefined` before. The property may say something else: Restify
* sets it when a client leaves.
*/
function sentStatusOf({ response }) {
	if (!response?.headersSent) return void 0;
	const { _header: head, statusMessage } = response;
	if (STATUS_CODES[response.statusCode] === statusMessage) return response.statusCode;
	return (typeof head === "string" ? Number(head.slice(STATUS_START, STATUS_END)) : 0) || response.statusCode;
}
/** The status that was sent or, before, the one that the response would have now. */
function currentStatusOf(request) {
	return sentStatusOf(request) ?? request.response?.statusCode;
}
const STATUS_START = 9;
const STATUS_END = 12;
/** Every number of three digits is a status: some servers have their own. */
function statusAttribute(attributes) {
	return toStatus(attributes["http.response.status_code"]) ?? toStatus(attributes["http.status_code"]) ?? toStatus(micrometerIn(attributes)?.status);
}
function toStatus(value) {
	if (value === void 0) return void 0;
	const code = typeof value === "string" && /^\d{1,3}$/.test(value) ? Number(value) : value;
	if (typeof code !== "number") return void 0;
	if (code === 0) return 499;
	return Number.isInteger(code) && code >= 100 && code <= 999 ? code : void 0;
}
/**
* The status of a request of which nothing but its ended span is known, which has none. In Go, a handler that writes nothing has answered
* with 200, and one that panics leaves an exception, but no status.
*/
function impliedStatus({ status, events }) {
	return status.code === 2 || status.code === 0 && events?.some(({ name }) => name === "exception") ? 500 : 200;
}
/** Bytes of the body as sent, from Node's response if there is one, else from attributes; `undefined` if that is not certain. */
function readBodyBytes(request, method, statusCode) {
	const { response } = request;
	if (!hasBody(method, statusCode)) return void 0;
	return toSize(response ? bodyBytesOf(request, response) : readBodySize(request.attributes));
}
/** Bytes that the connection has written for a body without a length, with the framing of a chunked body. */
function bodyBytesOf({ isSent, sentBytes }, response) {
	if ("bodyBytes" in response) return response.bodyBytes;
	if (!isSent) return void 0;
	const length = responseHeader(response, "content-length");
	return length === void 0 ? sentBytes - headBytesOf(response) : Number(length);
}
/** Bytes of the status line and all headers, and of the response that asks for the body. */
function headBytesOf(response) {
	const { _header: head, _sent100: hasContinued } = response;
	return (typeof head === "string" ? head.length : NaN) + (hasContinued ? CONTINUE_BYTES : 0);
}
const CONTINUE_BYTES = 25;
/**
* The status of a response that was not finished, whatever it began with; `undefined` if it was, or is still open. It is, by the first that
* applies: what Node.js or the application has written to the socket instead of a response; 499 if the client has left; 500. A stream without
* an end is as finished as it will be.
*/
function unfinishedStatus(request, isEndless) {
	const { incoming, response, additions, isSent } = request;
	if (!incoming || !response || isSent || isEndless) return void 0;
	if (isHttp2(incoming)) {
		const { closed, isComplete, isEndedByServer } = response;
		if (!closed || isComplete) return void 0;
		return isEndedByServer ? 500 : 499;
	}
	const { socket } = incoming;
	if (!response.destroyed && !socket?.destroyed) return void 0;
	if (isClientError(socket?.errored)) {
		const { code = "" } = socket.errored;
		const isWritten = socket.bytesWritten + request.sentBytes > 0;
		return (socket.readableEnded || response.headersSent || !isWritten ? void 0 : statusWrittenFor(code)) ?? 499;
	}
	return additions?.endStatus ?? (socket?.readableEnded ? 499 : 500);
}
/** The status that Node.js writes to the socket if it cannot read a request whose response has not begun. */
function statusWrittenFor(errorCode) {
	if (errorCode === "ERR_HTTP_REQUEST_TIMEOUT") return 408;
	if (errorCode === "HPE_HEADER_OVERFLOW") return 431;
	if (errorCode === "HPE_CHUNK_EXTENSIONS_OVERFLOW") return 413;
	return errorCode.startsWith("HPE_") ? 400 : void 0;
}
/** Error codes of Node.js that the peer of a connection causes, besides those of the HTTP parser (`HPE_…`). */
const CLIENT_ERRORS = /* @__PURE__ */ new Set([
	"ECONNRESET",
	"ECONNABORTED",
	"EPIPE",
	"ETIMEDOUT",
	"ERR_HTTP_REQUEST_TIMEOUT",
	"ERR_HTTP2_ERROR",
	"ERR_HTTP2_SESSION_ERROR"
]);
function isClientError(error) {
	const { code } = error ?? {};
	return CLIENT_ERRORS.has(code) || (code?.startsWith("HPE_") ?? false);
}
// src/request/request.ts
/** What the application, frameworks and the connection add to a request. Most requests have nothing of it. */
var Additions = class extends Annotations {
	/** The route template that a framework announced. */
	route = void 0;
	/** The operation that a framework announced. */
	operation = void 0;
	/** Whether that operation has failed. */
	hasFailed = false;
	/** The status of its response, if the application has ended the connection before that was finished. */
	endStatus = void 0;
};
const NO_ROUTES = [];
/** What spans add to a request, besides what its SERVER span describes. Most requests have nothing of it. */
var SpanFacts = class {
	/** Annotations of child spans, in the order in which they end. */
	below = new Annotations();
	/** Annotations of the SERVER span. */
	own = new Annotations();
	/** The first routes that child spans report, or further SERVER spans. */
	routes = NO_ROUTES;
	/** The operation that the SERVER span names, else the last one of MCP or the first one that a child span names. */
	operation = void 0;
	/** Whether a span of an operation has an error. */
	hasFailed = false;
};
const NO_ATTRIBUTES = Object.freeze({});
/** The hits of a request besides its page view. */
var AddedHits = class {
	/** All of them, sent or not. */
	count = 0;
	/** Wait for the end of the request, since the first one came. */
	waiting = [];
	sinceMillis = 0;
};
/**
* One request, from its beginning to its end: what Node.js announced, and what spans and the application add to it. It is open until it is
* released, which its end does in one place. After that, only `hits` and `shared` are left of it.
*/
var Request = class Request {
	/**
	* Method, path and query are read immediately: Express rewrites `request.url` while it routes, and others serve HEAD as GET. Only those
	* of Node's request.
	*/
	method;
	path;
	query;
	/** On the monotonic clock, to measure the duration; 0 if Node.js did not announce it. */
	startedMillis;
	/** Epoch milliseconds. A clock that is set later does not move the request. */
	#announcedMillis;
	/** Released when the request ends, as is all that is large: async contexts may keep this object for long. */
	incoming = void 0;
	response = void 0;
	/** The recorded SERVER span, which describes the request. */
	span = void 0;
	/** Whether there is, or was, a recorded SERVER span, and whether it has ended. */
	spanState = "none";
	/** What the HTTP instrumentation stores in the context: the SERVER span, recorded or not, and the route that others add. */
	rpc = void 0;
	/** Time on the monotonic clock at which the response was finished, or was known not to be; 0 before. */
	closedMillis = 0;
	/** Over HTTP/1.1. `writableFinished` is also true of a response whose connection has failed before it was sent. */
	isSent = false;
	/** Over HTTP/1.1: what its connection had written when it began, as a negative number. Once it is sent, plus what it had written then. */
	sentBytes = 0;
	/** The async context in which it was closed, if it ends there. */
	scope = void 0;
	/** Created on demand. */
	additions = void 0;
	/** Created on demand. */
	spanFacts = void 0;
	/** The request as it was read, while its hits are built. */
	http = void 0;
	/** Created on demand. */
	hits = void 0;
	/** What hits after its end have in common with its page view; `none`: none of its hits may be sent. */
	shared = void 0;
	/** Headers in attributes, of which a map is made once. */
	#headers = void 0;
	/** Headers of Node.js. */
	#attributes = void 0;
	constructor(method = "GET", target = "/", startedMillis = 0) {
		this.method = method;
		const { path, query } = splitTarget(target);
		this.path = path;
		this.query = query;
		this.startedMillis = startedMillis;
		this.#announcedMillis = startedMillis > 0 ? Date.now() : 0;
	}
	/** A request that Node.js announces. */
	static ofNode(incoming, response, target) {
		const request = new Request(incoming.method, target, performance$1.now());
		request.incoming = incoming;
		request.response = response;
		return request;
	}
	/** Makes a request of a SERVER span that nothing announced. */
	static ofSpan(span) {
		const request = new Request();
		request.describeBy(span);
		return request;
	}
	/** Sets the SERVER span, which has started. */
	describeBy(span) {
		this.span = span;
		this.spanState = "open";
	}
	/** Bun announces a request after its SERVER span has started. */
	takeSpanOf(other) {
		if (other.span) this.describeBy(other.span);
		other.release();
	}
	/** Removes a SERVER span that is not of HTTP, and so only a part of the request. */
	dropSpan() {
		this.span = void 0;
		this.spanState = "none";
	}
	/** Whether it has ended, so that nothing is added to it any more. */
	get isEnded() {
		return this.incoming === void 0 && this.span === void 0;
	}
	/** Start in epoch milliseconds, of the SERVER span or when Node.js announced the request. */
	get startMillis() {
		return this.span ? toMillis(this.span.startTime) : this.#announcedMillis;
	}
	/** Milliseconds from the announcement by Node.js until the response is closed; 0 without one. */
	get elapsedMillis() {
		if (!this.incoming) return 0;
		return (this.closedMillis || performance$1.now()) - this.startedMillis;
	}
	/** ID of the trace of the SERVER span, recorded or not; empty if there is none. */
	get traceId() {
		return (this.span ?? this.rpc?.span)?.spanContext().traceId ?? "";
	}
	get spanId() {
		return (this.span ?? this.rpc?.span)?.spanContext().spanId ?? "";
	}
	/** Attributes of the SERVER span, or what Node.js knows under the same names, which is only read if an option needs it. */
	get attributes() {
		if (this.span) return this.span.attributes;
		if (!this.incoming) return NO_ATTRIBUTES;
		this.#attributes ??= nodeAttributes(this, currentStatusOf(this) ?? 200);
		return this.#attributes;
	}
	/** The defaults of the resource of its service. */
	get service() {
		return serviceDefaultsOf(this.span?.resource);
	}
	/** Node's headers, or those in attributes as they are now: an open span may get further ones. */
	readHeaders() {
		const { headers } = this.incoming ?? {};
		this.#headers = headers ? nodeHeaders(headers) : headersIn(this.attributes);
		return this.#headers;
	}
	/** A header by its lower-case name, as it was when the request was last read. */
	header(name) {
		return readHeader(this.#headers ?? this.readHeaders(), name);
	}
	/** A header that the application has set, or else as the client sent it, even if the application has deleted it. */
	headerAsSent(name) {
		const { incoming } = this;
		return this.header(name) ?? (incoming && readRawHeader(incoming, name));
	}
	ensureAdditions() {
		this.additions ??= new Additions();
		return this.additions;
	}
	ensureSpanFacts() {
		this.spanFacts ??= new SpanFacts();
		return this.spanFacts;
	}
	/** Notes that the announced operation has failed with this class or code of an error. The status may still be 200. */
	failOperation(errorType) {
		if (this.isEnded) return;
		const additions = this.ensureAdditions();
		additions.hasFailed = true;
		additions.operationError = toErrorType(errorType);
	}
	/** Stores the annotations so far in `http`, the weakest first. */
	applyAnnotations() {
		const { http, service, additions, spanFacts } = this;
		const ofService = service.annotations;
		if (!http || (ofService ?? additions ?? spanFacts) === void 0) return;
		storeAnnotations(http, [
			ofService,
			spanFacts?.below,
			additions,
			spanFacts?.own
		].filter(hasAnnotations));
	}
	/** Releases everything but what later hits share. */
	release() {
		this.incoming = void 0;
		this.response = void 0;
		this.span = void 0;
		this.rpc = void 0;
		this.scope = void 0;
		this.path = "/";
		this.query = void 0;
		this.additions = void 0;
		this.spanFacts = void 0;
		this.http = void 0;
		this.#headers = void 0;
		this.#attributes = void 0;
	}
};
const NAME$1 = /^[\w./:-]{1,128}$/;
/** Matches the name of a client, such as `Visual Studio Code`. */
const CLIENT_NAME = /^\P{C}{1,64}$/u;
/** A name that fits into a title, `redacted` if it is a secret; `undefined` for anything else. */
function toName(value, form = NAME$1) {
	if (typeof value !== "string" || !form.test(value)) return void 0;
	return isSecretOperation(value) ? REDACTED : value;
}
function named$1(kind, value) {
	const name = toName(value);
	return name === void 0 ? void 0 : {
		kind,
		name
	};
}
/** Calls that MCP defines. A method that it does not define is the name of a call: clients could invent it. */
const MCP_CALLS = /* @__PURE__ */ new Set([
	"initialize",
	"prompts/get",
	"resources/read",
	"server/discover",
	"tools/call"
]);
/** Matches methods of MCP that are no calls. */
const MCP_PROTOCOL = /^(?:notifications\/|(?:ping|completion\/complete|logging\/setLevel|resources\/(?:un)?subscribe|subscriptions\/listen)$)|\/list$/;
/** The target of `resources/read` is a URI, which is never read. */
const MCP_NAMED = /* @__PURE__ */ new Set(["prompts/get", "tools/call"]);
/** The longest ID of a session. Some are tokens. */
const MAX_SESSION_LENGTH = 2048;
/** Makes an operation of a message of MCP, without arguments, URIs and contents. */
function mcpOperation(method, target, session, client) {
	const known = toName(method);
	const isCall = MCP_CALLS.has(known);
	const isProtocol = MCP_PROTOCOL.test(known ?? "");
	const targetName = MCP_NAMED.has(known) ? toName(target) : void 0;
	const hasSession = typeof session === "string" && session.length <= MAX_SESSION_LENGTH;
	const clientName = toName(client, CLIENT_NAME);
	return {
		kind: "mcp",
		name: isCall || isProtocol ? targetName : known,
		mcp: {
			method: isCall ? known : void 0,
			isProtocol,
			...hasSession && { session: hash("sha256", session, "base64") },
			...clientName !== void 0 && { clientName }
		}
	};
}
/** The stream of a session, its end, and the response of a client. */
const NO_MCP_CALL = {
	kind: "mcp",
	name: void 0,
	mcp: {
		method: void 0,
		isProtocol: true
	}
};
/** From this revision on, FastMCP for Python has a session per call. */
const FIRST_WITHOUT_SESSIONS = "2026-07-28";
/** The operation that a span names. */
function operationOfSpan(span) {
	const { kind, attributes } = span;
	if (isMcpSpan(span)) {
		const tool = attributes["gen_ai.tool.name"] ?? attributes["mcp.tool.name"];
		const prompt = attributes["gen_ai.prompt.name"] ?? attributes["mcp.prompt.name"];
		const session = (textOf$2(attributes["mcp.protocol.version"]) ?? "") < FIRST_WITHOUT_SESSIONS ? attributes["mcp.session.id"] : void 0;
		const client = attributes["mcp.client.name"];
		return mcpOperation(attributes["mcp.method.name"], tool ?? prompt, session, client);
	}
	const query = named$1("graphql", attributes["graphql.operation.name"]);
	if (query || kind === 2) return query;
	return (attributes["rpc.system.name"] ?? attributes["rpc.system"]) === "jsonrpc" ? named$1("json-rpc", attributes["rpc.method"]) : void 0;
}
/** Whether a span is an operation of `@opentelemetry/instrumentation-graphql`. Its other spans have only a name. */
function isGraphqlSpan({ name, attributes }) {
	return (attributes["graphql.operation.type"] ?? attributes["graphql.operation.name"]) !== void 0 || textOf$2(name)?.startsWith("graphql.") === true;
}
/** Whether a span is of a message to this server. */
function isMcpSpan({ kind, attributes }) {
	return kind !== 2 && textOf$2(attributes["mcp.method.name"]) !== void 0;
}
const MAX_MCP_PATHS = 20;
const MCP_PATH = /\/mcp\/?$/;
/** Other paths at which a response of this process had a session of MCP, in the order in which they were used. */
const mcpPaths = /* @__PURE__ */ new Set();
/** Reads a request to an MCP server. At any other path, headers of MCP mean nothing: clients could hide requests with them. */
function readMcp({ request, target: { path }, isPost, message }, seen) {
	const opened = isPost ? readResponseHeader(request, "mcp-session-id") : void 0;
	const isEndpoint = MCP_PATH.test(path);
	if (opened !== void 0 && !isEndpoint) {
		mcpPaths.delete(path);
		mcpPaths.add(path);
		if (mcpPaths.size > MAX_MCP_PATHS) mcpPaths.delete(mcpPaths.values().next().value);
	}
	const ofSpan = isPost ? seen?.mcp : void 0;
	if (!isEndpoint && !mcpPaths.has(path) && ofSpan === void 0) return void 0;
	const session = request.header("mcp-session-id") ?? opened;
	if (!isPost) return session ?? request.header("accept")?.includes("text/event-stream") ? NO_MCP_CALL : void 0;
	const sent = readMcpMessage(request, message, session);
	return ofSpan ? {
		kind: "mcp",
		name: seen?.name,
		mcp: {
			...sent?.mcp,
			...ofSpan
		}
	} : sent;
}
const CLIENT_INFO = "io.modelcontextprotocol/clientInfo";
/** Reads a message of MCP from headers and the body. `undefined` if neither shows that it is one. */
function readMcpMessage(request, message, session) {
	const { jsonrpc, method, params } = message;
	const ofHeader = request.header("mcp-method");
	const isRpc = jsonrpc === "2.0";
	if (!isRpc && (ofHeader ?? session) === void 0) return void 0;
	const isAnswer = method === void 0 && ("result" in message || "error" in message);
	if (isRpc && isAnswer) return NO_MCP_CALL;
	const details = isRpc && isRecord(params) ? params : {};
	const meta = isRecord(details._meta) ? details._meta : {};
	const client = details.clientInfo ?? meta[CLIENT_INFO];
	const name = isRecord(client) ? client.name : void 0;
	return ofHeader === void 0 ? mcpOperation(isRpc ? method : void 0, details.name, session, name) : mcpOperation(ofHeader, request.header("mcp-name"), session, name);
}
/** Readers, of which the first one that finds an operation counts. */
const READERS$1 = [
	function readGraphqlBody({ message: { query, extensions, operationName } }) {
		return (query ?? extensions) === void 0 ? void 0 : named$1("graphql", operationName);
	},
	function readGraphqlQuery({ target: { path, query = "" } }) {
		if (!isGraphqlPath(path)) return void 0;
		return named$1("graphql", /(?:^|&)operationName=(\w{1,128})(?:&|$)/.exec(query)?.[1]);
	},
	function readJsonRpc({ message: { jsonrpc, method } }) {
		return jsonrpc === "2.0" ? named$1("json-rpc", method) : void 0;
	},
	function readTrpc({ target: { path, query = "" } }) {
		const slash = path.lastIndexOf("/");
		if (!(path.includes(",", slash) && /(?:^|&)batch=1(?:&|$)/.test(query)) && !path.endsWith("/trpc", slash)) return void 0;
		return named$1("trpc", path.slice(slash + 1).split(",", 1)[0]);
	},
	function readAction({ request, isPost }) {
		if (!isPost) return void 0;
		const action = request.header("x-amz-target") ?? request.header("soapaction") ?? "";
		return named$1("action", /[\w-]{1,128}(?=["']?$)/.exec(action.slice(-200))?.[0]);
	}
];
/** The operation of an ended request: of MCP, else of spans and channels, else of what was sent. */
function readOperation(request, target, readsMcp) {
	const { spanFacts, additions } = request;
	const isPost = target.method === "POST";
	const body = isPost ? bodyOf(frameworkRequestOf(request.incoming)) : [];
	const sent = {
		request,
		target,
		isPost,
		message: isRecord(body[0]) ? body[0] : {}
	};
	const seen = spanFacts?.operation ?? additions?.operation;
	let found = readsMcp ? readMcp(sent, seen) : void 0;
	if (found === void 0 && seen?.kind !== "mcp") found = seen;
	for (let i = 0; found === void 0 && i < READERS$1.length; i++) found = READERS$1[i]?.(sent);
	if (found === void 0) return void 0;
	const { kind, mcp } = found;
	const hasFailed = (spanFacts?.hasFailed || additions?.hasFailed) ?? false;
	const isProven = target.statusCode < 400 && !hasFailed;
	return {
		kind,
		name: mcp || target.titleRoute !== void 0 || !isRefusal(target.statusCode) ? toKnown(kind, found.name, isProven) : void 0,
		mcp: mcp && {
			...mcp,
			clientName: toKnown("mcp client", mcp.clientName, isProven)
		},
		count: kind === "trpc" ? target.path.split(",").length : body.length || 1,
		hasFailed
	};
}
/** The messages that a framework has parsed and left on Node's request, several of a batch. */
function bodyOf(incoming) {
	try {
		const { body } = incoming ?? {};
		return Array.isArray(body) ? body : [body];
	} catch {
		return [];
	}
}
const MAX_NAMES = 500;
const knownNames = /* @__PURE__ */ new Map();
/** Shows a name only if a request with it has succeeded, so that clients cannot fill Matomo with names. */
function toKnown(kind, name, isProven) {
	const names = knownNames.get(kind) ?? /* @__PURE__ */ new Set();
	knownNames.set(kind, names);
	if (name === void 0 || names.has(name)) return name;
	if (!isProven) return void 0;
	if (names.size >= MAX_NAMES) return OTHER_NAME;
	names.add(copyText(name));
	return name;
}
// src/hit/page/routes.ts
/** Longer routes are not read, because expressions may look at each character several times. */
const MAX_LENGTH = 500;
/** Matches a method and an origin before a route, as in `GET|HEAD https://shop.example/users/:id`, and a query after it. */
const AROUND = /^(?:[A-Z|,:]{1,40}\s{1,9}){0,2}(?:(?:[a-z][a-z+.-]{0,20}:\/\/[^/]{0,300}|[\w-]{1,63}(?:\.[\w-]{1,63}){1,9}(?::\d{1,5})?)(?=\/))?|\?[\w-]+=.*/g;
/** Matches wildcards: `*`, `**`, `*splat`, `{*path}`, `{path...}`, `{proxy+}`, `{p:path}`, `{tail:.*}`, `:path*`, `[...slug]`, `{any}`. */
const WILDCARD = /\{(?:\*{1,2}[^{}]*|\w+(?:\*\d*|\+|\.{3}|:path|\s*:\s*\.[*+]))\}|:\w+(?:\(\.[*+]\)|\{\.[*+]\}|[*+])|\(\.[*+]\)\$?|(?<=\/)\.\*\??\$?|\[\[?\.{3}[\w-]+\]\]?|<path[:.][^<>]*>|(?::|[{[<](?:\w+:)?)(?:controller|action|area|any|all|fallback\w*)\b(?:[^/<>{}[\]]*[}\]>])?|\*{1,2}:?\w*/gi;
/** Matches parameters with a pattern, type or default: `:id(\d+)`, `:id{[0-9]+}`, `{id:int?}`, `{id=1}`. */
const PARAMETER = /(:\w+)(?:\((?:[^()\\]|\\.)*\)|\{[^{}/]*\})|\{\s*([\w.-]+)\s*([?:=])((?:[^{}]|\{\{?[^{}]*\}\}?)*)\}/g;
/** Matches optional segments, `{/:size}`, `(/:locale)`, `[/{page}]`, `[[lang]]`, and the format of Rails, which is left out. */
const OPTIONAL = /\(\.:format\)|[([{](\/(?:[^()[\]{}]|\{\w+\}\??)*)[)\]}]|\[(\[[\w-]+\])\]/g;
const SYNTAX = /[(*?+{:[<]|\/\./;
/** A route in one form: without patterns, with `*` for any number of segments, and `?` behind segments that a path may lack. */
function normalize(route) {
	if (route.length > MAX_LENGTH || !SYNTAX.test(route)) return route;
	return route.replace(WILDCARD, "*").replace(PARAMETER, (_, colon, name, mark, rest) => {
		const isOptional = mark === "?" || mark === "=" || rest?.endsWith("?");
		return colon ?? `{${name}}${isOptional ? "?" : ""}`;
	}).replace(OPTIONAL, (_, segments = "", segment) => segment ? `${segment}?` : segments.replace(/[^/]+/g, "$&?"));
}
/** Matches a parameter in any syntax. */
const IN_PARAMETER = /:\w|[{}<>[\]]|\$\w/;
/** Matches a regular expression, and a rule of a proxy. */
const NO_ROUTE$1 = /[\\^`]|\(\?/;
const WITH_WILDCARD = 0;
const PARAMETERS_ONLY = 1;
/** Reads a route; `null` if it is none. Routes with secrets or IDs are not remembered. */
const toRoute = /* @__PURE__ */ remember(1024, (text) => {
	const route = text.length > MAX_LENGTH ? "" : text.replace(AROUND, "");
	const all = segmentsOf(normalize(route)).filter((each) => each !== "?");
	const wildcard = all.findIndex((each) => each.includes("*"));
	const marked = wildcard < 0 ? all : all.slice(0, wildcard);
	const plain = marked.map((each) => each.replaceAll("?", ""));
	if (route === "" || plain.some((each) => NO_ROUTE$1.test(each))) return null;
	const segments = plain.map((each) => IN_PARAMETER.test(each) ? void 0 : decodePath(each).toLowerCase());
	const reported = toTitlePath(redactRoute(route));
	const hasParameter = wildcard >= 0 || segments.includes(void 0);
	if (reported !== route && !hasParameter) return null;
	const hasText = segments.length === 0 || segments.some((each) => each !== void 0);
	const title = toTitlePath(redactRoute(toPath(plain)));
	const rank = hasText ? 2 : PARAMETERS_ONLY;
	return {
		reported,
		segments,
		shown: segmentsOf(title),
		title,
		optional: [...marked.keys()].filter((i) => marked[i]?.includes("?")),
		hasWildcard: wildcard >= 0,
		rank: wildcard >= 0 ? WITH_WILDCARD : rank
	};
}, (route, text) => route !== null && text.includes(route.reported));
/** The segments of a path that are not empty. */
function segmentsOf(path) {
	return path.split("/").filter(Boolean);
}
function toPath(segments) {
	return `/${segments.join("/")}`;
}
/** The segments of a path as routes are compared with them: without the parameters that Java adds to a segment. */
function toCompared(path) {
	return segmentsOf(toPagePath(cutAtSegment(path))).map((each) => decodePath(each.replace(/;.*/s, "")).toLowerCase());
}
/** What titles show of a route that fits a path segment by segment, up to what a wildcard has matched; `undefined` if it does not. */
function fitRoute(route, sent) {
	const { segments, optional, hasWildcard } = route;
	if (!hasWildcard) return fitSegments(route, sent);
	return fitSegments(route, sent.slice(0, segments.length)) ?? fitSegments(route, sent.slice(0, segments.length - optional.length));
}
/** Leaves out as many of the optional segments as a path lacks, the last or the first ones. */
function fitSegments({ segments, shown, optional }, sent) {
	const surplus = segments.length - sent.length;
	if (surplus === 0) return isMatch(segments, sent) ? shown : void 0;
	if (surplus < 0 || surplus > optional.length) return void 0;
	for (const left of [optional.slice(-surplus), optional.slice(0, surplus)]) {
		const isKept = (_, i) => !left.includes(i);
		if (isMatch(segments.filter(isKept), sent)) return shown.filter(isKept);
	}
}
function isMatch(segments, sent) {
	return segments.every((each, i) => each === void 0 || each === sent[i]);
}
/** Whether a route has a parameter and no wildcard: what it serves are not the files of a folder. */
function isEndpoint(route) {
	const { hasWildcard = true, segments = [] } = route && toRoute(route) || {};
	return !hasWildcard && segments.includes(void 0);
}
/** A route without the syntax of its framework, as options may name it. */
function plainRoute(route) {
	return normalize(route).replaceAll("?", "");
}
/** Finds the details of a request: by method and route, route, method and path, or path. The first match wins. `undefined` if there are none. */
function createFindRouteDetails(details) {
	const entries = Object.entries(details);
	const plain = entries.map(([key, ofRoute]) => [plainRoute(key), ofRoute]);
	const byKey = new Map([...plain, ...entries]);
	if (byKey.size === 0) return void 0;
	return function findRouteDetails({ method, route, path }) {
		const places = route === void 0 ? [path] : [
			withSlash(route),
			plainRoute(withSlash(route)),
			path
		];
		for (const place of places) {
			const found = byKey.get(`${method} ${place}`) ?? byKey.get(place);
			if (found) return found;
		}
	};
}
/** A route with a slash at its beginning, which those of Django and ASP.NET Core lack. */
function withSlash(route) {
	return route.startsWith("/") ? route : `/${route}`;
}
// src/request/routes.ts
const NO_ROUTE = {
	route: void 0,
	titleRoute: void 0
};
/** The path of a request, with which routes are compared. */
var RouteTarget = class {
	/** The method; `undefined` if a span does not say it. */
	path;
	#statusCode;
	#redactPath;
	#segments;
	#shown;
	constructor(path, statusCode, redactPath) {
		this.path = path;
		this.#statusCode = statusCode;
		this.#redactPath = redactPath;
	}
	get segments() {
		this.#segments ??= toCompared(this.path ?? "/");
		return this.#segments;
	}
	/** The segments as titles show them without a route. */
	get shown() {
		this.#shown ??= segmentsOf(toTitlePath(toPagePath(this.#redactPath(this.path ?? "/"))));
		return this.#shown;
	}
	/** A route, if it fits what comes behind the path at which its router is mounted. */
	find(route, mount = []) {
		const { reported, segments, title, hasWildcard } = route;
		if (this.path === void 0) return {
			route: reported,
			titleRoute: title
		};
		const front = mount.length;
		const fitted = fitRoute(route, front === 0 ? this.segments : this.segments.slice(front));
		if (!fitted) return void 0;
		if (!hasWildcard) return {
			route: reported,
			titleRoute: front === 0 && fitted === route.shown ? title : toPath([...mount, ...fitted])
		};
		if (!(segments.includes(void 0) || mount.some((each) => each.startsWith(":"))) || isRefusal(this.#statusCode)) return {
			route: reported,
			titleRoute: void 0
		};
		const rest = this.shown.slice(front + fitted.length);
		return {
			route: reported,
			titleRoute: toPath([
				...mount,
				...fitted,
				...rest
			])
		};
	}
};
/**
* The route of a request that says most, and of several the first: what its SERVER span reports, or one below, what a framework announces, or
* stores on Node's request.
*/
function routeOf({ spanFacts, incoming, additions, rpc }, attributes, target) {
	const ofServer = textOf$2(attributes["http.route"]) ?? micrometerIn(attributes)?.route ?? textOf$2(rpc?.route);
	let best;
	let bestRank = -1;
	for (const text of [
		ofServer,
		...spanFacts?.routes ?? [],
		additions?.route
	]) {
		const route = text === void 0 ? null : toRoute(text);
		if (route === null || route.rank <= bestRank) continue;
		const found = target.find(route) ?? (incoming ? void 0 : findInContext(route, target));
		if (!found) continue;
		if (route.rank === 2) return found;
		best = found;
		bestRank = route.rank;
	}
	return (incoming && routeOnRequest(incoming, target, bestRank)) ?? best ?? NO_ROUTE;
}
/** A route below the context path of a server such as Spring's, which the route does not have. */
function findInContext(route, target) {
	const front = target.segments.length - route.segments.length;
	if (front <= 0 || route.rank < 2 || route.segments.length === 0) return void 0;
	return target.find(route, target.shown.slice(0, front));
}
const NEXT = Symbol.for("NextInternalRequestMeta");
function routeOnRequest(incoming, target, leastRank) {
	try {
		const stored = frameworkRequestOf(incoming) ?? {};
		const file = stored[NEXT]?.invokeOutput;
		const isOfNext = typeof file === "string" && !isStaticFile(file);
		for (const text of isOfNext ? [file] : [stored.route?.path].flat()) {
			const route = typeof text === "string" ? toRoute(text || "/") : null;
			if (route === null || route.rank <= leastRank) continue;
			const found = isOfNext ? target.find(route) : findMounted(route, stored, target);
			if (found) return found;
		}
	} catch {}
}
/**
* A route of Express, below the paths at which its routers are mounted: of these, there is only the text of the path, and the names of
* parameters if the router has the option `mergeParams`. After an error, the base URL is empty or that of the router that handles it.
*/
function findMounted(route, { baseUrl, params = {} }, target) {
	const sent = segmentsOf(target.path ?? "/");
	const names = /* @__PURE__ */ new Map();
	for (const [name, value] of Object.entries(params)) if (!/^\d/.test(name) && !route.reported.includes(`:${name}`)) names.set(value, `:${name}`);
	const ofBase = segmentsOf(textOf$2(baseUrl) ?? "").length;
	const ofRest = route.hasWildcard ? ofBase : Math.max(0, sent.length - route.segments.length);
	for (const front of [ofBase, ofRest]) {
		const mount = target.shown.slice(0, front).map((shown, i) => names.get(decodePath(sent[i] ?? "")) ?? shown);
		const found = target.find(route, mount);
		if (!found) continue;
		const reported = front === 0 ? found.route : toPath([...mount, ...segmentsOf(route.reported)]);
		return {
			...found,
			route: reported
		};
	}
}
/** An attribute of the instrumentations of Express, its router and Connect, whose spans have only parts of a route. */
const LAYER_ATTRIBUTES = [
	"express.type",
	"router.type",
	"connect.type"
];
const SUB_REQUEST = "sveltekit.is_sub_request";
[...LAYER_ATTRIBUTES];
/** The route that a child span reports, as Next.js and SvelteKit do. */
function routeBelow(span) {
	const { name, attributes } = span;
	const route = textOf$2(attributes["http.route"]);
	if (route === void 0 || toRoute(route) === null) return void 0;
	if (textOf$2(name)?.startsWith("sveltekit.") && !isWholeSvelteKitRequest(span, route)) return void 0;
	return LAYER_ATTRIBUTES.some((type) => attributes[type] !== void 0) ? void 0 : route;
}
/** SvelteKit serves what a page requests of its own server in the same process: only the outermost span tells these apart. */
function isWholeSvelteKitRequest({ name, attributes }, route) {
	if (name !== "sveltekit.handle.root" || route === "unknown") return false;
	return attributes[SUB_REQUEST] !== true;
}
// src/spans/facts.ts
/** One of them matches the path. */
const MAX_ROUTES = 10;
/**
* Adds what a span says to its request, if that is open: its SERVER span, or one below. Returns whether the span has anything for Matomo,
* besides a route. Called for every span of the application.
*/
function addFacts(request, span, reading) {
	const { attributes, events, status } = span;
	const isOwn = request?.span === span;
	const hasEvents = events !== void 0 && events.length > 0;
	let hasFacts = status.code === 2 || hasEvents && hasHitEvent(span);
	for (const name in attributes) {
		if (!(name === reading.userIdAttribute) && !name.startsWith("matomo.")) continue;
		if (attributes[name] === void 0) continue;
		hasFacts = true;
		if (request) annotate$1(annotationsOf(request, isOwn), name, span, reading);
	}
	const operation = operationOfSpan(span);
	const isOfOperation = operation !== void 0 || hasEvents && isGraphqlSpan(span);
	hasFacts ||= isOfOperation;
	const route = isOwn ? void 0 : routeBelow(span);
	if (!request) return hasFacts;
	if (hasFacts || route !== void 0 || span.kind === 1) {
		const type = errorTypeOf(span);
		if (type !== void 0) {
			const annotations = annotationsOf(request, isOwn);
			annotations.errorType = type;
			if (isGraphqlSpan(span) || isMcpSpan(span)) annotations.operationError = type;
		}
	}
	if (isOfOperation || route !== void 0) {
		const facts = request.ensureSpanFacts();
		if (operation?.kind === "mcp" || isOwn) facts.operation = operation ?? facts.operation;
		else facts.operation ??= operation;
		if (!isOwn) facts.hasFailed ||= isOfOperation && hasError(span);
		if (route !== void 0 && !facts.routes.includes(route) && facts.routes.length < MAX_ROUTES) facts.routes = [...facts.routes, route];
	}
	return hasFacts;
}
function annotationsOf(request, isOwn) {
	const facts = request.ensureSpanFacts();
	return isOwn ? facts.own : facts.below;
}
/** Copies an attribute for Matomo, or that names the user. */
function annotate$1(annotations, name, { attributes, duration }, reading) {
	const value = attributes[name];
	if (value === void 0) return;
	if (name === reading.userIdAttribute && !hasNonFiniteNumber(value)) annotations.userId = reading.toUserId(name, String(value));
	if (name !== "matomo.perf_key") annotateWith(annotations, name, value);
	else if (isPerfKey(value)) addTiming(annotations, value, toMillis(duration));
	else reading.reportPerfKey(value);
}
function hasError(span) {
	const { status, events, attributes } = span;
	if (status.code === 2 || events?.some(({ name }) => name === "exception")) return true;
	return attributes["error.type"] !== void 0 && isMcpSpan(span);
}
/** Class of the last exception of a span, else its `error.type` unless that is a status such as `500`. */
function errorTypeOf(span) {
	const exception = span.events?.findLast(({ name }) => name === "exception");
	const { attributes } = span;
	const type = exception?.attributes?.["exception.type"] ?? attributes["error.type"] ?? (span.kind === 1 ? micrometerIn(attributes)?.errorType : void 0);
	if (typeof type !== "string" || type === "" || /^\d{3}$/.test(type)) return void 0;
	return toErrorType(type);
}
// src/common/foreign-objects.ts
/** Sets a property that those do not see who log, copy or list the object. */
function setHidden(target, key, value) {
	Object.defineProperty(target, key, {
		value,
		writable: true,
		configurable: true
	});
}
/**
* The object under a key of the global object, which all copies of the package share; of `process`, if the application has frozen the
* global object before. It is never replaced.
*/
function shared(key, create) {
	const known = findShared(key);
	if (known) return known;
	const created = create();
	setHidden(Object.isExtensible(globalThis) ? globalThis : process, key, created);
	return created;
}
/** The same object, if it exists. */
function findShared(key) {
	return globalThis[key] ?? process[key];
}
// src/common/process-end.ts
init_timers();
/** After a signal, a process may end by its handler. Later, another one ends a process without a handler at once. */
const SIGNAL_MILLIS = 500;
/** The kernel drops signals that PID 1 of a container does not listen to: it ends only by those that mean its end. */
const SIGNALS = process.pid === 1 ? ["SIGTERM", "SIGINT"] : [
	"SIGTERM",
	"SIGINT",
	"SIGHUP",
	"SIGUSR2"
];
/**
* Whether Bun was started with this signal ignored, as `nohup` does with SIGHUP. It stays ignored until something listens to it, and ends the
* process after that. Node.js and Deno never keep a signal ignored.
*/
function isIgnored(signal) {
	if (process.versions.bun === void 0) return false;
	try {
		const [, mask = ""] = /^SigIgn:\s*(\w+)$/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
		return (BigInt(`0x${mask}`) >> BigInt(constants$1.signals[signal] - 1) & 1n) === 1n;
	} catch {
		return signal === "SIGHUP";
	}
}
const MEMBERS = Symbol.for("opentelemetry-matomo.process-end.1");
function findMembers() {
	return shared(MEMBERS, () => {
		const all = /* @__PURE__ */ new Set();
		const finish = () => {
			for (const member of [...all]) member.finish();
		};
		process.prependListener("exit", finish);
		const { reallyExit } = process;
		if (reallyExit) Object.assign(process, { reallyExit(code) {
			finish();
			reallyExit.call(process, code);
		} });
		return {
			all,
			stopSignals: void 0
		};
	});
}
/** Calls a member at the end of the process or thread, until it leaves. */
function joinProcessEnd(member) {
	const members = findMembers();
	members.all.add(member);
	if (member.listensToSignals && isMainThread) members.stopSignals ??= listenToSignals(members.all);
}
function leaveProcessEnd(member) {
	const members = findMembers();
	members.all.delete(member);
	if ([...members.all].some(({ listensToSignals }) => listensToSignals)) return;
	members.stopSignals?.();
	members.stopSignals = void 0;
}
/** Whether SIGTERM ends this process at once, without `exit`. */
function isKilledBySigterm() {
	return isMainThread && countHandlers("SIGTERM") === 0;
}
/** Whether the process or thread emits `exit`, by an undocumented property of Node.js. Without it, what a listener of `exit` tracks is lost. */
function isExiting() {
	return process._exiting === true;
}
function listenToSignals(members) {
	const signals = SIGNALS.filter((signal) => !isIgnored(signal));
	const scope = new AsyncScope("MatomoProcessEnd");
	let isEnding = false;
	let timer;
	function setTimer(run) {
		clearTimeout(timer);
		timer = scope.runInAsyncScope(() => setTimeout(run, SIGNAL_MILLIS).unref());
	}
	function onSignal(signal) {
		if (!(countHandlers(signal) > 1)) end(signal);
		else if (signal === "SIGTERM" || signal === "SIGINT") wait();
	}
	function wait() {
		for (const member of members) member.pause(SIGNAL_MILLIS);
		setTimer(() => {
			for (const member of members) member.flush();
		});
	}
	function end(signal) {
		if (isEnding) return;
		isEnding = true;
		setTimer(stopListening);
		shutDown(signal);
	}
	async function shutDown(signal) {
		const ending = [...members];
		await Promise.all(ending.map((member) => member.shutdownAtSignal()));
		for (const member of ending) member.finish();
		endBy(signal);
	}
	/** PID 1 of a container has to exit itself: the kernel drops a signal that it sends itself. */
	function endBy(signal) {
		stopListening();
		if (process.pid === 1) process.exit(128 + constants$1.signals[signal]);
		process.kill(process.pid, signal);
	}
	/**
	* A signal that the process has sent to itself as its last act is read in the next turn of the event loop, before which `beforeExit` is
	* emitted again: only if nobody listens any more.
	*/
	const takeTurn = () => {
		process.nextTick(() => {
			if (process.listenerCount("beforeExit") === 0) setImmediate(() => void 0);
		});
	};
	function stopListening() {
		clearTimeout(timer);
		for (const signal of signals) process.removeListener(signal, onSignal);
		process.removeListener("beforeExit", takeTurn);
	}
	for (const signal of signals) process.prependListener(signal, onSignal);
	process.prependOnceListener("beforeExit", takeTurn);
	return () => {
		if (!isEnding) stopListening();
	};
}
const SIGNAL_EXIT_4 = Symbol.for("signal-exit emitter");
/** How many listeners a signal has besides those of `signal-exit`, which end the process only if no others exist. */
function countHandlers(signal) {
	const { __signal_exit_emitter__: third } = process;
	const fourth = globalThis[SIGNAL_EXIT_4];
	return process.listenerCount(signal) - loadedCopies(third) - loadedCopies(fourth);
}
/** `signal-exit` 3 and 4 count their loaded copies, each of which has one listener for each signal. */
function loadedCopies(emitter) {
	const { count } = emitter ?? {};
	return typeof count === "number" ? count : 0;
}
/** How long a process waits at its end, all in all: shutdown and exit flush share it. */
var EndBudget = class {
	#millis;
	#spentMillis = 0;
	/** A bulk was not answered while it kept the process alive. */
	isHoldInVain = false;
	constructor(millis) {
		this.#millis = millis;
	}
	get leftMillis() {
		return Math.max(0, this.#millis - this.#spentMillis);
	}
	/** Keeps the process alive until a bulk has a result, but not for longer. */
	async hold(sending) {
		const timer = setTimeout(() => {
			this.isHoldInVain = true;
		}, timerMillis(this.leftMillis));
		try {
			return await sending;
		} finally {
			clearTimeout(timer);
			this.isHoldInVain = false;
		}
	}
	/** What was begun then has ended. */
	spendSince(startMillis) {
		this.#spentMillis += performance.now() - startMillis;
	}
};
// src/hit/parameters/overrides.ts
const OF_AN_EVENT = [
	"e_c",
	"e_a",
	"e_n",
	"e_v"
];
/** Sets parameters of a hit to values of the application, if there are any, except `cvar`. */
function overrideAll(hit, overrides = {}, options, source) {
	const { report } = options;
	for (const name of Object.keys(overrides)) if (name !== "cvar") override(hit, name, overrides[name], options, source);
	else if (overrides.cvar !== void 0 && !isRecord(overrides.cvar)) reportValue(report, PARAMETERS.cvar, overrides.cvar, "cvar", source);
}
/**
* Sets one parameter; a value in another form, which Matomo may reject, ignore or misread, is reported and left out. `source` is what set it, in the
* words of a message.
*/
function override(hit, name, unchecked, { hasToken, report, redactUrl, nowMillis }, source) {
	if (unchecked === void 0) return;
	const declaration = declarationOf(name);
	if (!declaration) {
		report(`parameter ${name.slice(0, 50)}`, () => `${describeUnknownParameter(name)}. It was left out of ${source}. Correct or remove it.`);
		return;
	}
	if (declaration.needsToken && !hasToken) {
		report(`token ${name}`, () => `"${name}" needs a token. It was left out, because Matomo would reject the hit. Set tokenAuth.`);
		return;
	}
	const redacted = (declaration.kind === "url" || declaration.kind === "referrer") && redactUrl && typeof unchecked === "string" ? redactUrl(unchecked) : unchecked;
	const rules = nowMillis !== void 0 && name === "cdt" ? timeRules(nowMillis) : declaration;
	const value = toParameterValue(rules, redacted);
	if (value === void 0) reportValue(report, rules, redacted, name, source);
	else hit.put(name, rawPart(name, value));
}
/** The clock of another server may be ahead by this much. */
const MAX_AHEAD_SECONDS = 60;
function timeRules(nowMillis) {
	const now = Math.floor(nowMillis / 1e3);
	return {
		...PARAMETERS.cdt,
		min: now - MAX_AGE_SECONDS,
		max: now + MAX_AHEAD_SECONDS
	};
}
/** A key per mistake, so that each is reported once. */
function reportValue(report, rules, unchecked, name, source) {
	const kind = kindOf(unchecked);
	report(`value ${name}: ${kind} from ${source}`, () => `"${name}" must be ${RULES[rules.kind](rules)}, got ${kind} from ${source}. It was left out. Correct it.`);
}
/** Matomo would store half an event as a page view. */
function completeEvent(hit, report) {
	if (!hit.rest.includes("&e_") || hit.has("e_c") === hit.has("e_a")) return;
	report("event", () => "An event needs both e_c and e_a. The event was left out of the hit. Set both.");
	for (const name of OF_AN_EVENT) hit.delete(name);
}
/** Why an application cannot set a parameter. */
function describeUnknownParameter(name) {
	const start = name.slice(0, 50);
	const shown = JSON.stringify(start);
	if (RESERVED.has(name)) return `${shown} cannot be set for a request`;
	if (/^dimension-?\d+$/.test(start)) return `${shown} is not a dimension: IDs are 1 to 999`;
	const near = nearestName(start, [...Object.keys(PARAMETERS), "dimension1"]);
	return `${shown} is not a tracking parameter of Matomo${near === void 0 ? "" : ` (did you mean "${near}"?)`}`;
}
/** What a value must be, in the words of a message. */
const RULES = {
	text: textRule,
	referrer: textRule,
	url: () => "a URL with a scheme and a host",
	integer: (rules) => `a whole number${rangeOf(rules)}`,
	number: (rules) => `a number${rangeOf(rules)}, as text with a decimal point and no other separators`,
	flag: () => "true, false, 1 or 0",
	"user-agent": textRule,
	hints: ({ maxCharacters }) => `client hints as JSON of at most ${maxCharacters} characters, of the types that browsers report`,
	items: ({ maxCharacters }) => `a list as JSON of at most ${maxCharacters} characters`,
	"user-id": () => "text that names a user",
	"visitor-id": () => "16 hex digits, a UUID or a client ID of Google Analytics (for other IDs, use createHash('sha256').update(id).digest('hex').slice(0, 16) of node:crypto)",
	address: () => "one IP address",
	time: () => "a time of the last 20 years and not of the future: epoch seconds or milliseconds, a Date, or text such as \"2026-11-20 10:00:00\" (UTC) or \"2026-11-20T10:00:00+01:00\"",
	variables: () => "an object of custom variables"
};
function textRule({ isZeroEmpty }) {
	return `text that is not empty${isZeroEmpty ? " or \"0\"" : ""}`;
}
function rangeOf({ min, max }) {
	return min === void 0 ? "" : ` from ${min} to ${max}`;
}
/** Describes a value without showing it, because it may be about a person. */
function kindOf(unchecked) {
	if (unchecked === null) return "null";
	if (isThenable(unchecked)) return "a promise";
	if (isList(unchecked)) return "a list";
	return typeof unchecked === "number" && !Number.isFinite(unchecked) ? String(unchecked) : `a value of type ${typeof unchecked}`;
}
/** Whether a value is a list. A revoked proxy, which throws, is none. */
function isList(value) {
	try {
		return Array.isArray(value);
	} catch {
		return false;
	}
}
// src/hit/additional-hit.ts
/**
* The parameters of an additional hit as they may be sent; `undefined` if Matomo would store something else. Arguments of `trackEvent` and its
* siblings are checked before, in `request/functions.ts`.
*/
function checkAdditionalHit(hit, options) {
	const { parameters, epochMillis } = hit;
	const { report } = options;
	const own = readOwn$1(hit, options);
	if (!own) return void 0;
	if (!(parameters.e_c === void 0 === (parameters.e_a === void 0))) {
		report("additional event", () => "An event needs both e_c and e_a. The hit was dropped. Set both.");
		return;
	}
	if (own.parts().every(([name]) => SHARED$1.has(name) && name !== "url")) {
		report("additional nothing", () => "A hit has no parameters of its own. It was dropped. Set what it is about.");
		return;
	}
	return {
		own,
		epochMillis
	};
}
/** What a hit would do without a parameter that the application meant to set. */
const EFFECTS$1 = /* @__PURE__ */ new Map([["cdt", "have the time of the call"], ["revenue", "have another revenue"]]);
/** Reports and leaves out what Matomo would reject. */
function readOwn$1({ parameters, epochMillis: nowMillis }, { hasToken, report, redactUrl, maxCustomVariables }) {
	const checked = new HitText();
	overrideAll(checked, parameters, {
		hasToken,
		report,
		redactUrl,
		nowMillis
	}, "an additional hit");
	for (const name of Object.keys(parameters)) {
		const effect = DECIDING_KIND.has(name) ? "be a page view" : EFFECTS$1.get(name);
		if (effect === void 0 || parameters[name] === void 0 || checked.has(name)) continue;
		report(`additional ${name}`, () => `A hit has an invalid "${name}". It was dropped, because it would ${effect}. Correct the value.`);
		return;
	}
	const { cvar } = parameters;
	if (isRecord(cvar) && maxCustomVariables > 0) {
		const variables = new Map(Object.entries(cvar));
		checked.set("cvar", toCustomVariables(variables, maxCustomVariables, report));
	}
	return checked;
}
/** Adds an additional hit to what it shares with its page view. A time that is in the future, or no number, would be ignored. */
function addAdditionalHit(hit, { own, epochMillis }, nowMillis) {
	const millis = epochMillis < nowMillis ? epochMillis : nowMillis;
	hit.set("cdt", String(Math.floor(millis / 1e3)));
	for (const [name, part] of own.parts()) hit.put(name, part);
}
// src/hit/page/page-url.ts
/** Matomo cuts URLs at this number of bytes; what is sent is ASCII. */
const MAX_URL_LENGTH = 1024;
/** A longer URL, with the name of the parameter, may exceed Matomo's limit when it is HTML-escaped. */
const SAFE_LENGTH = 175;
const MAX_HOST_LENGTH = 259;
const HOST$1 = /^(?:[a-z\d](?:[\w.-]*[a-z\d.])?|\[[\da-f:.]+\])(?::\d{1,5})?$/i;
const NOT_IN_A_URL = /[^\w\-.~:/?[\]@!$&'()*+,=%]/gu;
/**
* The parameter `url` of a request whose path comes redacted: an absolute URL of at most 1,024 bytes, whose query is the first to be cut.
* Encoding its parts one by one yields the same as encoding the whole.
*/
function createToPageUrl(options) {
	const toQuery = {
		page: createToQuery(options),
		graphql: createToQuery({
			...options,
			siteSearch: false
		}),
		chatbot: createToQuery({
			...options,
			removesCampaigns: true
		})
	};
	const baseUrl = options.baseUrl === void 0 ? void 0 : toStart(options.baseUrl);
	const toHttp = remember(256, (host) => toStart(`http://${toHost(host, "http")}`));
	const toHttps = remember(256, (host) => toStart(`https://${toHost(host, "https")}`));
	return function toPageUrl({ scheme, host = "", query }, path, use = "page", encoded = encodePath(path)) {
		const start = baseUrl ?? (scheme === "https" ? toHttps(host) : toHttp(host));
		const tracked = query === void 0 ? "" : toQuery[use](query);
		return start.length + encoded.length + tracked.length > SAFE_LENGTH ? toLongPart(start.slice(START.length) + encoded, tracked) : start + encoded + tracked;
	};
}
const START = "&url=";
/** The parameter up to the path of its URL. */
function toStart(origin) {
	return START + encodeValue(origin);
}
/** Encodes a redacted path for the parameter. */
function encodePath(path) {
	if (path === "*") return "/";
	return isPlain$1(path) ? path : encodeValue(encodeUnsafe(path));
}
/** Texts of queries. Only those that are sent as they came are remembered: others may hold secrets. */
function createToQuery(policy) {
	const toTrackedQuery = createToTrackedQuery(policy);
	return remember(1024, (query) => {
		const tracked = encodeUnsafe(toTrackedQuery(query));
		return tracked === "" ? "" : encodeValue(`?${tracked}`);
	}, (tracked, query) => decodeURIComponent(tracked) === (query && `?${query}`));
}
function toLongPart(page, query) {
	const url = decodeURIComponent(page + query);
	const pathEnd = decodeURIComponent(page).length;
	let text = url;
	if (pathEnd > MAX_URL_LENGTH) text = url.slice(0, MAX_URL_LENGTH).replace(/%[\da-f]?$/i, "");
	else if (url.length > MAX_URL_LENGTH) text = url.slice(0, Math.max(url.lastIndexOf("&", MAX_URL_LENGTH), pathEnd));
	return partOf("url", text);
}
/** A host without the default port of the scheme, and without that of a listener behind a proxy that terminates TLS. */
function toHost(host, scheme) {
	if (!isUrlHost(host)) return "localhost";
	return host.replace(scheme === "https" ? /:(?:443|80)$/ : /:80$/, "");
}
/** A port beyond 65,535 or an address such as 1.2.3.4.5 passes the pattern, but then Matomo cannot parse the URL. */
const isUrlHost = /* @__PURE__ */ remember(256, (host) => host.length <= MAX_HOST_LENGTH && HOST$1.test(host) && URL.canParse(`http://${host}/`));
/** A text that is longer than a URL is cut before it is encoded, because encoding makes no text shorter. */
function encodeUnsafe(text) {
	return text.slice(0, 1025).replace(NOT_IN_A_URL, (character) => encodeURIComponent(character.replace(/\p{Surrogate}/u, "�")));
}
/** Names that Matomo reads as the keyword of a site search, in any case: such a hit loses its URL, title and timing. */
const SEARCH_PARAMETER = /^(?:q|query|s|search|searchword|k|keywords?)$/;
/** A hash of headers, which Next.js adds to the URL of a page that its own code requests. */
const RSC = "_rsc";
const CAMPAIGN = /^(?:(?:utm|mtm|pk|piwik|matomo)_|(?:gclid|fbclid)$)/i;
/** The part of a query that the tracked URL keeps; may be empty. */
function createToTrackedQuery({ query: policy, siteSearch, removesCampaigns = false }, isRedacted = policy === "redact") {
	const listed = typeof policy === "string" ? void 0 : new Set(policy);
	function isKept(pair) {
		const name = pairNameOf(pair);
		if (name === RSC || !siteSearch && isSearchParameter(name)) return false;
		if (removesCampaigns && CAMPAIGN.test(name)) return false;
		return listed === void 0 || listed.has(name);
	}
	if (policy === "strip") return () => "";
	return (query) => {
		const kept = query.split(/&(?:amp;)*/).filter(isKept);
		return (isRedacted ? kept.map(redactPair) : kept).join("&");
	};
}
/** A name that needs no decoding, as most do. */
const PLAIN_NAME = /^[\w-]*$/;
/** The name as PHP reads it: decoded, without the brackets of an array. */
function pairNameOf(pair) {
	const equals = pair.indexOf("=");
	const encoded = equals < 0 ? pair : pair.slice(0, equals);
	if (PLAIN_NAME.test(encoded)) return encoded;
	const name = decodePath(encoded.replaceAll("+", " "));
	const bracket = name.indexOf("[");
	return (bracket > 0 ? name.slice(0, bracket) : name).trim();
}
function isSearchParameter(name) {
	return SEARCH_PARAMETER.test(name.toLowerCase());
}
// src/hit/page/sent-urls.ts
/** Matches an origin. Without a scheme, `//x/y` is a path: as a host, `x` would not be known as a secret word. */
const ORIGIN$2 = /^[a-z][a-z\d+.-]*:[/\\]{2}([^/\\?#]*)/i;
function createSentUrls(options) {
	const { privacy, query, urlPaths, redactPathPatterns } = options;
	const keepsSecrets = query === "keep";
	const redactPath = createRedactPath(redactPathPatterns);
	const redactOwnPath = keepsSecrets ? createRedactPath(redactPathPatterns, true) : redactPath;
	const toQuery = createToTrackedQuery({
		query,
		siteSearch: true
	}, true);
	const toWholeQuery = createToTrackedQuery({
		query: "keep",
		siteSearch: true
	}, !keepsSecrets);
	const redactOther = urlPaths === "template" ? (path) => toTitlePath(redactPath(path)) : redactPath;
	/**
	* A URL of a header or an attribute, without fragment. Its path and query are redacted whatever `query` keeps; keywords stay, because
	* Matomo reports them.
	*/
	function ofAttribute(url) {
		return redactUrl(url, toQuery, redactOther);
	}
	/** The referrer; `undefined` if none is sent. */
	function ofReferrer(referrer) {
		return privacy === "strict" ? toOrigin(withoutUserInfo$1(referrer)) : ofAttribute(referrer);
	}
	/**
	* A URL that the application sets. Everything but secrets and what patterns match stays, with `query: 'keep'` secrets too. A fragment
	* that contains a secret is removed.
	*/
	function ofApplication(url) {
		if (keepsSecrets && redactPathPatterns.length === 0) return url;
		const start = url.indexOf("#");
		const fragment = start < 0 ? "" : url.slice(start);
		return `${redactUrl(url.trim(), toWholeQuery, redactOwnPath)}${keepsSecrets || isPlainValue(decodePath(fragment.slice(1))) ? fragment : ""}`;
	}
	return {
		/** The path of a request, for its URL and its title. One that is not sent as it came is not remembered. */
		pageOf: remember(2048, (path) => {
			const sent = redactOwnPath(path);
			return new Page(sent, encodePath(sent));
		}, (page, path) => page.path === path),
		/** The URL of a request, whose path comes redacted. */
		ofRequest: createToPageUrl(options),
		ofReferrer,
		ofAttribute,
		ofApplication
	};
}
/** Redacts the path and the query of a URL, and removes its user info and its fragment. */
function redactUrl(url, redactQuery, redactPath) {
	const fragment = url.indexOf("#");
	const whole = fragment < 0 ? url : url.slice(0, fragment);
	const mark = whole.indexOf("?");
	const page = withoutUserInfo$1(mark < 0 ? whole : whole.slice(0, mark));
	const origin = originOf(page);
	const redacted = origin + redactPath(page.slice(origin.length));
	const kept = mark < 0 ? "" : redactQuery(whole.slice(mark + 1));
	return kept === "" ? redacted : `${redacted}?${kept}`;
}
/** A URL without a host, such as `https://token=abc`, is redacted like a path. */
function originOf(url) {
	const [origin = "", host = ""] = ORIGIN$2.exec(url) ?? [];
	return isUrlHost(host) ? origin : "";
}
/** The origin of a referrer, as browsers send it with the policy `origin`. */
function toOrigin(url) {
	const origin = originOf(url);
	return origin === "" ? void 0 : `${origin}/`;
}
// src/hit/parameters/dimensions.ts
/** The query of the URL: everything after the first `?`, as a second one is data. */
function queryOf({ hit }) {
	const full = readPart(hit.url) ?? "";
	const mark = full.indexOf("?");
	return mark < 0 ? void 0 : full.slice(mark + 1);
}
/** Failed endpoints: a report of this dimension has only failures. */
const failedEndpoint = ({ request }, place) => {
	const { statusCode, operation } = request;
	const hasFailed = statusCode >= 400;
	const hasFailedCall = operation?.mcp !== void 0 && operation.hasFailed;
	if (!hasFailed && !hasFailedCall) return void 0;
	return `${hasFailed ? `${Math.floor(statusCode / 100)}xx` : "error"} ${titleMethodOf(request, place)} ${place}`;
};
/** The name of an operation, if the title has it: the path that contains it may have been redacted. */
function operationName(...kinds) {
	return function nameOf({ request: { operation } }, place) {
		if (operation?.name === void 0 || !kinds.includes(operation.kind)) return void 0;
		return place.includes(operation.name) ? operation.name : void 0;
	};
}
const mcpMethod = ({ request: { operation } }) => operation?.mcp && (operation.mcp.method ?? operation.name);
const mcpTool = ({ request: { operation } }) => operation?.mcp?.method === "tools/call" ? operation.name : void 0;
/**
* Attributes whose value the hit knows better than the span: the status of an aborted request, a route that came late, and
* what is redacted or masked before it may leave. By their stable names and their old ones.
*/
const FROM_REQUEST = [
	[["http.request.method", "http.method"], ({ request }) => shownMethodOf(request)],
	[["http.response.status_code", "http.status_code"], ({ request }) => request.statusCode],
	[["http.route"], ({ request }) => request.route],
	[["url.full", "http.url"], ({ hit }) => readPart(hit.url)],
	[["http.target"], (source) => [source.path, queryOf(source)].filter(Boolean).join("?")],
	[["url.path"], ({ path }) => path],
	[["url.query"], queryOf],
	[["url.scheme", "http.scheme"], ({ request }) => request.scheme],
	[[
		"client.address",
		"http.client_ip",
		"network.peer.address",
		"net.peer.ip",
		"net.sock.peer.addr",
		"peer.address"
	], ({ address }) => address],
	[[
		"user_agent.original",
		"http.user_agent",
		"user_agent",
		"http.request.header.user-agent"
	], ({ request }) => request.userAgent],
	[["http.request.header.referer"], ({ hit }) => readPart(hit.referrer)],
	[["graphql.operation.name"], operationName("graphql")],
	[["rpc.method"], operationName("action", "json-rpc", "trpc")],
	[["mcp.method.name"], mcpMethod],
	[["gen_ai.tool.name"], mcpTool],
	[["mcp.client.name"], ({ request }) => request.operation?.mcp?.clientName],
	[["matomo.failed_endpoint"], failedEndpoint]
];
function readerOf(attribute) {
	return FROM_REQUEST.find(([names]) => names.includes(attribute))?.[1];
}
/** Whether a dimension of this attribute is made with the hit and not read from the span. */
function isFromRequest(attribute) {
	return readerOf(attribute) !== void 0;
}
function createDimensions({ dimensions }) {
	return Object.entries(dimensions).flatMap(([id, attribute]) => {
		const read = readerOf(attribute);
		return read ? [{
			name: `dimension${id}`,
			read
		}] : [];
	});
}
// src/hit/visitor/visitor-id.ts
const DAY_MILLIS$2 = 864e5;
const ID_DIGITS = 16;
/**
* The visitor ID of an anonymous client for one UTC day: 16 hex digits of a keyed hash over address and user agent, or session, site and
* date. Without the key, the address cannot be derived from it, and the next day the same client is another visitor.
* Without a key for the day, the ID is random.
*/
function createToVisitorId(key) {
	const secretOf = createSecretOf(key);
	return function toVisitorId({ address = "", userAgent, site, startMillis, session }) {
		const day = dayOf(startMillis);
		const secret = secretOf(day);
		if (secret === void 0) return randomBytes(ID_DIGITS / 2).toString("hex");
		return keyedId(secret, session === void 0 ? [
			day,
			site,
			address,
			userAgent
		] : [
			day,
			site,
			session
		]);
	};
}
/** Makes a keyed hash of a client's address; `undefined` without a key for the day. None is the ID of a visitor. */
function createToClient(key) {
	const secretOf = createSecretOf(key);
	return function toClient(address, epochSeconds) {
		const day = dayOf(epochSeconds * 1e3);
		const secret = secretOf(day);
		return secret && keyedId(secret, [
			"client",
			day,
			address
		]);
	};
}
/** The inner key of a day is derived each time, so that nothing outlives the day's key. */
function createSecretOf(key) {
	const always = typeof key === "function" ? void 0 : toFixedLength(key);
	return function secretOf(day) {
		const ofDay = typeof key === "function" ? key(day) : void 0;
		return always ?? (ofDay && toFixedLength(ofDay));
	};
}
/** The UTC day, counted from 1970. */
function dayOf(epochMillis) {
	return Math.floor(epochMillis / DAY_MILLIS$2);
}
/** A key that differs from every user agent, because a header contains no line break. */
function keyOfSession(session) {
	return `session\n${session}`;
}
/**
* As JSON, no two lists are the same text. A cut hash cannot be continued, so the key may precede the text. To compare two copies, as the
* order of a bulk does, takes half of the time that two parts of hashes take.
*/
function keyedId(key, traits) {
	return copyText(hash("sha256", key + JSON.stringify(traits), "hex").slice(0, ID_DIGITS));
}
/** The digest of a key: a key of any length could be confused with what follows it. */
function toFixedLength(key) {
	return hash("sha256", key, "hex");
}
/** The key that all processes with one token share. The token cannot be derived from it. */
function deriveVisitorKey(tokenAuth) {
	return hash("sha256", `opentelemetry-matomo visitor id\n${tokenAuth}`, "hex");
}
/** The word for a new key every day. */
const DAILY = "daily";
/**
* The key that stays and that processes with the same options share; `undefined` if there is none. One that is stored in a spool does
* not count: it is not there before the spool is.
*/
function stableVisitorKey({ visitorKey, tokenAuth }) {
	if (visitorKey === "daily") return void 0;
	if (visitorKey !== void 0) return visitorKey;
	return tokenAuth === void 0 ? void 0 : deriveVisitorKey(tokenAuth);
}
const VISITOR_COOKIE = /(?:^|;\s*)_pk_id\.(\d+)(?:\.[\da-f]+)?=([\da-f]{16})(?=\.|%2E|;|$)/gi;
/** The visitor of Matomo's JavaScript tracker, 16 hex digits, from its `_pk_id.<site>.<hash>` cookie. */
function visitorOfCookie(cookies, site) {
	if (cookies === void 0) return void 0;
	for (const [, ofSite, visitor] of cookies.matchAll(VISITOR_COOKIE)) if (ofSite === String(site)) return visitor?.toLowerCase();
}
const RANGE = 2 ** 32;
/**
* Whether a visitor is in the sample: the first 32 bits of the SHA-256 of its name, as a share of all values. Processes with the same
* rate and the same name get the same result.
*/
function isInSample(name, rate) {
	return rate >= 1 || Number.parseInt(hash("sha256", name, "hex").slice(0, 8), 16) < rate * RANGE;
}
// src/hit/visitor/visitor.ts
/** The address that is sent if addresses are hidden. Matomo stores it with an unknown country. */
const HIDDEN_ADDRESS = "0.0.0.0";
/** The maximum number of visitors that are remembered, because computing an ID is slow. A power of two. */
const MAX_VISITORS = 8192;
/**
* Finds the visitor of each request, and decides which address and IDs of it are sent. `visitor-id.ts` makes an ID, `addresses.ts` masks
* an address, and `forwarded-origin.ts` finds the one of a client behind proxies.
*/
function createVisitors(options) {
	const { anonymizeIp, hasToken, hidesAddress = false, trackBots } = options;
	const hidesOtherUserIds = options.privacy === "strict";
	const areKeysDeleted = typeof options.visitorKey === "function";
	const toVisitorId = createToVisitorId(options.visitorKey);
	const toClient = createToClient(options.visitorKey);
	const visitors = new RecentTexts(MAX_VISITORS);
	/** The address of which an ID is made. If none is sent, Matomo would store the address of this server. */
	function toAddress(address) {
		if (hidesAddress && areKeysDeleted) return address ?? "";
		const masked = address && maskAddress(address, anonymizeIp);
		return hidesAddress ? masked ?? "" : masked;
	}
	function newVisitor(traits, day) {
		const { site, userAgent, startMillis, session } = traits;
		const address = traits.address && copyText(traits.address);
		const cip = hasToken && address !== void 0 ? partOf("cip", hidesAddress ? HIDDEN_ADDRESS : address) : "";
		const id = options.visitorId === "none" ? void 0 : toVisitorId(traits);
		const cid = id === void 0 ? "" : rawPart("cid", id);
		return {
			address,
			userAgent,
			site,
			startMillis,
			session,
			day,
			id,
			text: copyText(siteText(site, trackBots) + cip + cid),
			toClient
		};
	}
	/** What is sent of a visitor. Nobody is remembered if IDs must not be linked to addresses later. */
	function find(traits) {
		const { address = "", userAgent, site, startMillis, session } = traits;
		const day = dayOf(startMillis);
		const who = session === void 0 ? userAgent : keyOfSession(session);
		const known = visitors.find(who, address);
		if (known && known.day === day && known.site === site) return known;
		const visitor = newVisitor(traits, day);
		if ((known !== void 0 || visitors.mayKeep) && !areKeysDeleted) visitors.keep(visitor, who, address);
		return visitor;
	}
	/** The address of a hit, to the extent that an ID may be made of it. */
	function addressIn(hit, { address }) {
		const sent = hit.get("cip");
		return sent === void 0 || sent === (hidesAddress ? HIDDEN_ADDRESS : address) ? address : toAddress(plainAddress(sent) ?? sent);
	}
	return {
		/** The visitor ID of a request with this user agent. */
		of({ address, operation, sender }, userAgent, site, startMillis) {
			const session = operation?.mcp?.session;
			const latest = sender?.visitor;
			if (latest?.toClient === toClient && sender?.address === address && latest.userAgent === userAgent && latest.session === session && latest.site === site && latest.day === dayOf(startMillis)) return latest;
			const visitor = find({
				address: toAddress(address),
				userAgent,
				site,
				startMillis,
				session
			});
			if (sender !== void 0 && !areKeysDeleted) {
				sender.visitor = visitor;
				sender.address = address;
			}
			return visitor;
		},
		/** The address as dimensions send it; `undefined` if it is not known. */
		addressOf({ address }) {
			return hidesAddress && address ? HIDDEN_ADDRESS : address || void 0;
		},
		/**
		* A visitor ID that is derived from the request follows what is sent: site, address and user agent. What is left out changes nothing.
		* Called before an address is hidden, which says nothing then.
		*/
		follow(hit) {
			const { named } = hit;
			if (!named || hit.get("cid") !== named.id) return;
			const site = Number(hit.get("idsite"));
			const address = addressIn(hit, named);
			const userAgent = userAgentIn(hit, named);
			if (address === named.address && userAgent === named.userAgent && site === named.site) return;
			hit.named = find({
				...named,
				site,
				address,
				userAgent
			});
			if (hit.named.id !== void 0) hit.set("cid", hit.named.id);
		},
		/** Hides and masks what options say, whatever has set it: called after `beforeSend`. */
		hide(hit) {
			const address = hit.isNamedAnew ? hit.get("cip") : void 0;
			if (address !== void 0 && hidesAddress) hit.set("cip", HIDDEN_ADDRESS);
			else if (address !== void 0 && anonymizeIp > 0 && address !== hit.named?.address) hit.set("cip", maskAddress(plainAddress(address) ?? address, anonymizeIp));
			if (hidesOtherUserIds && hit.find("uid") !== hit.user) hit.delete("uid");
		},
		/** The visitor ID, even if none is sent. */
		idOf: toVisitorId
	};
}
/** The user agent that is sent of a visitor. */
function userAgentIn(hit, { userAgent }) {
	const sent = hit.get("ua");
	return sent === void 0 || sent === "-" ? userAgent : sent;
}
// src/hit/hit-builder.ts
/** Makes the hits of a request, without a clock: `nowMillis` is the time. */
function createHitBuilder(options, report) {
	const { beforeSend, hasToken, maxCustomVariables } = options;
	const hidesOtherUserIds = options.privacy === "strict";
	const hasTemplates = options.urlPaths === "template";
	const findRouteDetails = createFindRouteDetails(options.routeDetails);
	const dimensions = createDimensions(options);
	const places = createPlaces(hasTemplates ? "template" : options.titlePaths);
	const toTitle = createTitles(options, places.show, report);
	const toTime = createToTime();
	const urls = createSentUrls(options);
	const toReferrer = createToReferrer(urls);
	const visitors = createVisitors(options);
	const redactUrl = urls.ofApplication;
	const setting = {
		hasToken,
		report,
		redactUrl,
		maxCustomVariables
	};
	/** The parts that all hits of a request have, and those of its page view. */
	function build(request, site, nowMillis, isPageView) {
		const { scheme, host, referrer, startMillis: start } = request;
		const client = toSentClient(request);
		const startMillis = Math.min(Number.isFinite(start) ? start : nowMillis, nowMillis);
		const visitor = visitors.of(request, client.userAgent, site, startMillis);
		const page = urls.pageOf(request.path);
		const redacted = request.isPageData ? toPagePath(page.path) : page.path;
		const isOfPath = redacted === request.path;
		const place = places.find(request, redacted, site, isOfPath ? page : void 0);
		const path = hasTemplates ? toPlacePath(place.text, redacted) : page.path;
		const encoded = path === page.path ? page.encoded : void 0;
		const query = hasTemplates && isRefusedPath(path) ? void 0 : request.query;
		const isSearch = query !== void 0 && options.siteSearch && !isGraphqlRequest(request);
		const hit = new HitText();
		hit.named = visitor;
		hit.address = request.address;
		hit.startSeconds = Math.floor(startMillis / 1e3);
		hit.who = visitor.text;
		hit.agent = client.text;
		hit.url = urls.ofRequest({
			scheme,
			host,
			query
		}, path, isSearch ? "page" : "graphql", encoded);
		if (referrer !== void 0) hit.referrer = toReferrer(referrer);
		hit.time = toTime(hit.startSeconds);
		if (!isPageView) {
			addLayers(hit, request, nowMillis);
			return hit;
		}
		hit.title = toTitle(request, path, redacted, place);
		if (dimensions.length > 0) {
			const shown = places.show(place.text, request, redacted);
			const source = {
				request,
				hit,
				path,
				address: visitors.addressOf(visitor)
			};
			for (const { name, read } of dimensions) override(hit, name, read(source, shown), setting, "the option dimensions");
		}
		addLayers(hit, request, nowMillis);
		addDuration(hit, request);
		if (!request.isAiChatbot) return hit;
		const reported = options.pageViews === false ? toChatbotAlone(hit, visitor) : hit;
		addChatbotParts(reported, request, urls, path, query);
		return reported;
	}
	/** Adds what options and the application say about a request, the weakest first, and whom that names. */
	function addLayers(hit, request, nowMillis) {
		const { annotations, optionParameters } = request;
		const ofRoute = findRouteDetails?.(request);
		if (annotations.length === 0 && !ofRoute && !optionParameters) return;
		const overriding = {
			hasToken,
			report,
			redactUrl,
			nowMillis
		};
		if (annotations.length > 0) {
			const part = partOf("uid", strongest(request, "userId"));
			if (part !== "") hit.put("uid", part);
			setTimings(hit, request);
		}
		const variables = variablesOf$1(request, ofRoute, options.privacy);
		if (variables && maxCustomVariables > 0) hit.set("cvar", toCustomVariables(variables, maxCustomVariables, report));
		overrideAll(hit, optionParameters, overriding, "a callback or an attribute that an option names");
		hit.user = hit.find("uid");
		overrideAll(hit, ofRoute, overriding, "routeDetails");
		for (const { parameters } of annotations) overrideAll(hit, parameters, overriding, "annotate or an attribute matomo.*");
		completeEvent(hit, report);
	}
	/** With the option `privacy`, only the option `userId` may name a user. */
	function nameVisitor(hit) {
		if (hidesOtherUserIds) hit.put("uid", hit.user);
		if (hit.isNamedAnew) visitors.follow(hit);
	}
	/** Finishes a hit: user, `beforeSend` and visitor. `undefined` if `beforeSend` drops it. */
	function finish(hit, nowMillis) {
		if (hidesOtherUserIds || hit.isNamedAnew) nameVisitor(hit);
		const sent = beforeSend ? callBeforeSend(hit, beforeSend, hasToken, report, nowMillis) : hit;
		if (!sent) return void 0;
		if (sent !== hit && sent.isNamedAnew) visitors.follow(sent);
		if (hidesOtherUserIds || sent.isNamedAnew) visitors.hide(sent);
		if (sent.kind === "chatbot" && sent.get("recMode") !== "1") sent.kind = "action";
		return sent.finish();
	}
	return {
		/** The hit of a finished request, before `finish`. */
		buildPageView: (request, site, nowMillis) => build(request, site, nowMillis, true),
		/** The beginning of the additional hits of a request, and of its page view unless that is of an AI chatbot. */
		buildShared: (request, site, nowMillis) => build(request, site, nowMillis, false),
		/** A hit as it is sent: itself, or a copy if there is a `beforeSend`; `undefined` if that drops it. */
		finish,
		/** The part of an additional hit that may be sent; `undefined` if it may not. */
		check: (hit) => checkAdditionalHit(hit, setting),
		/** A hit of a request, in whose visit Matomo stores it; `undefined` if `beforeSend` drops it. */
		buildAdditionalHit(added, shared, nowMillis) {
			const hit = shared.toShared();
			addAdditionalHit(hit, added, nowMillis);
			const sent = finish(hit, nowMillis);
			if (sent) sent.startSeconds = shared.startSeconds;
			return sent;
		},
		/** A hit that names its visitor itself. */
		buildHitWithoutRequest(added, site, nowMillis) {
			const hit = new HitText();
			hit.who = siteText(site, options.trackBots);
			hit.agent = NO_USER_AGENT;
			addAdditionalHit(hit, added, nowMillis);
			return finish(hit, nowMillis);
		},
		/** Whether the visitor of a request is tracked: the user ID that is sent, else the visitor ID, even if that is not. AI chatbots are no visitors. */
		isVisitorInSample(request, site) {
			if (options.sampleRate >= 1 || request.isAiChatbot) return true;
			const hit = build(request, site, request.startMillis, false);
			nameVisitor(hit);
			return isInSample(hit.finish().visitor || visitors.idOf(hit.named), options.sampleRate);
		}
	};
}
/** The hit of a request by an AI chatbot if people are not tracked: without visitor, title, address and variables. */
function toChatbotAlone(hit, { site, startMillis }) {
	const alone = hit.emptied();
	alone.named = void 0;
	alone.who = siteText(site);
	alone.set("cdt", String(Math.floor(startMillis / 1e3)));
	return alone;
}
/** The parameters as `beforeSend` returns them, and those that every hit needs; `undefined` if it drops the hit. */
function callBeforeSend(hit, beforeSend, hasToken, report, nowMillis) {
	const parts = new Map(hit.parts());
	const values = [...parts].map(([name, part]) => [name, readPart(part)]);
	const returned = beforeSend(Object.fromEntries(values));
	if (!returned) return void 0;
	const checked = hit.emptied();
	checked.who = siteText(hit.get("idsite"));
	for (const [name, value] of Object.entries(returned)) {
		const part = parts.get(name);
		if (part !== void 0 && (RESERVED.has(name) || readPart(part) === value)) checked.put(name, part);
		else if (name !== "cvar") override(checked, name, value, {
			hasToken,
			report,
			nowMillis
		}, "beforeSend");
		else if (typeof value === "string") checked.set(name, cleanText(value));
	}
	if (!checked.has("ua")) checked.put("ua", NO_USER_AGENT);
	if (!checked.has("cdt")) checked.put("cdt", hit.time);
	for (const name of RESERVED) checked.put(name, parts.get(name) ?? "");
	return checked;
}
/** Texts of referrers. Only those that are sent as they came are remembered: others may contain secrets. */
function createToReferrer(urls) {
	return remember(1024, (referrer) => partOf("urlref", urls.ofReferrer(decodeLatin1(referrer))), (part, referrer) => readPart(part) === referrer);
}
/** Texts of times. Nearly all requests begin in the second of the one before them. */
function createToTime() {
	let latest = NaN;
	let text = "";
	return function toTime(seconds) {
		if (seconds === latest) return text;
		text = copyText(partOf("cdt", seconds));
		latest = seconds;
		return text;
	};
}
/** Texts of titles and custom variables. They are remembered with the default title: others may name each request. */
function createTitles({ actionName, maxCustomVariables }, show, report) {
	const template = typeof actionName === "string" ? actionName : DEFAULT_TITLE;
	const isDefault = template === DEFAULT_TITLE;
	const toText = createToTitle(template);
	function toVariables(request) {
		if (maxCustomVariables === 0) return "";
		return rawPart("cvar", toCustomVariables(customVariablesOf(request), maxCustomVariables, report));
	}
	return function toTitle(request, path, redacted, place) {
		const mayKeep = isDefault && request.operation === void 0;
		const known = mayKeep ? place.partOf(request) : void 0;
		if (known !== void 0) return known;
		const shown = show(place.text, request, redacted);
		const part = partOf("action_name", toText(request, path, shown)) + toVariables(request);
		if (mayKeep) place.keepPart(request, part);
		return part;
	};
}
/** Whether `query` in the URL of a request is a GraphQL document and not a site search. */
function isGraphqlRequest({ path, operation }) {
	return isGraphqlPath(path) || operation?.kind === "graphql";
}
/** Formats a value for a message: short, and on one line. */
function show(value) {
	return showWithout(withoutUserInfo, value);
}
/** Formats a value for a message by a rule of its own for what is hidden. The rule sees the whole value. */
function showWithout(hideSecrets, value) {
	const text = hideSecrets(toText$1(value).replace(/[\s\p{Cc}\p{Bidi_Control}]+/gu, " "));
	return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
/** Replaces user name and password of every URL in a text. */
function withoutUserInfo(text) {
	return text.replace(/\/\/[^\s/]*@/g, "//…@");
}
function toText$1(value) {
	try {
		if (typeof value === "function") return "a function";
		return typeof value === "string" || Array.isArray(value) || isObject(value) ? JSON.stringify(value) : String(value);
	} catch {
		return `a ${typeof value}`;
	}
}
function isObject(value) {
	return Object.prototype.toString.call(value) === "[object Object]";
}
var PREFIX;
var init_diagnostics = __esmMin((() => {
	init_messages();
	init_otel_global();
	PREFIX = "opentelemetry-matomo: ";
}));
// src/hit/parameters/attributes.ts
init_diagnostics();
/** Matches attributes of OpenTelemetry that have headers. */
const HEADER = /^http\.(request|response)\.header\./;
/** The header that an attribute means; `undefined` if it means none. */
function headerAttributeOf(attribute) {
	const match = HEADER.exec(attribute);
	if (!match) return void 0;
	const header = attribute.slice(match[0].length).toLowerCase();
	return {
		direction: match[1],
		header
	};
}
const MAX_PRODUCT = 64;
const MAX_VERSION = 20;
/** No product with its version is longer. */
const MAX_READ = 200;
const PRODUCT = /^\s*([\w!#$%&'*+.^`|~-]+)(?:\/([\w!#$%&'*+.^`|~:-]+))?/;
const BROWSER = /^\s*mozilla\//i;
/**
* The client library that a user agent begins with, such as `python-requests` `2.32.3`; `undefined` for browsers, and for programs that
* look like one.
*/
function productOf(userAgent) {
	if (userAgent === void 0 || BROWSER.test(userAgent)) return void 0;
	const [, name = "", version] = PRODUCT.exec(userAgent.slice(0, MAX_READ)) ?? [];
	if (!/[a-z]/i.test(name)) return void 0;
	return {
		name: name.slice(0, MAX_PRODUCT),
		version: version?.slice(0, MAX_VERSION)
	};
}
/** The length that is read of a header, because clients may send any. */
const MAX_CHARACTERS$1 = 4096;
const ERROR_TYPES = /* @__PURE__ */ new Set([
	"error.type",
	"http.error_name",
	"exception.type"
]);
/** Attributes with names of operations and clients, which clients can invent. */
const OPERATIONS = /* @__PURE__ */ new Set([
	"gen_ai.prompt.name",
	"graphql.operation.name",
	"mcp.client.name",
	"mcp.prompt.name",
	"mcp.tool.name",
	"rpc.method",
	"http.request.header.mcp-method",
	"http.request.header.mcp-name",
	"http.request.header.soapaction",
	"http.request.header.x-amz-target",
	"http.request.header.x-apollo-operation-name"
]);
/** Attributes with a host, which clients can invent. */
const HOSTS = /* @__PURE__ */ new Set([
	"http.host",
	"http.request.header.host",
	"http.request.header.x-forwarded-host",
	"net.host.name",
	"server.address"
]);
/** Matches possible addresses in any text, with the port, brackets, quotes and zone that it may have. */
const ITEM$1 = /"?\[[\da-f:.]+(?:%[\w.-]{1,30})?\](?::\d{1,5})?"?|[\da-f:.]+(?:%[\w.-]{1,30})?/gi;
/** Matches dots of a sentence or a name, and a separating colon, around an address. */
const AROUND_ADDRESS = /^(?:\.+|:(?!:))|(?<!\.)\.+$|(?<!:):$/g;
/** Matches an IPv4 address that is no part of a version with more numbers. */
const IPV4 = /(?<!\d|\d\.)0*\d{1,3}(?:\.0*\d{1,3}){3}(?!\.?\d)/g;
/** Leading zeros, which no address may have, although a reader knows which one is meant. */
const LEADING_ZEROS = /(?<![\da-f])0+(?=\d)/gi;
const IPV6 = /[\da-f:]+/gi;
const URL_OR_PATH = /^(?:[a-z][a-z\d+.-]*:)?[/\\]/i;
/**
* What is sent of an attribute that an option names, for a dimension or as the user ID: addresses are masked, URLs and paths are
* redacted like referrers, and free text is no type of an error.
*/
function createToSentAttribute(options) {
	const { anonymizeIp } = options;
	const urls = createSentUrls(options);
	/** Masks a text that is one address; `undefined` for any other. */
	function maskOne(text) {
		const bare = text.replace(AROUND_ADDRESS, "");
		const address = plainAddress(bare.replace(LEADING_ZEROS, ""));
		return address && text.replace(bare, maskAddress(address, anonymizeIp));
	}
	function maskPart(part) {
		return maskOne(part) ?? part;
	}
	function maskItem(item) {
		if (!/[.:]/.test(item)) return item;
		return maskOne(item) ?? item.replace(IPV4, maskPart).replace(IPV6, maskPart);
	}
	return function toSentAttribute(name, value) {
		if (ERROR_TYPES.has(name)) return toErrorType(value);
		const whole = cleanText(value.slice(0, MAX_CHARACTERS$1));
		const text = HOSTS.has(name) ? shownHost(whole) : whole;
		if (OPERATIONS.has(name) && isSecretOperation(text)) return REDACTED;
		const isHeader = HEADER.test(name);
		const isUrl = URL_OR_PATH.test(text) || isHeader && holdsUrl(name, text);
		if (!isUrl && isHeader && hasSecretForm(text)) return REDACTED;
		const sent = isUrl ? urls.ofAttribute(text) : text;
		return anonymizeIp === 0 ? sent : sent.replace(ITEM$1, maskItem);
	};
}
/** Headers whose values are URLs, which may be relative. */
const URL_HEADER = /[.-](?:url|uri|path|location|referer|referrer|link|refresh)(?:-|$)/;
/** Whether the text of a header contains a URL, also inside of other text, as in Link. */
function holdsUrl(name, text) {
	return text.includes("?") && text.includes("=") || text.includes("://") || URL_HEADER.test(name.replaceAll("_", "-"));
}
// src/hit/visitor/pseudonym.ts
const CLAIM_PREFIX = "jwt.";
/** Claims that name a user or a client, and are the same in each token. */
const USER_ID_CLAIMS = [
	"sub",
	"client_id",
	"azp"
];
/** Node.js accepts 16 KiB of headers. In spans of other services they may have any length. */
const MAX_CHARACTERS = 16384;
/** The longest claim that counts. */
const MAX_CLAIM_CHARACTERS = 1024;
const NONE = { kind: "none" };
const UNREADABLE = { kind: "unreadable" };
/** The source that the option `userId` names; `undefined` if it is another attribute or a function. */
function userIdSourceOf(userId) {
	if (typeof userId !== "string") return void 0;
	const named = headerAttributeOf(userId);
	if (named?.direction === "request") return {
		kind: "header",
		header: named.header
	};
	if (!userId.startsWith(CLAIM_PREFIX)) return void 0;
	return {
		kind: "claim",
		header: "authorization",
		claim: userId.slice(4)
	};
}
/** Reads who calls from the value of the header that a source names. */
function identify(source, header) {
	if (header === void 0 || header.length > MAX_CHARACTERS) return NONE;
	const { scheme, credentials } = splitScheme(header.trim());
	if (source.kind === "claim") return scheme === "bearer" ? identifyByClaim(credentials, source.claim) : NONE;
	const value = isCredentials(source.header) ? credentials : header.trim();
	if (isNobody(value)) return NONE;
	return isToken(value) || isToken(credentials) ? { kind: "token" } : {
		kind: "known",
		value
	};
}
/**
* Makes a pseudonym of a user: the same for one value and key. Without the key, it cannot be found from the value. None is the ID of a
* visitor: those are made of a day first.
*/
function createToPseudonym(key) {
	const secret = toFixedLength(key);
	return (value) => keyedId(secret, ["user id", value]);
}
function isCredentials(header) {
	return header === "authorization" || header === "proxy-authorization";
}
/** A scheme without credentials. */
const SCHEME = /^(?:basic|bearer|digest)$/i;
/** `Basic YTpi` is a scheme and credentials; a key alone has no scheme. */
function splitScheme(text) {
	const space = text.search(/\s/);
	if (space < 0) return {
		scheme: "",
		credentials: SCHEME.test(text) ? "" : text
	};
	return {
		scheme: text.slice(0, space).toLowerCase(),
		credentials: text.slice(space).trim()
	};
}
/** Parts of a JSON Web Token: three if it is signed, five if it is encrypted. */
const TOKEN_PARTS = [3, 5];
/** Whether a value is a JSON Web Token: parts in base64url, and the first one is an object. */
function isToken(value) {
	const parts = value.split(".", 6);
	const [head = ""] = parts;
	const beginning = Buffer.from(head.slice(0, 8), "base64url").toString("latin1");
	return TOKEN_PARTS.includes(parts.length) && beginning.trimStart().startsWith("{");
}
/** The token is not verified: the response to its request shows whether the application has accepted it. */
function identifyByClaim(token, claim) {
	const [, payload, signature, ...more] = token.split(".", 4);
	if (payload === void 0 || signature === void 0 || more.length > 0) return UNREADABLE;
	const json = Buffer.from(payload, "base64url").toString("utf8");
	const claims = parseObject(json);
	if (claims === void 0) return UNREADABLE;
	const value = claimOf(claims, claim);
	const exact = typeof value === "number" && value !== 0 ? claimOf(parseObject(withNumbersAsText(json)), claim) : value;
	if (typeof exact !== "string") return NONE;
	const text = exact.trim();
	if (text.length > MAX_CLAIM_CHARACTERS || isNobody(text)) return NONE;
	return {
		kind: "known",
		value: text
	};
}
function claimOf(claims, claim) {
	return claims && Object.hasOwn(claims, claim) ? claims[claim] : void 0;
}
/** What the parser throws is not used: its message contains a part of the token. */
function parseObject(json) {
	try {
		const value = JSON.parse(json);
		return isRecord(value) ? value : void 0;
	} catch {
		return;
	}
}
/** Whether valid JSON has a number beyond 2^53: the parser rounds these, so that different ones would be one user. */
function withNumbersAsText(json) {
	return json.replace(STRING_OR_NUMBER, (token) => token[0] === "\"" ? token : `"${token}"`);
}
const STRING_OR_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g;
// src/options/option.ts
function optionError(problem) {
	return Object.assign(new TypeError(PREFIX + problem), { code: "option-invalid" });
}
function invalid(name, wanted, value) {
	return optionError(`${name} must be ${wanted}, got ${showValue(value)}`);
}
/** The message of an error for a line that begins with the name of the package. */
function problemOf(error) {
	const { message } = error;
	return message.startsWith("opentelemetry-matomo: ") ? message.slice(PREFIX.length) : message;
}
/** Formats the value of an option for a message. */
function showValue(value) {
	return showWithout(hideSecrets, value);
}
/** What is between two quotes of JSON. A match is never undone, so that the time is linear. */
const PART$1 = /(?:[^"\\]|\\.)+/g;
/**
* Removes what may be a secret from a value in a message, because somebody may have swapped two variables: everything before the last
* `@`, as a URL with an unencoded password cannot be parsed, and long words with digits.
*/
function hideSecrets(text) {
	return text.replace(PART$1, (part) => {
		const at = part.lastIndexOf("@");
		return at < 0 ? part : `${/^[a-z][a-z\d+.-]*:\/\//i.exec(part)?.[0] ?? ""}…${part.slice(at)}`;
	}).replace(/[\w-]{20,}/g, (word) => /\d/.test(word) ? "…" : word);
}
/** `parse` returns `undefined` if the value is not what is wanted. It throws if another message helps more. */
function parser(wanted, parse, syntax) {
	function parseOption(name, value) {
		const parsed = parse(value, name);
		if (parsed === void 0) throw invalid(name, wanted, value);
		return parsed;
	}
	return Object.assign(parseOption, {
		wanted,
		syntax
	});
}
/** Declares an option. */
function option(parse, declaration = {}) {
	return {
		...declaration,
		parse
	};
}
/** Adds the variables: a prefix and the name of the option in snake case, without `Millis`. */
function declareOptions(prefix, declarations) {
	const named = Object.entries(declarations).map(([name, declaration]) => {
		return [name, {
			env: prefix + name.replace(/Millis$/, "").replace(/[A-Z]/g, "_$&").toUpperCase(),
			...declaration
		}];
	});
	return Object.fromEntries(named);
}
/** Every variable from which the options are read. */
function variablesOf(declarations) {
	return Object.values(declarations).flatMap(({ env, file }) => [env, file]).filter((name) => name !== void 0);
}
// src/delivery/bulk.ts
/** Separates two hits in a body. */
const SEPARATOR = "\",\"";
/** For messages: `1 hit`, `40 hits`. */
function countOf(hits) {
	return hits === 1 ? "1 hit" : `${hits} hits`;
}
/** Bytes of a hit in a body. */
function bytesOf({ query }) {
	return query.length + 3;
}
/** Body of a bulk request. Hits are percent-encoded and need no escaping. The token is here and nowhere else. */
function toBody(hits, tokenAuth) {
	const token = tokenAuth === void 0 ? "" : `,"token_auth":${JSON.stringify(tokenAuth)}`;
	let queries = "";
	for (const { query } of hits) queries += queries === "" ? query : SEPARATOR + query;
	return Buffer.from(`{"requests":["${queries}"]${token}}`, "latin1");
}
/** Below nginx' default `client_max_body_size` of 1 MB, with room for the token. */
const MAX_BODY_BYTES = 995904;
/**
* The bulks in which hits are sent: of one kind, at most so many hits and as many bytes as a body may have, and ordered by visitor, then time.
* Any other order can deadlock Matomo's database, and Matomo builds visits from hits in the order of their times.
*/
function toBulks(hits, maxHits) {
	const bulks = [];
	const open = /* @__PURE__ */ new Map();
	for (const hit of hits) {
		const bytes = bytesOf(hit);
		const bulk = open.get(hit.kind);
		if (bulk && bulk.hits.length < maxHits && bulk.bytes + bytes <= MAX_BODY_BYTES) {
			bulk.hits.push(hit);
			bulk.bytes += bytes;
		} else {
			const added = [hit];
			open.set(hit.kind, {
				hits: added,
				bytes
			});
			bulks.push(added);
		}
	}
	for (const bulk of bulks) bulk.sort(byVisitorThenTime);
	return bulks;
}
/** Both halves of at least two hits, between two visitors if possible: then no visitor's hits are reordered if the second half succeeds first. */
function halve(hits) {
	const middle = middleOf(hits);
	return [hits.slice(0, middle), hits.slice(middle)];
}
function middleOf(hits) {
	const middle = Math.ceil(hits.length / 2);
	for (let distance = 0; distance < middle; distance++) for (const border of [middle - distance, middle + distance]) {
		const [before, after] = [hits[border - 1], hits[border]];
		if (before && after && before.visitor !== after.visitor) return border;
	}
	return middle;
}
function byVisitorThenTime(a, b) {
	if (a.visitor < b.visitor) return -1;
	return a.visitor > b.visitor ? 1 : a.startSeconds - b.startSeconds;
}
// src/delivery/delivery-log.ts
init_diagnostics();
init_messages();
const HOUR_MILLIS = 36e5;
const OUTAGE = "outage";
const ADVICE = {
	unreachable: "Fix what the parentheses name, or correct url.",
	"no-answer": "Check Matomo and the proxy in front of it, or raise exportTimeoutMillis.",
	unavailable: "Check the web server and PHP of Matomo.",
	"rolled-back": `Check Matomo's database, and search PHP's error log for "Data too long for column" and other errors.`,
	"hits-not-counted": "Check Matomo's database for lock timeouts, and its setting record_statistics.",
	redirected: "Set url to an address that answers without a redirect.",
	"request-rejected": "Check url and headers, and exempt POST to matomo.php from the rules of firewalls such as mod_security, and of proxies.",
	"not-matomo": "Set url to the folder that has matomo.php, set display_errors = Off in Matomo's php.ini and debug = 0 in the section [Tracker] of its config.ini.php, and check the proxy in front of it.",
	"nothing-confirmed": "That is normal with its plugin QueuedTracking and with a relay. Without them, check what answers at url.",
	"hits-delayed": "Give Matomo more processors, or send it fewer requests.",
	"site-unknown": "Check siteId: the site may not exist.",
	"token-rejected": "Check siteId, and set tokenAuth to a token of a user who has write access to that site and is no super user: before 5.4, Matomo rejects theirs if they are for secure requests only. It may be revoked or expired, and Matomo knows a new one after five minutes."
};
/** What to do about an answer of Matomo. */
function adviceFor(code) {
	return ADVICE[code] ?? "Run npx opentelemetry-matomo doctor.";
}
/** What to do about losses. */
const AT_LOSS = {
	unconfirmed: "Check why, or set resendUnconfirmed if you prefer duplicates to losses",
	too_large: "Raise the limit of the proxy or web server for the size of a request",
	expired: "Check why they were not sent earlier",
	queue_full: "Raise maxQueueSize, or set spool. If it is set, check why it does not store hits"
};
/** Lines about what becomes of hits, and why Matomo does not process them. */
var DeliveryLog = class {
	/** Why Matomo does not process hits now. */
	cause;
	/** The process ends: what is lost then is logged with the cause, in one line. */
	isEnding = false;
	#diagnostics;
	#lines;
	constructor(diagnostics, lines) {
		this.#diagnostics = diagnostics;
		this.#lines = lines;
	}
	/** Matomo does not process hits. */
	beginOutage(cause) {
		this.cause = cause;
		if (this.isEnding) return;
		const { code, reason } = cause;
		this.#lines.begin(OUTAGE, code, () => `${reason}. Other hits stay pending. ${adviceFor(code)}`);
	}
	/** It does again. */
	endOutage() {
		this.cause = void 0;
		const text = () => "Matomo processes hits again. Pending hits are being sent.";
		this.#lines.end(OUTAGE, "available-again", text);
	}
	/** What an answer says besides its counters, once per code. */
	warn({ code, reason }, effect = "") {
		this.#diagnostics.warnOnce(code, coded(code, `${reason}.${effect} ${adviceFor(code)}`));
	}
	/** Results that an operator should know. */
	add({ invalid = 0, ...lost }) {
		for (const name of this.isEnding ? [] : Object.keys(AT_LOSS)) {
			const why = name === "unconfirmed" && this.cause ? ` (${this.cause.reason})` : "";
			const toText = (sum) => `Lost and counted as ${name}: ${countOf(sum)}${why}. ${AT_LOSS[name]}.`;
			const code = name.replace("_", "-");
			if ((lost[name] ?? 0) > 0) this.#lines.add(code, lost[name] ?? 0, toText);
		}
		if (invalid === 0) return;
		const toText = (sum) => `Matomo rejected ${countOf(sum)}, counted as invalid. Check siteId, and that the goals exist; an order that Matomo already has is rejected too.`;
		this.#lines.add("hits-invalid", invalid, toText, HOUR_MILLIS);
	}
	/** A hit has failed again and again while others were tracked. */
	rejectHit(hit, { code, reason }) {
		const toText = (hits) => `Matomo fails with a ${describe(hit)} and processes others (${reason}). Lost and counted as rejected: ${countOf(hits)}. ${adviceFor(code)}`;
		this.#lines.add("rejected", 1, toText);
	}
	/** Hits have waited for long, although Matomo processes some. */
	reportDelay(hits) {
		const text = `Of ${countOf(hits)} that are pending, the oldest has waited for more than a minute: Matomo fails with some, or more come than it processes. They stay pending. ${adviceFor("hits-delayed")}`;
		this.#lines.add("hits-delayed", 1, () => text, HOUR_MILLIS);
	}
	/** What was lost at the end of a `shutdown` or of the process, by reason. */
	endWithLosses(what, losses, reason) {
		const counts = Object.entries(losses).filter(([, count]) => count > 0);
		const hits = counts.reduce((sum, [, count]) => sum + count, 0);
		if (hits === 0) return;
		const why = reason === void 0 ? "" : ` (${reason})`;
		const names = counts.map(([name, count]) => `${name}: ${count}`).join(", ");
		const text = `The ${what} ended before Matomo confirmed ${countOf(hits)}${why}. Counted as lost: ${names}. Raise shutdownTimeoutMillis, or set spool to keep hits across restarts.`;
		const code = hits > (losses.unconfirmed ?? 0) ? "lost-at-shutdown" : "unconfirmed";
		this.#diagnostics.warnOnce(`${what}-losses`, coded(code, text));
	}
};
/** Lines about a spool. */
var SpoolLog = class {
	#spool;
	#lines;
	/** `place` is shown: it has no credentials. */
	constructor(place, lines) {
		this.#spool = `the spool ${place}`;
		this.#lines = lines;
	}
	/** It cannot be used. */
	begin(reason, code = "spool-not-written") {
		const advice = code === "spool-owner" ? "Set spool to a folder that the user of this process owns and that others cannot write to." : "Check space, permissions, Redis, and maxSpoolBytes.";
		const text = `Cannot use ${this.#spool} (${reason}). Hits stay in memory until it can be used. ${advice}`;
		this.#lines.begin("spool", code, () => text);
	}
	end() {
		const text = `Hits are stored in ${this.#spool} again. Those that are still in memory are stored next.`;
		this.#lines.end("spool", "spool-written-again", () => text);
	}
	beginKeyUnshared(reason) {
		const text = `The visitor key cannot be stored in ${this.#spool} (${reason}). Until it can, this process counts visitors separately from others. Check space, permissions, or Redis.`;
		this.#lines.begin("visitor-key", "spool-visitor-key", () => text);
	}
	/** `name` is skipped. */
	addSkipped(name, why) {
		const text = `${name} in ${this.#spool} is not read (${why}). Delete it, or change its owner to the user of this process.`;
		this.#lines.add("spool-owner", 1, () => text);
	}
	addDamaged(lines) {
		const toText = (sum) => `Lines of ${this.#spool} were incomplete or damaged, counted as lost.spool: ${sum}. Others are used. If this repeats, check the disk, and what else writes there.`;
		if (lines > 0) this.#lines.add("spool-damaged", lines, toText);
	}
	/** Hits have disappeared, or may do so. */
	addLost(what) {
		const text = `${what} of ${this.#spool}. Hits that waited there may be lost, and are not counted, because their number is unknown. Check what deletes them, and that Redis has persistence and maxmemory-policy noeviction.`;
		this.#lines.add("spool-lost", 1, () => text);
	}
	/** A process has died while it was sending these hits. */
	addUnconfirmed(hits) {
		const toText = (sum) => `A process ended while it was sending ${countOf(sum)} of ${this.#spool}, which Matomo may have stored: not sent again, counted as lost.unconfirmed. Check why it ended, or set resendUnconfirmed if you prefer duplicates to losses.`;
		if (hits > 0) this.#lines.add("unconfirmed", hits, toText);
	}
};
/** A hit with all that helps to find it in other logs, redacted as it would be sent. */
function describe(hit) {
	const parameters = new URLSearchParams(hit.query);
	const title = show(parameters.get("action_name") ?? "");
	const userAgent = show(parameters.get("ua") ?? "");
	return `hit of ${(/* @__PURE__ */ new Date(hit.startSeconds * 1e3)).toISOString()} with title ${title} and user agent ${userAgent}`;
}
// src/delivery/counts.ts
function createDeliveryCounts() {
	const none = LOSS_REASONS.map((reason) => [reason, 0]);
	return {
		stored: 0,
		claimed: 0,
		tracked: 0,
		accepted: 0,
		invalid: 0,
		lost: Object.fromEntries(none),
		resent: 0
	};
}
/** What was lost since, by reason. */
function lossesSince(before, now) {
	const lost = LOSS_REASONS.map((reason) => [reason, now[reason] - before[reason]]);
	return Object.fromEntries(lost);
}
/** Adds results to counts. */
function addResults(counts, results) {
	for (const [name, hits] of Object.entries(results)) if (name === "tracked" || name === "accepted" || name === "invalid") counts[name] += hits;
	else counts.lost[name] += hits;
}
/** Adds results to others. */
function addTo(sum, more) {
	for (const [name, hits] of Object.entries(more)) sum[name] = (sum[name] ?? 0) + hits;
}
var LOSS_REASONS;
var init_counts = __esmMin((() => {
	LOSS_REASONS = [
		"queue_full",
		"unconfirmed",
		"rejected",
		"too_large",
		"expired",
		"shutdown",
		"spool"
	];
}));
// src/delivery/hit-lines.ts
/** Encodes hits as lines with line feeds. */
function toLines(hits) {
	return hits.map(toLine).join("");
}
function toLine(hit) {
	const { startSeconds, kind, site, client, visitor, query } = hit;
	const who = `${encode(client)} ${encode(visitor)}`;
	return `${startSeconds} ${kind} ${site} ${toTries(hit)} ${who} ${query}\n`;
}
function toTries({ failures, resends, invalidSeconds }) {
	if (failures === void 0 && !resends && !invalidSeconds) return "-";
	return `${failures ?? ""},${resends ?? 0},${invalidSeconds ?? 0}`;
}
/** Reads so many lines, by default all. */
function readLines(text, count) {
	const lines = text.split("\n");
	const isCut = lines.pop() !== "";
	const all = lines.slice(0, count).map(readLine);
	const hits = all.filter((hit) => hit !== void 0);
	return {
		hits,
		damaged: (count ?? all.length + Number(isCut)) - hits.length
	};
}
function readLine(line) {
	const found = LINE.exec(line);
	if (!found) return void 0;
	const [, startSeconds, kind, site, failures, resends, invalid, client = "", ...rest] = found;
	const [visitor = "", query = ""] = rest;
	return {
		site: Number(site),
		startSeconds: Number(startSeconds),
		kind,
		client: unescape$1(client),
		visitor: unescape$1(visitor),
		query,
		...failures && { failures: Number(failures) },
		...Number(resends) > 0 && { resends: Number(resends) },
		...Number(invalid) > 0 && { invalidSeconds: Number(invalid) }
	};
}
function encode(visitor) {
	return encodeURIComponent(Buffer.from(visitor).toString());
}
var LINE;
var init_hit_lines = __esmMin((() => {
	LINE = /^(\d+(?:\.\d+)?) (action|chatbot) (\d+) (?:-|(\d*),(\d+),(\d+(?:\.\d+)?)) (\S*) (\S*) (\?.*)$/;
}));
// src/delivery/redis-connection.ts
/** Closes the connection if there is no reply. A primary that becomes a replica keeps its connections: a new one may lead to the new primary. */
async function orEnd(millis, client, pending) {
	try {
		const reply = await withTimeout(millis, pending);
		if (reply === void 0) throw new Error(`no answer in ${millis} ms`);
		return reply;
	} catch (error) {
		if (!(error instanceof Error && /^(?!.*\bREADONLY\b)[A-Z]{2,} /.test(error.message)) && client.isOpen) client.destroy();
		throw error;
	}
}
/** `redis` is an optional dependency, which bundlers must not see. A bundle that is an ES module has no name of its own file. */
async function loadRedis() {
	const own = typeof __filename === "undefined" ? resolve(process.argv[1] ?? "app.js") : __filename;
	return loadUnhooked(async () => createRequire(own)("redis"));
}
/** Why Redis cannot be used. Its replies may have any text. */
function reasonOf(error) {
	const text = codeOf(error);
	if (text === "MODULE_NOT_FOUND") return "the package redis is not installed; run: npm install redis";
	return /^[\w ]+$/.test(text) ? text : show(text.replace(/\.? script: .*$/s, ""));
}
var CONNECT_MILLIS, REPLY_MILLIS, NotSent, RedisConnection;
var init_redis_connection = __esmMin((() => {
	init_describe_error();
	init_diagnostics();
	init_otel_global();
	init_timers();
	init_unhooked();
	CONNECT_MILLIS = 1e3;
	REPLY_MILLIS = 5e3;
	NotSent = class extends Error {};
	RedisConnection = class {
		/** Replies are waited for so long. */
		replyMillis = REPLY_MILLIS;
		#url;
		#client;
		constructor(url) {
			this.#url = url;
		}
		/** Sends a command, over a new connection if there is none. Closes the connection if there is no reply. */
		async send(...command) {
			return withoutTracing(async () => {
				if (!this.#client?.isReady) this.#client = await this.#connect().catch((error) => {
					throw new NotSent(codeOf(error));
				});
				return orEnd(this.replyMillis, this.#client, this.#client.sendCommand(command));
			});
		}
		async #connect() {
			const { createClient } = await loadRedis();
			const client = createClient({
				url: this.#url,
				RESP: 2,
				disableClientInfo: true,
				disableOfflineQueue: true,
				maintNotifications: "disabled",
				socket: {
					connectTimeout: CONNECT_MILLIS,
					reconnectStrategy: false
				}
			});
			client.on("error", () => void 0);
			client.unref();
			await orEnd(CONNECT_MILLIS, client, client.connect());
			return client;
		}
		close() {
			if (this.#client?.isOpen) this.#client.destroy();
		}
	};
}));
// src/delivery/redis-store.ts
var redis_store_exports = /* @__PURE__ */ __exportAll({
	DESCRIPTION: () => DESCRIPTION$1,
	openRedis: () => openRedis
});
/** Opens a spool in Redis, which need not be available yet. Resolves after the first attempt to connect. */
async function openRedis(options) {
	const store = new RedisStore(options);
	await store.open();
	return store;
}
var DESCRIPTION$1, STREAM$1, KEY$3, VISITOR_KEY$1, RELEASED, RETRY_MILLIS$1, CLOSE_MILLIS, BEGIN, CLAIM, CHANGE, RELEASE, RedisStore;
var init_redis_store = __esmMin((() => {
	init_timers();
	init_counts();
	init_hit_lines();
	init_redis_connection();
	DESCRIPTION$1 = "matomo-spool:description";
	STREAM$1 = "matomo-spool:hits";
	KEY$3 = /^[\da-f]{64}$/;
	VISITOR_KEY$1 = "matomo-spool:visitor-key";
	RELEASED = [
		"IDLE",
		"1000000000000",
		"RETRYCOUNT",
		"0",
		"JUSTID"
	];
	RETRY_MILLIS$1 = 1e3;
	CLOSE_MILLIS = 1500;
	BEGIN = `if redis.call('GET', '${DESCRIPTION$1}') ~= ARGV[1] then return nil end`;
	CLAIM = `${BEGIN}
local found
local entries = {}
for i = 5, #ARGV do
  local stream, count = ARGV[i], 0
  local function take(entry, isDead)
    table.insert(entries, { entry[1], isDead, entry[2][4] or '' })
    count = count + (tonumber(entry[2][2]) or 1)
  end
  local function takePending(list)
    for _, pending in ipairs(list) do
      if count >= tonumber(ARGV[3]) then break end
      local isDead = (pending[2] ~= ARGV[4] and pending[4] > 0) or pending[4] > 1
      local entry = redis.call('XCLAIM', stream, 'senders', ARGV[4], 0, pending[1], 'RETRYCOUNT', isDead and 2 or 1)[1]
      if entry then take(entry, isDead and '1' or '') else redis.call('XACK', stream, 'senders', pending[1]) end
    end
  end
  takePending(redis.call('XPENDING', stream, 'senders', '-', '+', 100, ARGV[4]))
  takePending(redis.call('XPENDING', stream, 'senders', 'IDLE', ARGV[2], '-', '+', 100))
  while count < tonumber(ARGV[3]) do
    local read = redis.call('XREADGROUP', 'GROUP', 'senders', ARGV[4], 'COUNT', 1, 'STREAMS', stream, '>')
    if not read then break end
    take(read[1][2][1], '')
  end
  if count > 0 then found = stream break end
end
if redis.call('XLEN', '${STREAM$1}') + redis.call('XLEN', '${STREAM$1}:token') == 0 then redis.call('DEL', 'matomo-spool:totals') end
local totals = redis.call('HMGET', 'matomo-spool:totals', 'hits', 'bytes')
return { totals, found or '', entries }
`;
	CHANGE = `${BEGIN}
local process = 'matomo-spool:process:' .. ARGV[2]
local latest = redis.call('HMGET', process, 'number', 'reply')
if tonumber(latest[1] or '0') >= tonumber(ARGV[3]) then return tonumber(latest[2]) end
local deleted = 0
for id in string.gmatch(ARGV[5], '%S+') do
  redis.call('XACK', ARGV[4], 'senders', id)
  deleted = deleted + redis.call('XDEL', ARGV[4], id)
end
if ARGV[5] ~= '' and deleted == 0 then return 0 end
local hasRoom = ARGV[8] == '0' or type(redis.pcall('XADD', ARGV[4], '*', 'n', ARGV[8], 'h', ARGV[9])) == 'string'
redis.pcall('HINCRBY', 'matomo-spool:totals', 'hits', (hasRoom and ARGV[8] or 0) - ARGV[6])
redis.pcall('HINCRBY', 'matomo-spool:totals', 'bytes', (hasRoom and #ARGV[9] or 0) - ARGV[7])
redis.pcall('HSET', process, 'number', ARGV[3], 'reply', hasRoom and 1 or -1)
redis.call('EXPIRE', process, 86400)
return hasRoom and 1 or -1
`;
	RELEASE = `${BEGIN}
local pending = redis.call('XPENDING', ARGV[2], 'senders', ARGV[4], ARGV[4], 1)[1]
if not pending or pending[2] ~= ARGV[3] then return 0 end
redis.call('XCLAIM', ARGV[2], 'senders', ARGV[3], 0, unpack(ARGV, 4))
return 1
`;
	RedisStore = class {
		isUsable = false;
		count = 0;
		hits = 0;
		oldestSeconds = Number.POSITIVE_INFINITY;
		#bytes = 0;
		#options;
		#id = randomBytes(4).toString("hex");
		#connection;
		#scope = new AsyncScope("MatomoRedis");
		/** Those without a reply. Until they have one, nothing else begins after a failure. */
		#changes = /* @__PURE__ */ new Set();
		#number = 0;
		#timer;
		#wasUsable = false;
		#sharedDays;
		#isClosed = false;
		constructor(options) {
			this.#options = options;
			this.#connection = new RedisConnection(options.place);
		}
		get room() {
			return Math.max(0, this.#options.maxBytes - this.#bytes);
		}
		/** Connects, and tries again each second until that succeeds. */
		async open() {
			clearTimeout(this.#timer);
			if (this.#isClosed) return;
			try {
				await this.#prepare();
				for (const change of this.#changes) {
					const reply = await this.#run(change.script, ...change.args);
					this.#end(change, reply);
				}
				this.isUsable = true;
			} catch (error) {
				this.#fail(error);
			}
		}
		/** The first process says which Matomo gets the hits, also if that was deleted. */
		async #prepare() {
			const { log, keys, matomoUrl } = this.#options;
			const find = () => this.#connection.send("GET", DESCRIPTION$1);
			const describe = () => this.#connection.send("SET", DESCRIPTION$1, matomoUrl, "NX");
			const isNew = await find() === null && await describe() !== null;
			const owner = await find();
			if (owner !== matomoUrl) throw new Error(`it belongs to ${owner}`);
			for (const stream of [STREAM$1, `${STREAM$1}:token`]) await this.#connection.send("XGROUP", "CREATE", stream, "senders", "0", "MKSTREAM").catch(() => void 0);
			if (isNew && this.#wasUsable) log.addLost("The keys were deleted");
			this.#wasUsable = true;
			if (keys) await this.#shareKeys(keys);
		}
		/** The first process wins. Daily keys: at midnight, an hour later, and before the next midnight. */
		async #shareKeys(keys) {
			const days = keys.days.join();
			if (days === this.#sharedDays) return;
			if (days !== "") await this.#connection.send("DEL", VISITOR_KEY$1);
			for (const day of keys.days) {
				const name = day === void 0 ? VISITOR_KEY$1 : `${VISITOR_KEY$1}:${day}`;
				const own = (keys.find(day) ?? randomBytes(32)).toString("hex");
				const end = day === void 0 ? [] : ["EXAT", String((day + 1) * 86400 + 3600)];
				await this.#connection.send("SET", name, own, "NX", ...end);
				const found = String(await this.#connection.send("GET", name));
				if (KEY$3.test(found)) keys.learn(day, Buffer.from(found, "hex"));
				else this.#options.log.beginKeyUnshared("it is damaged");
			}
			this.#sharedDays = days;
		}
		#fail(error) {
			this.isUsable = false;
			if (this.#isClosed) return;
			const reason = reasonOf(error);
			const { log } = this.#options;
			log.begin(reason, this.#wasUsable ? "spool-not-written" : "spool-not-used");
			clearTimeout(this.#timer);
			this.#scope.runInAsyncScope(() => {
				this.#timer = setTimeout(() => void this.open(), RETRY_MILLIS$1).unref();
			});
		}
		/** Runs a script. Rejects if there is no such spool any more. */
		async #run(script, ...args) {
			const command = [
				"EVAL",
				script,
				"0",
				this.#options.matomoUrl,
				...args
			];
			const reply = await this.#connection.send(...command);
			if (reply === null) throw new Error("the keys were deleted");
			return reply;
		}
		/** Resolves with whether it has ended. If not, its caller need not wait any longer. */
		async #change(change) {
			this.#changes.add(change);
			try {
				this.#end(change, await this.#run(change.script, ...change.args));
			} catch (error) {
				this.#fail(error);
				if (change.isPut && error instanceof NotSent) this.#end(change, "unsent");
			}
			return !this.#changes.has(change);
		}
		#end(change, reply) {
			if (this.#changes.delete(change)) change.end(reply);
		}
		async put(hits) {
			if (!this.isUsable) return false;
			const { hasToken, counts, log, keep } = this.#options;
			const { length } = hits;
			const text = toLines(hits);
			if (text.length > this.room) {
				log.begin("maxSpoolBytes is reached");
				return false;
			}
			const stream = hasToken ? `${STREAM$1}:token` : STREAM$1;
			this.#number += 1;
			let isPut = false;
			let isLate = false;
			isLate = !await this.#change({
				isPut: true,
				script: CHANGE,
				args: [
					`${this.#id}-put`,
					String(this.#number),
					stream,
					"",
					"0",
					"0",
					String(length),
					text
				],
				end: (reply) => {
					isPut = reply === 1;
					if (isLate) this.count -= length;
					if (reply === -1) log.begin("it is full");
					if (reply === "left") counts.lost.spool += length;
					else if (isLate && !isPut) keep(hits);
					if (!isPut) return;
					log.end();
					counts.stored += length;
					this.hits += length;
					this.#bytes += text.length;
				}
			});
			if (isLate) this.count += length;
			return isPut || isLate;
		}
		async claim(most) {
			if (!this.isUsable) return void 0;
			const { deadMillis, hasToken, keys } = this.#options;
			const streams = hasToken ? [STREAM$1, `${STREAM$1}:token`] : [STREAM$1];
			try {
				if (keys) await this.#shareKeys(keys);
				const limits = [
					String(deadMillis),
					String(most),
					this.#id
				];
				const [[hits, bytes], stream, entries] = await this.#run(CLAIM, ...limits, ...streams);
				this.hits = Number(hits);
				this.#bytes = Number(bytes);
				const times = entries.map(([id]) => Number.parseInt(id, 10) / 1e3);
				this.oldestSeconds = Math.min(...times, Infinity);
				return entries.length > 0 ? await this.#toClaim(stream, entries, most) : void 0;
			} catch (error) {
				this.#fail(error);
				return;
			}
		}
		/** What a dead process was sending is a claim of its own. The other entries, which are this process's now, are claimed again. */
		async #toClaim(stream, entries, most) {
			const { counts, log, resendUnconfirmed } = this.#options;
			const dead = entries.filter(([, isDead]) => isDead !== "");
			const own = dead.length > 0 ? dead : entries;
			const text = own.map(([, , lines]) => lines).join("");
			const read = readLines(text);
			const lines = read.hits.length + read.damaged;
			this.count += lines;
			counts.claimed += lines;
			const taken = {
				...read,
				stream,
				ids: own.map(([id]) => id),
				lines,
				bytes: text.length
			};
			const isUnconfirmed = dead.length > 0 && !resendUnconfirmed;
			if (!isUnconfirmed && taken.hits.length > 0) {
				if (dead.length > 0) counts.resent += taken.hits.length;
				return {
					hits: taken.hits,
					done: (...given) => this.#done(taken, ...given)
				};
			}
			const unconfirmed = isUnconfirmed ? taken.hits.length : 0;
			log.addUnconfirmed(unconfirmed);
			await this.#done(taken, { unconfirmed }, []);
			return this.claim(most);
		}
		async #done({ stream, ids, hits, lines, bytes, damaged }, results, back, isBehind = false) {
			const { counts, keep, log } = this.#options;
			const given = new Set(hits);
			const isReleased = lines > 0 && back.length === lines && back.every((hit) => given.has(hit)) && !isBehind;
			this.#number += 1;
			const place = [
				`${this.#id}-done`,
				String(this.#number),
				stream,
				ids.join(" ")
			];
			const sizes = [
				String(lines),
				String(bytes),
				String(back.length),
				toLines(back)
			];
			let isOurs = true;
			await this.#change({
				script: isReleased ? RELEASE : CHANGE,
				args: isReleased ? [
					stream,
					this.#id,
					...ids,
					...RELEASED
				] : [...place, ...sizes],
				end: (reply) => {
					isOurs = reply !== 0 && reply !== "left";
					this.count -= lines;
					if (!isOurs) counts.claimed -= lines;
					if (!isOurs) return;
					addResults(counts, results);
					addResults(counts, { spool: damaged });
					log.addDamaged(damaged);
					if (reply === 1) counts.stored += back.length;
					else keep(back);
				}
			});
			return isOurs;
		}
		async hurry(millis) {
			this.#connection.replyMillis = millis;
			if (this.isUsable) await this.#connection.send("PING").catch((error) => this.#fail(error));
		}
		/** Nothing can be written without waiting. What was being put may be there. */
		putNow(hits) {
			for (const change of this.#changes) this.#end(change, "left");
			return hits;
		}
		async close() {
			if (this.#changes.size > 0) await withTimeout(CLOSE_MILLIS, this.open());
			this.#isClosed = true;
			clearTimeout(this.#timer);
			this.isUsable = false;
			this.#connection.close();
		}
	};
}));
// src/delivery/folder-setup.ts
/** Whether an error proves that a file does not exist. Other errors may be temporary, such as too many open files. */
function isMissing(error) {
	const { code } = error;
	return code === "ENOENT" || code === "ENOTDIR";
}
/** Creates the folder if it does not exist. Rejects if it cannot be used, or belongs to another Matomo. */
async function prepareFolder(folder, matomoUrl) {
	await mkdir(folder, {
		recursive: true,
		mode: 448
	});
	requireTrust(await stat(folder));
	const description = JSON.stringify({
		format: FORMAT,
		url: matomoUrl
	});
	const owner = matomoOf(await readOrCreate(join(folder, DESCRIPTION), `${description}\n`));
	if (owner !== matomoUrl) throw new Error(`it belongs to ${owner}`);
}
/** The Matomo that a description names. */
function matomoOf(description) {
	const [, format, url] = /^\{"format":(\d+),"url":"([^"\\]+)"\}\s*$/.exec(description) ?? [];
	if (format === String(FORMAT) && url !== void 0) return url;
	throw new Error(`this version cannot read its ${DESCRIPTION}`);
}
/** Volumes of containers often belong to root and are writable for a group. Windows has neither. */
function requireTrust({ uid, mode }) {
	const ourUser = process.geteuid?.();
	if (ourUser === void 0) return;
	if (uid !== ourUser && uid !== 0) throw new UntrustedFolder(`user ${uid} owns it, and this process runs as ${ourUser}`);
	if ((mode & constants.S_IWOTH) !== 0 && (mode & STICKY) === 0) throw new UntrustedFolder("every user can write to it, and it has no sticky bit");
}
/** The text of a file. Rejects if it is not a regular file of this process' user. */
async function readOwn(path) {
	const file = await open(path, constants.O_RDONLY | OPEN_SAFELY);
	try {
		const stats = await file.stat();
		const ourUser = process.geteuid?.();
		if (ourUser !== void 0 && (!stats.isFile() || stats.uid !== ourUser)) throw new UntrustedFolder("not a file of this user");
		return await file.readFile("latin1");
	} finally {
		await file.close();
	}
}
/** Shares keys, also after restarts, and deletes those of other days. Rejects if one cannot be stored. */
async function keepKeys(folder, keys) {
	const [first] = keys.days;
	for (const name of first === void 0 ? [] : await readdir(folder)) if (DAILY_KEY.test(name) && name < keyName(first) || name === VISITOR_KEY) await unlink(join(folder, name)).catch(ignore);
	for (const day of keys.days) {
		const name = keyName(day);
		const own = keys.find(day) ?? randomBytes(32);
		const text = (await readOrCreate(join(folder, name), `${own.toString("hex")}\n`)).trim();
		if (!/^[\da-f]{64}$/.test(text)) throw new Error(`its ${name} is damaged`);
		keys.learn(day, Buffer.from(text, "hex"));
	}
}
function keyName(day) {
	if (day === void 0) return VISITOR_KEY;
	return `visitor-${(/* @__PURE__ */ new Date(day * 864e5)).toISOString().slice(0, 10)}.key`;
}
/** The contents of a file, or `text` if it does not exist. The first process to create it wins; no process sees it incomplete. */
async function readOrCreate(path, text) {
	try {
		return await readOwn(path);
	} catch (error) {
		if (!isMissing(error)) throw error;
	}
	const draft = `${path}.${randomBytes(4).toString("hex")}.tmp`;
	try {
		await writeFile(draft, text, {
			mode: 384,
			flag: "wx"
		});
		await link(draft, path);
	} catch (error) {
		const { code } = error;
		if (code !== "EEXIST") await writeFile(path, text, {
			mode: 384,
			flag: "wx"
		});
	} finally {
		await unlink(draft).catch(ignore);
	}
	return readOwn(path);
}
/** It is not necessary, or checked next. */
function ignore() {}
var DESCRIPTION, FORMAT, VISITOR_KEY, DAILY_KEY, STICKY, OPEN_SAFELY, UntrustedFolder;
var init_folder_setup = __esmMin((() => {
	DESCRIPTION = "spool.json";
	FORMAT = 1;
	VISITOR_KEY = "visitor.key";
	DAILY_KEY = /^visitor-\d{4}-\d\d-\d\d\.key$/;
	STICKY = 512;
	OPEN_SAFELY = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
	UntrustedFolder = class extends Error {};
}));
// src/delivery/folder-files.ts
/** Those of a folder on a disk. At the event `exit`, nothing is prepared or read. */
function filesOf(folder) {
	const pathOf = (name) => join(folder, name);
	return {
		async run(step) {
			const [operation, name] = step;
			switch (operation) {
				case "prepare": return prepareFolder(folder, step[1]);
				case "share": return keepKeys(folder, step[1]);
				case "list": return readdir(folder);
				case "create": return writeFile(pathOf(name), step[2], {
					flag: NEW_FILE,
					mode: 384
				});
				case "append": return writeFile(pathOf(name), step[2], { flag: OLD_FILE });
				case "sync": {
					const file = await open(pathOf(name), OLD_FILE);
					return file.datasync().finally(() => file.close());
				}
				case "read": return readOwn(pathOf(name));
				case "unlink": return unlink(pathOf(name));
				case "rename": return rename(pathOf(name), pathOf(step[2]));
			}
		},
		runNow(step) {
			switch (step[0]) {
				case "create": return writeNow(pathOf(step[1]), NEW_FILE, step[2]);
				case "append": return writeNow(pathOf(step[1]), OLD_FILE, step[2]);
				case "unlink": return fs.unlinkSync(pathOf(step[1]));
				case "rename": return fs.renameSync(pathOf(step[1]), pathOf(step[2]));
				case "sync": return;
				default: throw new Error("the process ends");
			}
		},
		has: (name) => fs.existsSync(pathOf(name))
	};
}
function writeNow(path, flags, data) {
	const file = fs.openSync(path, flags, 384);
	try {
		fs.writeFileSync(file, data);
	} finally {
		fs.closeSync(file);
	}
}
var O_WRONLY, O_APPEND, O_CREAT, O_EXCL, OLD_FILE, NEW_FILE;
var init_folder_files = __esmMin((() => {
	init_folder_setup();
	({O_WRONLY, O_APPEND, O_CREAT, O_EXCL} = fs.constants);
	OLD_FILE = O_WRONLY | O_APPEND | OPEN_SAFELY;
	NEW_FILE = OLD_FILE | O_CREAT | O_EXCL;
}));
// src/delivery/folder-names.ts
/** `undefined` if a name is not that of a file with hits. */
function parseName(name) {
	const found = NAME.exec(name);
	if (!found) return void 0;
	const [, millis, writer = "", number, token, hits, bytes, state = "sending", since] = found;
	return {
		millis: Number(millis),
		writer,
		number: Number(number),
		needsToken: token !== void 0,
		hits: Number(hits),
		bytes: Number(bytes),
		state,
		sinceMillis: Number(since ?? 0)
	};
}
function nameOf$1(file) {
	const { millis, writer, number, needsToken, hits, bytes, state, sinceMillis } = file;
	return `${`${millis}-${writer}-${number}${needsToken ? "-token" : ""}`}.${hits}-${bytes}.${state === "sending" ? `${sinceMillis}.` : ""}${state}`;
}
/** Returns `false` if another process is faster. */
function* rename$1(from, to) {
	try {
		yield [
			"rename",
			nameOf$1(from),
			nameOf$1(to)
		];
		return true;
	} catch (error) {
		if (isMissing(error)) return false;
		throw error;
	}
}
/** Returns `false` if it could not be deleted: then it is left to the process that finds it. */
function* unlink$1(file) {
	try {
		yield ["unlink", nameOf$1(file)];
		return true;
	} catch {
		return false;
	}
}
var NAME;
var init_folder_names = __esmMin((() => {
	init_folder_setup();
	NAME = /^(\d{1,16})-([\da-f]{8})-(\d{1,9})(-token)?\.(\d{1,7})-(\d{1,12})\.(?:(part|hits)|(\d{1,16})\.sending)$/;
}));
// src/delivery/folder-list.ts
var LIST_MILLIS, PAUSE_FACTOR, DEAD_PART_MILLIS, DEAD_WALL_MILLIS, FolderList;
var init_folder_list = __esmMin((() => {
	init_describe_error();
	init_folder_names();
	LIST_MILLIS = 1e3;
	PAUSE_FACTOR = 30;
	DEAD_PART_MILLIS = 6e4;
	DEAD_WALL_MILLIS = 36e5;
	FolderList = class {
		/** Hits that wait, and bytes of all files. */
		hits = 0;
		bytes = 0;
		oldestMillis = Number.POSITIVE_INFINITY;
		/** The file to which this process appends. */
		part;
		/** Names of files that cannot be read. */
		skipped = /* @__PURE__ */ new Set();
		#options;
		#writer = randomBytes(4).toString("hex");
		#number = 0;
		/** Files that can be claimed, in their order. */
		#waiting = [];
		/** When this process first saw a file that another one appends to or sends, on the monotonic clock. */
		#seenMillis = /* @__PURE__ */ new Map();
		#nextMillis = Number.NEGATIVE_INFINITY;
		/** Days of which the folder has the visitor keys. */
		#sharedDays;
		constructor(options) {
			this.#options = options;
		}
		/** Lists files, unless that was done lately. */
		*look() {
			const startMillis = performance.now();
			if (startMillis < this.#nextMillis) return;
			this.#update(yield ["list"]);
			const now = performance.now();
			this.#nextMillis = now + Math.max(LIST_MILLIS, (now - startMillis) * PAUSE_FACTOR);
			yield* this.#share();
		}
		/** Daily keys: three times a day, at midnight, an hour later, and before the next midnight. */
		*#share() {
			const { keys, log } = this.#options;
			const days = keys?.days.join();
			if (!keys || days === this.#sharedDays) return;
			try {
				yield ["share", keys];
				this.#sharedDays = days;
			} catch (error) {
				log.beginKeyUnshared(codeOf(error));
			}
		}
		#update(names) {
			const now = performance.now();
			const seenMillis = /* @__PURE__ */ new Map();
			const all = names.map(parseName).filter((file) => file !== void 0);
			for (const file of all) if (file.state !== "hits") seenMillis.set(nameOf$1(file), this.#seenMillis.get(nameOf$1(file)) ?? now);
			this.#seenMillis = seenMillis;
			this.#waiting = all.filter((file) => this.#canClaim(file, now));
			this.#waiting.sort((a, b) => this.#compare(a, b));
			this.bytes = all.reduce((sum, { bytes }) => sum + bytes, 0);
			const waiting = all.filter(({ state }) => state !== "sending");
			this.hits = waiting.reduce((sum, { hits }) => sum + hits, 0);
			this.oldestMillis = waiting.reduce((oldest, { millis }) => Math.min(oldest, millis), Infinity);
		}
		#canClaim(file, now) {
			const { hasToken, deadMillis } = this.#options;
			const { needsToken, state, writer, number, millis, sinceMillis } = file;
			if (needsToken && !hasToken || this.skipped.has(nameOf$1(file))) return false;
			if (state === "hits") return true;
			const isPart = state === "part";
			if (isPart && writer === this.#writer) return number !== this.part?.number;
			const limitMillis = isPart ? Math.min(DEAD_PART_MILLIS, deadMillis) : deadMillis;
			const unchangedMillis = now - (this.#seenMillis.get(nameOf$1(file)) ?? now);
			const wallMillis = Date.now() - (isPart ? millis : sinceMillis);
			return unchangedMillis > limitMillis || wallMillis > DEAD_WALL_MILLIS;
		}
		/** Own hits are first, then the oldest: hits of a visitor, whom one process usually serves, are seldom sent by two at the same time. */
		#compare(a, b) {
			const isOwn = ({ writer }) => Number(writer === this.#writer);
			return isOwn(b) - isOwn(a) || a.millis - b.millis || a.number - b.number;
		}
		add(file) {
			this.#waiting.push(file);
			this.#waiting.sort((a, b) => this.#compare(a, b));
		}
		/** The file that is claimed next. */
		next() {
			const { part } = this;
			const [first] = this.#waiting;
			if (!part || first && this.#compare(part, first) >= 0) return this.#waiting.shift();
			this.part = void 0;
			return part;
		}
		/** The name of a new file. */
		begin(millis) {
			this.#number += 1;
			const place = {
				millis,
				writer: this.#writer,
				number: this.#number
			};
			const { hasToken: needsToken } = this.#options;
			return {
				...place,
				needsToken,
				hits: 0,
				bytes: 0,
				state: "part",
				sinceMillis: 0
			};
		}
		/** The file to which hits were appended becomes one that any process may claim. */
		*finish() {
			const part = this.part;
			if (!part) return;
			this.part = void 0;
			yield ["sync", nameOf$1(part)];
			const file = {
				...part,
				state: "hits"
			};
			if (yield* rename$1(part, file)) this.add(file);
		}
	};
}));
// src/delivery/folder-queue.ts
/** Gives the result of a step to an operation. */
function attempt(steps, run) {
	let value;
	try {
		value = run();
	} catch (error) {
		return steps.throw(error);
	}
	return steps.next(value);
}
var HANG_MILLIS, FolderQueue;
var init_folder_queue = __esmMin((() => {
	init_timers();
	HANG_MILLIS = 5e3;
	FolderQueue = class {
		/** The disk hangs: nothing new may begin. */
		isHanging = false;
		#files;
		#onHang;
		#operations = [];
		#scope = new AsyncScope("MatomoFolder");
		#limitMillis = HANG_MILLIS;
		#timer;
		constructor(files, onHang) {
			this.#files = files;
			this.#onHang = onHang;
		}
		/** Resolves when it has ended, or with `undefined` when the disk hangs. */
		run(steps, options = {}) {
			return new Promise((resolve, reject) => {
				const operation = {
					steps,
					resolve,
					reject,
					step: void 0,
					hasEnded: false,
					...options
				};
				this.#operations.push(operation);
				if (this.#operations.length === 1) this.#scope.runInAsyncScope(() => void this.#work());
				else if (this.isHanging) this.#leaveWaiting(operation);
			});
		}
		async #work() {
			for (let [first] = this.#operations; first; [first] = this.#operations) {
				this.#watch(this.#limitMillis);
				try {
					const value = await this.#carryOut(first);
					if (first.hasEnded) return;
					this.#end(first, value);
				} catch (error) {
					first.reject(error);
				}
				clearTimeout(this.#timer);
				this.isHanging = false;
				this.#operations.shift();
			}
		}
		async #carryOut(operation) {
			const { steps } = operation;
			let next = steps.next();
			while (!next.done) {
				operation.step = next.value;
				const result = await this.#files.run(next.value).then((value) => ({ value }), (error) => ({ error }));
				if (operation.hasEnded) return void 0;
				next = "error" in result ? steps.throw(result.error) : steps.next(result.value);
			}
			return next.value;
		}
		#end({ onEnd, resolve }, value) {
			onEnd?.(value);
			resolve(value);
		}
		#watch(millis) {
			clearTimeout(this.#timer);
			this.#timer = setTimeout(() => this.#hang(), timerMillis(millis)).unref();
		}
		#hang() {
			this.isHanging = true;
			this.#onHang();
			for (const operation of [...this.#operations]) this.#leaveWaiting(operation);
		}
		/** Its caller waits no longer. */
		#leaveWaiting(operation) {
			const { step, isNeeded, onHang, resolve } = operation;
			const isDropped = step === void 0 && isNeeded !== true;
			if (isDropped) this.#operations.splice(this.#operations.indexOf(operation), 1);
			resolve(isDropped ? void 0 : onHang?.());
		}
		/** From now on, the disk hangs if an operation takes longer, also one that has begun. */
		hurry(millis) {
			this.#limitMillis = millis;
			if (this.#operations.length > 0 && !this.isHanging) this.#watch(millis);
		}
		/** At the event `exit`: ends all operations, or leaves them if the disk hangs. */
		endNow() {
			for (const operation of this.#operations.splice(0)) {
				operation.hasEnded = true;
				if (this.isHanging) operation.onLeft?.();
				else this.#end(operation, this.#finish(operation));
			}
		}
		/** Runs an operation at once, after `endNow`. */
		runNow(steps) {
			return this.#goOn(steps, steps.next());
		}
		#goOn(steps, first) {
			let next = first;
			while (!next.done) next = attempt(steps, () => this.#files.runNow(next.value));
			return next.value;
		}
		/** The step that is being carried out by another thread may have happened, and may happen later. */
		#finish({ steps, step }) {
			if (!step) return this.runNow(steps);
			const first = attempt(steps, () => {
				if (step[0] === "sync") return;
				if (step[0] === "rename" || step[0] === "unlink") this.#repeat(step);
				else throw new Error("the process ends");
			});
			return this.#goOn(steps, first);
		}
		#repeat(step) {
			try {
				this.#files.runNow(step);
			} catch (error) {
				if (step[0] === "rename" && !this.#files.has(step[2])) throw error;
			}
		}
	};
}));
// src/delivery/folder-store.ts
var folder_store_exports = /* @__PURE__ */ __exportAll({ openFolder: () => openFolder });
/** Opens a spool in a folder of this machine, which is created if it does not exist. If that fails, it is tried again. */
async function openFolder(options, files) {
	const store = new FolderStore(options, files ?? filesOf(resolve(options.place)));
	await store.open();
	return store;
}
function toPut(hits) {
	return {
		hits,
		data: Buffer.from(toLines(hits), "latin1"),
		isLate: false,
		isUnknown: false
	};
}
var RETRY_MILLIS, FolderStore;
var init_folder_store = __esmMin((() => {
	init_describe_error();
	init_counts();
	init_folder_files();
	init_folder_list();
	init_folder_names();
	init_folder_queue();
	init_folder_setup();
	init_hit_lines();
	RETRY_MILLIS = 1e3;
	FolderStore = class {
		count = 0;
		#options;
		#queue;
		#list;
		/** After a failure, when the next attempt may succeed. What has no room can be sent all the same. */
		#retryMillis = {
			put: Number.NEGATIVE_INFINITY,
			claim: Number.NEGATIVE_INFINITY
		};
		#isOpen = false;
		#hasBeenOpen = false;
		#isEnding = false;
		/** At the event `exit`: hits that were being put or given back, and are not stored. */
		#back = [];
		constructor(options, files) {
			this.#options = options;
			this.#list = new FolderList(options);
			this.#queue = new FolderQueue(files, () => this.#log("it has not answered for 5 s"));
		}
		get isUsable() {
			return this.#can("claim");
		}
		#can(purpose) {
			return performance.now() >= this.#retryMillis[purpose] && !this.#queue.isHanging;
		}
		get hits() {
			return this.#list.hits;
		}
		get room() {
			return Math.max(0, this.#options.maxBytes - this.#list.bytes);
		}
		get oldestSeconds() {
			const { hits, oldestMillis, part } = this.#list;
			if (hits === 0) return Number.POSITIVE_INFINITY;
			return Math.min(oldestMillis, part?.millis ?? Infinity) / 1e3;
		}
		async open() {
			await this.#queue.run(this.#try("claim", () => this.#list.look()));
		}
		/** Runs an operation. `undefined`: it has failed, which is logged. */
		*#try(purpose, run) {
			try {
				if (!this.#isOpen) yield ["prepare", this.#options.matomoUrl];
				this.#isOpen = true;
				this.#hasBeenOpen = true;
				const value = yield* run();
				if (purpose === "put") this.#options.log.end();
				return value;
			} catch (error) {
				this.#fail(purpose, error);
				return;
			}
		}
		#fail(purpose, error) {
			if (this.#isEnding) return;
			this.#retryMillis[purpose] = performance.now() + RETRY_MILLIS;
			if (isMissing(error)) this.#isOpen = false;
			if (!this.#isOpen) this.#retryMillis.claim = this.#retryMillis[purpose];
			if (error instanceof UntrustedFolder) this.#options.log.begin(codeOf(error), "spool-owner");
			else this.#log(codeOf(error));
		}
		#log(reason) {
			this.#options.log.begin(reason, this.#hasBeenOpen ? "spool-not-written" : "spool-not-used");
		}
		async put(hits) {
			if (!this.#can("put")) return false;
			const put = toPut(hits);
			return await this.#queue.run(this.#try("put", () => this.#put(put)), {
				onHang: () => {
					put.isLate = true;
					this.count += hits.length;
					return true;
				},
				onEnd: (value) => this.#endPut(put, value === true),
				onLeft: () => this.#endPut(put, false)
			}) === true;
		}
		/** Hits that were not put are those of the caller, unless it has gone on. */
		#endPut(put, isStored) {
			if (put.isLate) this.count -= put.hits.length;
			if (!isStored && (put.isLate || this.#isEnding)) this.#giveBack(put);
		}
		#giveBack({ hits, isUnknown }) {
			if (!this.#isEnding) this.#options.keep(hits);
			else if (isUnknown) this.#options.counts.lost.spool += hits.length;
			else this.#back.push(...hits);
		}
		*#put(put, isBack = false) {
			const list = this.#list;
			const { hits, data } = put;
			if (!isBack && data.length > this.room) throw new Error("maxSpoolBytes is reached");
			if ((list.part?.hits ?? 0) + hits.length > this.#options.maxExportBatchSize) yield* list.finish();
			const { part } = list;
			list.part = void 0;
			try {
				list.part = yield* this.#append(put, part ?? list.begin(Date.now()), "part");
			} catch (error) {
				if (!part || !isMissing(error) || this.#isEnding && put.isUnknown) throw error;
				list.part = yield* this.#append(put, list.begin(Date.now()), "part");
			}
			return true;
		}
		/** Writes hits to a file, which is created if it has none, and says so in its name: then they count. */
		*#append(put, part, state) {
			const { hits, data } = put;
			const sizes = {
				hits: part.hits + hits.length,
				bytes: part.bytes + data.length
			};
			const to = {
				...part,
				...sizes,
				state
			};
			put.isUnknown = false;
			try {
				yield [
					part.hits === 0 ? "create" : "append",
					nameOf$1(part),
					data
				];
				if (state === "hits") yield ["sync", nameOf$1(part)];
				put.isUnknown = true;
				yield [
					"rename",
					nameOf$1(part),
					nameOf$1(to)
				];
			} catch (error) {
				if (part.hits === 0) yield* unlink$1(part);
				throw error;
			}
			put.isUnknown = false;
			this.#options.counts.stored += hits.length;
			this.#list.hits += hits.length;
			this.#list.bytes += data.length;
			return to;
		}
		async claim() {
			if (!this.#can("claim")) return void 0;
			let isLate = false;
			return this.#queue.run(this.#try("claim", () => this.#take()), {
				onHang: () => {
					isLate = true;
				},
				onEnd: (claim) => {
					if (this.#isEnding) claim?.doneNow({}, claim.hits);
					else if (isLate) claim?.done({}, claim.hits, false);
				}
			});
		}
		*#take() {
			yield* this.#list.look();
			for (let file = this.#list.next(); file; file = this.#list.next()) {
				const claim = yield* this.#takeFile(file);
				if (claim) return claim;
			}
		}
		/** `undefined` if another process was faster, it cannot be read, or nothing in it is to be sent. */
		*#takeFile(from) {
			const { counts, log, resendUnconfirmed } = this.#options;
			const file = {
				...from,
				state: "sending",
				sinceMillis: Date.now()
			};
			if (!(yield* rename$1(from, file))) return void 0;
			const isDead = from.state === "sending";
			if (!isDead) this.#list.hits -= file.hits;
			if (file.hits === 0 || isDead && !resendUnconfirmed) {
				if (!(yield* unlink$1(file))) return void 0;
				counts.claimed += file.hits;
				counts.lost.unconfirmed += file.hits;
				log.addUnconfirmed(file.hits);
				return;
			}
			const read = yield* this.#read(from, file);
			if (!read) return void 0;
			if (isDead) counts.resent += read.hits.length;
			const taken = {
				...read,
				file,
				isOpen: true
			};
			this.count += file.hits;
			counts.claimed += file.hits;
			if (read.hits.length > 0) return this.#toClaim(taken);
			yield* this.#end(taken, {}, [], false);
		}
		*#read(from, file) {
			try {
				return readLines(yield ["read", nameOf$1(file)], file.hits);
			} catch (error) {
				yield* rename$1(file, from);
				if (this.#isEnding) throw error;
				this.#list.skipped.add(nameOf$1(from));
				this.#options.log.addSkipped(nameOf$1(from), codeOf(error));
				return;
			}
		}
		#toClaim(taken) {
			let hasEnded = false;
			const end = (results, back, isBehind = false) => {
				hasEnded = true;
				return this.#end(taken, results, back, isBehind);
			};
			const leave = () => this.#leave(taken);
			return {
				hits: taken.hits,
				done: async (...given) => {
					const options = {
						isNeeded: true,
						onHang: () => true,
						onLeft: leave
					};
					return await this.#queue.run(end(...given), options) === true;
				},
				doneNow: (...given) => {
					this.#endNow();
					if (hasEnded) return;
					if (this.#queue.isHanging) leave();
					else this.#queue.runNow(end(...given));
				}
			};
		}
		/** It is that of another process, or left to the one that finds it, which counts its hits. */
		#leave(taken) {
			if (!taken.isOpen) return;
			taken.isOpen = false;
			this.count -= taken.file.hits;
			this.#options.counts.claimed -= taken.file.hits;
		}
		/** Writes what is given back, then deletes the file. Returns whether the hits were still those of this process. Then they are counted. */
		*#end(taken, results, back, isBehind) {
			const { counts, log } = this.#options;
			const { file, damaged } = taken;
			const own = {
				...file,
				sinceMillis: Date.now()
			};
			let isOurs = false;
			try {
				isOurs = yield* back.length > 0 ? rename$1(file, own) : unlink$1(file);
			} catch (error) {
				this.#fail("claim", error);
			}
			if (!isOurs) {
				this.#leave(taken);
				return false;
			}
			if (back.length > 0) yield* this.#putBack(back, isBehind ? void 0 : file.millis);
			taken.isOpen = false;
			this.count -= file.hits;
			this.#list.bytes -= file.bytes;
			addResults(counts, {
				...results,
				spool: damaged
			});
			log.addDamaged(damaged);
			if (back.length > 0) yield* unlink$1(own);
			return true;
		}
		/** Writes hits behind all others, or to a file of their own at their place. */
		*#putBack(hits, millis) {
			const put = toPut(hits);
			try {
				if (millis === void 0) yield* this.#put(put, true);
				else this.#list.add(yield* this.#append(put, this.#list.begin(millis), "hits"));
			} catch (error) {
				this.#fail("put", error);
				this.#giveBack(put);
			}
		}
		#endNow() {
			this.#isEnding = true;
			this.#queue.endNow();
		}
		async hurry(millis) {
			this.#queue.hurry(millis);
			await this.close();
		}
		putNow(hits) {
			this.#endNow();
			const all = [...this.#back.splice(0), ...hits];
			if (this.#queue.isHanging || !this.#isOpen) return all;
			const most = this.#options.maxExportBatchSize;
			let put = 0;
			for (let isPut = true; isPut && put < all.length; put += isPut ? most : 0) {
				const bulk = toPut(all.slice(put, put + most));
				isPut = this.#queue.runNow(this.#try("put", () => this.#put(bulk))) === true;
			}
			this.#queue.runNow(this.#try("put", () => this.#list.finish()));
			return all.slice(put);
		}
		async close() {
			await this.#queue.run(this.#try("put", () => this.#list.finish()));
		}
	};
}));
// src/delivery/spool.ts
init_describe_error();
init_diagnostics();
const IS_REDIS = /^\s*rediss?:\/\//i;
/** The path of a Redis URL: the number of a database. */
const DATABASE = /^\/?\d{0,9}$/;
/** NUL, a URL of another kind, a misspelled Redis URL, or `:password@`, which the name of a folder would show. A drive is allowed. */
const NO_PATH = /\0|^[a-z][a-z\d+.-]*:\/\/|^rediss?(?::|[/\\]{2})|^(?![a-z]:[/\\]).*:.*@|^.:.*:.*@/is;
function isRedis(place) {
	return IS_REDIS.test(place);
}
/** The normalized option `spool`; `undefined` if it is invalid. */
function parsePlace(place) {
	const text = place.trim();
	if (!isRedis(place)) return text === "" || NO_PATH.test(text) ? void 0 : place;
	if (!/^rediss?:\/\/[^/]/i.test(text) || !URL.canParse(text)) return void 0;
	const { pathname, search } = new URL(text);
	return DATABASE.test(pathname) && search === "" ? text : void 0;
}
/** The place as shown in messages, without credentials. */
function showPlace(place) {
	if (!isRedis(place)) return place;
	const { protocol, host, pathname } = new URL(place);
	return `${protocol}//${host}${pathname}`;
}
/** Opens a spool; its code is loaded now, because few processes have one. Resolves with `undefined` if that fails, which is logged. */
async function openSpool(options, lines) {
	const { place } = options;
	const all = {
		...options,
		log: new SpoolLog(show(showPlace(place)), lines)
	};
	try {
		if (isRedis(place)) return await (await Promise.resolve().then(() => (init_redis_store(), redis_store_exports))).openRedis(all);
		return await (await Promise.resolve().then(() => (init_folder_store(), folder_store_exports))).openFolder(all);
	} catch (error) {
		all.log.begin(`its code could not be loaded: ${describeError(error)}`, "spool-not-used");
		return;
	}
}
// src/options/values.ts
init_diagnostics();
parser("text", (value) => typeof value === "string" && value.trim() !== "" ? value : void 0);
const boolean = parser("true or false", (value) => {
	if (typeof value === "boolean") return value;
	const word = wordOf([
		"true",
		"1",
		"false",
		"0"
	], value);
	return word === void 0 ? void 0 : word === "true" || word === "1";
});
/** A number, which the environment writes as text in this form; `NaN` if the value is none. */
function numberOf(value, written = /^\d+$/) {
	if (typeof value === "number") return value;
	return typeof value === "string" && written.test(value) ? Number(value) : NaN;
}
function integer(min, max) {
	return parser(`a whole number from ${min} to ${max}`, (value) => {
		const number = numberOf(value);
		return Number.isInteger(number) && number >= min && number <= max ? number : void 0;
	});
}
/** A share of a whole, above 0. */
const share = parser("a number above 0 and at most 1", (value) => {
	const number = numberOf(value, /^(?:\d+(?:\.\d+)?|\.\d+)$/);
	return number > 0 && number <= 1 ? number : void 0;
});
/** The word that a value is, in upper or lower case: the environment may write `TRUE` for `true`. */
function wordOf(words, value) {
	return words.find((word) => typeof value === "string" && word === value.toLowerCase());
}
function oneOf(...words) {
	return parser(`one of ${words.map(show).join(", ")}`, (value) => wordOf(words, value));
}
function functionOption() {
	return parser("a function", (value, name) => callback(name, value));
}
/** A callback, if the value is a function. What it does when it is called is not known here. */
function callback(name, value) {
	if (typeof value !== "function") return void 0;
	if (!types.isAsyncFunction(value)) return value;
	throw optionError(`${name} must be a function that returns its result at once, got an async function. Await what it needs in the handler, and pass it with annotate`);
}
/** A value that code can also compute from the request. `Result` is what the function returns. */
function orCallback(wanted, parse) {
	return parser(`${wanted}, or in code a function`, (value, name) => callback(name, value) ?? parse(value, name));
}
/** The error for an invalid item shows that item. `least` is the number of items that the list needs. */
function listOf(wanted, parseItem, { least = 0, syntax = "a list" } = {}) {
	function parseList(value, name) {
		if (!Array.isArray(value) || value.length < least) return void 0;
		return value.map((item) => {
			const parsed = parseItem(item, name);
			if (parsed === void 0) throw invalid(name, wanted, item);
			return parsed;
		});
	}
	return parser(wanted, parseList, syntax);
}
function isStrings(value) {
	return Array.isArray(value) && value.every((item) => typeof item === "string");
}
/** Without the flags that make a regular expression remember its position. */
const patterns = listOf("a list of regular expressions (in the environment, write one that has a comma, brackets or flags between slashes, or the list as JSON; flags are d, g, i, m, s, u, v and y)", (item, name) => {
	if (item instanceof RegExp) return new RegExp(item.source, item.flags.replace(/[gy]/g, ""));
	if (typeof item !== "string") return void 0;
	try {
		return new RegExp(item);
	} catch (error) {
		throw invalid(name, `a list of regular expressions (${error.message.split(": ").at(-1)})`, item);
	}
}, { syntax: "a list of patterns" });
const siteId = orCallback("a positive whole number, or sites of services such as shop=3,blog=4,*=1", (value) => {
	if (typeof value !== "string" || !value.includes("=")) return toSiteId(value);
	const pairs = value.split(",").map((pair) => /^\s*([^=]*[^=\s])\s*=\s*(\d+)\s*$/.exec(pair));
	const sites = new Map(pairs.map((pair) => [pair?.[1] ?? "", toSiteId(pair?.[2]) ?? 0]));
	return sites.size === pairs.length && [...sites].every(([name, id]) => name && id) ? sites : void 0;
});
/** The site of the service with this `service.name`; `*` is any other. */
function findServiceSite(sites, service) {
	return sites.get(service) ?? sites.get("*");
}
/** The error does not show the value: it may be a secret with a stray space. */
const secret$1 = parser("text without spaces or control characters", (value, name) => {
	const text = typeof value === "string" ? value.trim() : void 0;
	if (text?.startsWith("<") && text.endsWith(">")) throw optionError(`${name} must be the secret itself, got a placeholder`);
	if (text !== void 0 && /^[\x21-\x7e]+$/.test(text)) return text;
	const got = text === void 0 ? `a ${typeof value}` : text === "" ? "nothing" : "other text";
	throw optionError(`${name} must be ${secret$1.wanted}, got ${got}`);
});
/** The word for a new key every day, or a secret. A misspelled word would be a key that stays. */
const visitorKey = parser(secret$1.wanted, (value, name) => {
	const text = typeof value === "string" ? value.trim() : "";
	return nearestName(text, [DAILY], 2) === void 0 ? secret$1(name, value) : oneOf(DAILY)(name, text);
});
/** The tracker's URL: adds `matomo.php` if it names neither `matomo.php` nor `piwik.php`. */
const matomoUrl = httpUrl((url) => {
	if (url.search !== "" || url.hash !== "") return void 0;
	const path = url.pathname.replace(/\/+$/, "");
	url.pathname = /\/(?:matomo|piwik)\.php$/.test(path) ? path : `${path}/matomo.php`;
	return url;
});
/** Without trailing slash. */
const trackedBaseUrl = httpUrl((url) => url.origin + url.pathname.replace(/\/+$/, ""));
function httpUrl(convert) {
	const wanted = "a URL that begins with http:// or https://, without user, password and query";
	return parser(wanted, (value, name) => {
		const text = value instanceof URL ? value.href : value;
		const url = typeof text === "string" && URL.canParse(text) ? new URL(text) : void 0;
		const converted = url && /^https?:$/.test(url.protocol) && url.username + url.password === "" ? convert(url) : void 0;
		if (converted === void 0) throw invalid(name, wanted, withoutQuery(text));
		return converted;
	});
}
/** For a message: a query may have a secret. */
function withoutQuery(value) {
	return typeof value === "string" ? hideSecrets(value).replace(/[?#].*$/s, "?…") : value;
}
/** A folder, or the URL of a Redis. */
const spoolPlace = parser("the path of a folder, or a redis:// or rediss:// URL, whose only path is the number of a database", (value, name) => {
	const place = typeof value === "string" ? parsePlace(value) : void 0;
	if (place === void 0) throw invalid(name, spoolPlace.wanted, withoutQuery(value));
	return place;
});
const HEADER_NAME = /^[!#$%&'*+\-.^_`|~\da-z]+$/;
/** The client sets these itself. */
const OF_THE_REQUEST = /^(?:accept-encoding|connection|content-(?:encoding|length|type)|expect|host|keep-alive|te|trailer|transfer-encoding|upgrade)$/;
/** Headers by lower-case name. Errors show neither names nor values: if a text cannot be parsed, all of it may be a secret. */
const headers = parser("names and values of HTTP headers, such as authorization=Basic …, in code an object, such as Object.fromEntries(headers); its value is not shown, because it may be secret", (value, name) => {
	const parsed = (isRecord(value) ? Object.entries(value) : [["", ""]]).map(([key = "", content]) => {
		const header = key.trim().toLowerCase();
		const text = typeof content === "string" ? content.trim() : "";
		if (!HEADER_NAME.test(header) || !/^[\x20-\x7e\x80-\xff]+$/.test(text)) throw optionError(`${name} must be ${headers.wanted}`);
		if (OF_THE_REQUEST.test(header)) throw optionError(`${name} must not set ${header}`);
		return [header, text];
	});
	return Object.fromEntries(parsed);
}, "pairs");
const meterProvider = parser("\"global\", or in code a meter provider", (value) => {
	const { getMeter } = value ?? {};
	return typeof getMeter === "function" ? value : wordOf(["global"], value);
});
/** Names of headers, in lower case and with dashes. */
const headerNames = listOf("a list of names of headers", (item) => {
	const name = typeof item === "string" ? item.trim().toLowerCase().replaceAll("_", "-") : "";
	return HEADER_NAME.test(name) ? name : void 0;
});
/** Exact paths. Without a slash at its beginning, an item would match nothing. */
const paths = listOf("a list of exact paths that begin with a slash (use ignorePatterns for regular expressions)", (item) => typeof item === "string" && item.startsWith("/") ? item : void 0);
function methods(least) {
	const wanted = `a list of ${least === 1 ? "at least one request method" : "request methods"}`;
	const parseItem = (item) => {
		const method = typeof item === "string" ? item.trim() : "";
		return HEADER_NAME.test(method.toLowerCase()) ? method.toUpperCase() : void 0;
	};
	return listOf(wanted, parseItem, { least });
}
/** The value has no semicolon or comma, which separate several values. */
const CONSENT = /^(cookie|header):([!#$%&'*+.^_`|~\dA-Za-z-]+)=([\x21-\x2b\x2d-\x3a\x3c-\x7e]+)$/;
const consent = parser("cookie:name=value or header:name=value", (value) => {
	const text = typeof value === "string" ? value.trim() : "";
	const [, source, key = "", agreed = ""] = CONSENT.exec(text) ?? [];
	if (source === "cookie") return {
		source,
		name: key,
		value: agreed
	};
	return source === "header" ? {
		source,
		name: key.toLowerCase(),
		value: agreed
	} : void 0;
});
const RANGES = "a list of IP addresses, CIDRs, IPv4 addresses with a netmask, loopback, linklocal or uniquelocal";
const ranges = parser(RANGES, parseRanges, "a list");
const trustProxy = parser(`${RANGES}, a boolean or a number of hops up to 100`, (value, name) => {
	const word = typeof value === "boolean" ? String(value) : wordOf(["true", "false"], value);
	if (word !== void 0) return word === "true";
	const hops = numberOf(value);
	if (!Number.isNaN(hops)) return integer(0, 100)(name, hops);
	const list = typeof value === "string" ? value.split(",").map((item) => item.trim()) : value;
	return parseRanges(isStrings(list) ? list.filter((item) => item !== "") : list, name);
}, "one word or a list");
function parseRanges(value, name) {
	if (!isStrings(value)) return void 0;
	const lowered = value.map((range) => range.toLowerCase());
	try {
		createIsInRanges(lowered);
		return lowered;
	} catch (error) {
		throw invalid(name, RANGES, error.message);
	}
}
const actionName = orCallback(`a template of ${TEMPLATE_FIELDS.map((field) => `{${field}}`).join(", ")}`, (value) => {
	if (typeof value !== "string" || value === "") return void 0;
	return [...value.matchAll(/\{(\w+)\}/g)].map(([, field = ""]) => field).every((field) => TEMPLATE_FIELDS.includes(field)) ? value : void 0;
});
const routeDetails = parser("an object of tracking parameters by route, such as \"GET /users/:id\" or \"/users/:id\"", (value, name) => {
	if (!isRecord(value)) return void 0;
	const copy = Object.entries(value).map(([route, declared]) => {
		if (!/^(?:[!#$%&'*+.^_`|~\dA-Za-z-]+ )?\//.test(route) || !isRecord(declared)) throw invalid(name, routeDetails.wanted, route);
		const { cvar, ...parameters } = declared;
		const place = `${name}[${show(route)}]`;
		const unknown = Object.keys(parameters).find((key) => !declarationOf(key));
		if (unknown !== void 0) throw optionError(`${place}: ${describeUnknownParameter(unknown)}`);
		const own = primitivesIn(place, parameters);
		const variables = cvar === void 0 ? {} : { cvar: primitivesIn(`${place}.cvar`, cvar) };
		return [route, {
			...own,
			...variables
		}];
	});
	return Object.fromEntries(copy);
}, "JSON");
function primitivesIn(place, values) {
	if ((isRecord(values) ? Object.values(values) : [null]).every((value) => [
		"string",
		"number",
		"boolean",
		"undefined"
	].includes(typeof value))) return { ...values };
	throw invalid(place, "an object of text, numbers and booleans", values);
}
const dimensions = parser("names of attributes by ID from 1 to 999, such as 1=http.route", (value, name) => {
	if (!isRecord(value)) return void 0;
	const sources = Object.entries(value).map(([id, source]) => {
		if (!/^[1-9]\d{0,2}$/.test(id)) throw invalid(name, dimensions.wanted, id);
		return [id, dimension(`${name}[${id}]`, source)];
	});
	return Object.fromEntries(sources);
}, "pairs");
/** What no dimension has: the header that says it. */
const INSTEAD = {
	"mcp.protocol.version": "http.request.header.mcp-protocol-version",
	"user_agent.bot.name": "http.request.header.user-agent",
	"matomo.content_format": "http.response.header.content-type",
	"matomo.deprecated_endpoint": "http.response.header.deprecation"
};
/** A header whose name says that it is secret is refused, and so is what admits to a session. */
const dimension = orCallback("the name of an attribute", (value, name) => {
	if (typeof value !== "string" || value === "") return void 0;
	const source = withLowerHeader(name, value);
	const instead = INSTEAD[source];
	if (instead !== void 0) throw optionError(`${name} must not be ${source}. Use ${instead}`);
	const { header = "" } = headerAttributeOf(source) ?? {};
	if (!isSecretName(header) && source !== "mcp.session.id") return source;
	throw optionError(`${name} must not be ${show(header || source)}, because it is secret. To recognize clients by a key, use userId, which sends a pseudonym`);
});
const userId = orCallback(`the name of an attribute, of a request header, or one of ${USER_ID_CLAIMS.map((claim) => `jwt.${claim}`).join(", ")}`, (value, name) => {
	const source = withLowerHeader(name, typeof value === "string" ? value.trim() : "");
	const used = userIdSourceOf(source);
	const isUnknownClaim = used?.kind === "claim" && !USER_ID_CLAIMS.includes(used.claim);
	const isOfResponse = headerAttributeOf(source)?.direction === "response";
	return source === "" || isUnknownClaim || isOfResponse ? void 0 : source;
});
function withLowerHeader(name, text) {
	const named = headerAttributeOf(text);
	if (!named) return text;
	if (HEADER_NAME.test(named.header)) return `http.${named.direction}.header.${named.header}`;
	throw invalid(name, `a header after http.${named.direction}.header.`, text);
}
const visitorId = orCallback("one of \"auto\", \"cookie\", \"none\"", (value) => wordOf([
	"auto",
	"cookie",
	"none"
], value));
/** In the environment, a misspelled policy would be read as a list of one name and remove everything else. */
const queryPolicy = parser("\"keep\", \"redact\", \"strip\" or a list of names (write a single name with a comma after it)", (value) => isStrings(value) ? [...value] : wordOf([
	"keep",
	"redact",
	"strip"
], value), "one word or a list");
// src/options/option-table.ts
const DAY_MILLIS$1 = 864e5;
const GIBIBYTE = 1024 ** 3;
/**
* All options in code, in the order of the documentation. Everything else comes from here: the type `MatomoOptions`, and
* docs/configuration.md, which `npm run configuration` writes. The comments are the documentation. `@default` is missing if nothing or
* `false` is the default, `@example` is a line of an environment.
*/
const OPTIONS = declareOptions("MATOMO_", {
	/**
	* URL of Matomo, or of its `matomo.php` or `piwik.php`.
	* @example MATOMO_URL=https://matomo.example.org
	*/
	url: option(matomoUrl, { default: "required" }),
	/**
	* ID of the site in Matomo, a list of sites by `service.name` (`*` is any other), or a function. Requests without a site are not
	* tracked. The resource attribute `matomo.idsite` takes precedence.
	* @example MATOMO_SITE_ID=1
	*/
	siteId: option(siteId, { default: "required" }),
	/**
	* Token of a user with write access to the site. Matomo needs it for hits older than a day and for addresses. A file is read again every
	* 5 seconds while Matomo rejects the token.
	*/
	tokenAuth: option(secret$1, { file: "MATOMO_TOKEN_AUTH_FILE" }),
	/**
	* Headers of every request to Matomo. In the environment, values cannot contain commas. Matomo 5.4 and later read `Authorization: Bearer`
	* as a Matomo token.
	* @example MATOMO_HEADERS='authorization=Basic dXNlcjpwYXNz,x-key=abc'
	*/
	headers: option(headers, { default: {} }),
	/**
	* With `false`, nothing happens and nothing is logged.
	* @default `true`
	*/
	enabled: option(boolean, {
		default: true,
		isPrivacy: true
	}),
	/**
	* Replaces scheme and host of tracked URLs. Its path is put before theirs.
	* @default from the request
	* @example MATOMO_BASE_URL=https://api.example.org/v2
	*/
	baseUrl: option(trackedBaseUrl),
	/**
	* Page URLs begin with `https://`, unless a trusted proxy reports another scheme. With `false`, and for private hosts, the scheme is the
	* server's.
	* @default `true`
	*/
	assumeHttps: option(boolean, { default: true }),
	/**
	* Title of the page view: a template of `{method}`, `{route}`, `{path}`, `{status}`, `{host}` and `{span}`, or a function. Without a route,
	* `{route}` is the path as in `titlePaths`, or a reason such as `Not Found`.
	* @default `{method} {route}`
	* @example MATOMO_ACTION_NAME='{method} {route} {status}'
	*/
	actionName: option(actionName, {
		default: DEFAULT_TITLE,
		isPrivacy: true
	}),
	/**
	* The path in the title of a request without a route. `template` writes numbers, ULIDs, cuids and hex with a digit as `:id`, UUIDs as `:uuid`,
	* emails as `:email`, and 20 or more letters, digits, `_` or `-` with a digit and both cases as `:token`. Unless `query` is `keep`, emails
	* and tokens are `redacted` instead. `raw` keeps the other segments.
	* @default `template`
	*/
	titlePaths: option(oneOf("template", "raw"), { default: "template" }),
	/**
	* Exact paths or routes that are not tracked. `*` is no wildcard.
	* @example MATOMO_IGNORE_PATHS=/health,/metrics
	*/
	ignorePaths: option(paths, {
		default: [],
		isPrivacy: true
	}),
	/**
	* Regular expressions for paths that are not tracked, as sent and percent-decoded once. They see 2,048 characters.
	* @example MATOMO_IGNORE_PATTERNS='/^\/internal\//i,/\.map$/i'
	*/
	ignorePatterns: option(patterns, {
		default: [],
		isPrivacy: true
	}),
	/**
	* Whether GET and HEAD requests of static files are page views: scripts, styles, images, fonts, manifests, `robots.txt`, `sitemap.xml`, and
	* what is below folders of frameworks such as `/_next/static/`. A route with a parameter, such as `/avatars/:id.png`, is always tracked.
	* @default `ignore`
	*/
	staticFiles: option(oneOf("ignore", "track"), { default: "ignore" }),
	/**
	* Which requests to an [MCP server](mcp.md) are page views. `calls`: no lists, pings, notifications and event streams. `off`: the endpoint
	* is like any other, and [sessions are no visitors](mcp.md#who-is-a-visitor).
	* @default `calls`
	* @example MATOMO_MCP=off
	*/
	mcp: option(oneOf("calls", "off"), {
		default: "calls",
		isPrivacy: true
	}),
	/**
	* Regular expressions for user agents that are not tracked. Your list replaces the default, [known health
	* checkers](exclude.md#how-do-i-exclude-health-checks).
	* @default `HEALTH_CHECKERS`
	* @example MATOMO_IGNORE_USER_AGENTS='/^my-monitor/i'
	*/
	ignoreUserAgents: option(patterns, {
		default: HEALTH_CHECKERS,
		isPrivacy: true
	}),
	/**
	* Clients that are not tracked: unmasked addresses, CIDRs, `loopback`, `linklocal` or `uniquelocal`, according to `trustProxy`. If there
	* are any, nobody is tracked whose address is not known.
	* @example MATOMO_IGNORE_ADDRESSES=10.0.0.0/8,192.0.2.7
	*/
	ignoreAddresses: option(ranges, {
		default: [],
		isPrivacy: true
	}),
	/**
	* Methods that are tracked, at least one.
	* @default all
	* @example MATOMO_ALLOWED_METHODS=GET,POST
	*/
	allowedMethods: option(methods(1), { isPrivacy: true }),
	/**
	* Methods that are not tracked. They win over `allowedMethods`.
	* @example MATOMO_IGNORED_METHODS=HEAD,OPTIONS
	*/
	ignoredMethods: option(methods(0), {
		default: [],
		isPrivacy: true
	}),
	/** A request is not tracked if this function returns `true`. If it fails, its events, goals and orders are not tracked either. */
	ignore: option(functionOption(), {
		env: void 0,
		isPrivacy: true
	}),
	/**
	* Tracking parameters for some routes or paths. The first key that matches is used: `METHOD /route`, `/route`, `METHOD /path`, `/path`.
	* [Other sources](titles.md#how-do-i-name-an-action) win.
	* @example MATOMO_ROUTE_DETAILS='{"GET /users/:id":{"action_name":"User","cvar":{"area":"accounts"}}}'
	*/
	routeDetails: option(routeDetails, { default: {} }),
	/**
	* Custom dimensions by their ID in Matomo: an attribute, a header, a computed name ([all
	* names](dimensions.md#what-can-a-dimension-have)), or a function. Secret headers are invalid.
	* @example MATOMO_DIMENSIONS=2=http.response.status_code,3=http.request.method,4=http.route
	*/
	dimensions: option(dimensions, {
		default: {},
		isPrivacy: true
	}),
	/**
	* Slots for [custom variables](dimensions.md#can-i-use-custom-variables-instead) in your Matomo.
	* @default `5`
	*/
	maxCustomVariables: option(integer(0, 1e3), { default: 5 }),
	/**
	* Which proxies are trusted to report the client's address, scheme and host, [as in Express](proxies.md#which-value-is-right-for-me): none
	* (`false`), all (`true`), a number of hops, or a list of addresses, CIDRs, `loopback`, `linklocal` and `uniquelocal`.
	* @example MATOMO_TRUST_PROXY=loopback,10.0.0.0/8
	*/
	trustProxy: option(trustProxy, {
		default: false,
		isPrivacy: true
	}),
	/**
	* How many bytes at the end of an IPv4 address [are masked, and how much of an IPv6 address](privacy.md#addresses).
	* @default `0`
	*/
	anonymizeIp: option(integer(0, 4), {
		default: 0,
		isPrivacy: true
	}),
	/**
	* How a client without a user ID is recognized: by address and user agent for a day, or the session of MCP (`auto`); by the `_pk_id` cookie
	* of Matomo's JavaScript tracker (`cookie`); by Matomo's rules (`none`); or by 16 hex digits of a function. Without these, as `auto`.
	* @default `auto`
	*/
	visitorId: option(visitorId, {
		default: "auto",
		isPrivacy: true
	}),
	/**
	* Secret from which [visitor IDs](visitor-ids.md#visitor-ids) are derived. With `daily`, each UTC day has a random key.
	* @default `daily` with `privacy: 'strict'`, else derived from `tokenAuth`, else random, stored in the `spool`
	*/
	visitorKey: option(visitorKey, {
		file: "MATOMO_VISITOR_KEY_FILE",
		isPrivacy: true
	}),
	/**
	* The user: a header, or a claim of the bearer token (`jwt.sub`, `jwt.client_id` or `jwt.azp`), as [a
	* pseudonym](visitor-ids.md#pseudonyms-of-keys-and-tokens); another attribute of recorded spans, such as `enduser.id`, or the result of a
	* function, as it is.
	* @example MATOMO_USER_ID=http.request.header.x-api-key
	*/
	userId: option(userId, { isPrivacy: true }),
	/**
	* `strict` sends [as little as possible](privacy.md#how-do-i-send-as-little-as-possible).
	* @example MATOMO_PRIVACY=strict
	*/
	privacy: option(oneOf("strict"), { isPrivacy: true }),
	/**
	* What is kept of a URL's [query](privacy.md#queries): everything (`keep`), everything but secrets (`redact`), nothing (`strip`), or the
	* parameters in your list.
	* @default `redact`
	* @example MATOMO_QUERY=page,sort
	*/
	query: option(queryPolicy, {
		default: "redact",
		isPrivacy: true
	}),
	/**
	* Regular expressions for [parts of a path that become `redacted`](privacy.md#patterns-of-your-own).
	* @example MATOMO_REDACT_PATH_PATTERNS='/[\da-f]{8}-[\da-f-]{27}/i,/\b\d{6,}\b/'
	*/
	redactPathPatterns: option(patterns, {
		default: [],
		isPrivacy: true
	}),
	/**
	* The path of page URLs, dimensions made from URLs, `{path}` in titles, and referrers: as it is (`full`), or as the title shows it
	* (`template`). Words stay, such as the name in `/patients/max-mustermann`. A 400, 404 or 405 without a route has a path such as `/not-found`.
	* @default `full`
	*/
	urlPaths: option(oneOf("full", "template"), {
		default: "full",
		isPrivacy: true
	}),
	/**
	* Keeps the parameters `q`, `query`, `s`, `search`, `searchword`, `k`, `keyword` and `keywords`, of which Matomo makes site searches.
	*/
	siteSearch: option(boolean, { default: false }),
	/** Requests with the header `DNT: 1` or `Sec-GPC: 1` are not tracked, nor are their events, goals and orders. */
	doNotTrack: option(boolean, {
		default: false,
		isPrivacy: true
	}),
	/**
	* The cookie or header with which [visitors consent](privacy.md#how-do-i-track-only-with-consent).
	* @example MATOMO_CONSENT=cookie:consent=yes
	*/
	consent: option(consent, { isPrivacy: true }),
	/**
	* Request headers that spans have. The exporter and the gateway need this [for `doNotTrack` and
	* `consent`](gateway.md#which-headers-are-needed-for-do-not-track-and-consent).
	* @example MATOMO_CAPTURED_HEADERS=dnt,sec-gpc,cookie
	*/
	capturedHeaders: option(headerNames, {
		default: [],
		isPrivacy: true
	}),
	/**
	* [Share of the visitors](events.md#how-do-i-track-a-share-of-the-visitors) that are tracked, with their orders, goals and events.
	* @default `1`
	*/
	sampleRate: option(share, {
		default: 1,
		isPrivacy: true
	}),
	/**
	* Sends `bots=1`. Without it, Matomo silently drops hits of many programs.
	* @default `true`
	*/
	trackBots: option(boolean, { default: true }),
	/**
	* How `GET` and `HEAD` requests by [AI chatbots](ai-chatbots.md) are sent: outside of any visit (`separate`), or as ordinary page views
	* (`off`).
	* @default `separate`
	*/
	aiChatbots: option(oneOf("separate", "off"), {
		default: "separate",
		isPrivacy: true
	}),
	/**
	* With `false`, only requests by AI chatbots and your events, goals and orders are sent.
	* @default `true`
	*/
	pageViews: option(boolean, {
		default: true,
		isPrivacy: true
	}),
	/**
	* Maximum number of hits in memory, and 3,355 bytes for each.
	* @default `10000`
	*/
	maxQueueSize: option(integer(1, 1e7), { default: 1e4 }),
	/**
	* Maximum number of hits in one bulk request, at most half of `maxQueueSize`.
	* @default `100`
	*/
	maxExportBatchSize: option(integer(1, 1e4), { default: 100 }),
	/**
	* How long a hit is queued at most if Matomo is available.
	* @default `5000`
	* @example MATOMO_SCHEDULE_DELAY=1000
	*/
	scheduledDelayMillis: option(integer(0, DAY_MILLIS$1), {
		env: "MATOMO_SCHEDULE_DELAY",
		default: 5e3
	}),
	/**
	* Timeout of one attempt to send.
	* @default `30000`
	*/
	exportTimeoutMillis: option(integer(1, DAY_MILLIS$1), { default: 3e4 }),
	/**
	* Deadline of `shutdown`. Also how long a bulk in flight keeps the process alive after the last request.
	* @default 5000; with `register` and `start` 1500
	*/
	shutdownTimeoutMillis: option(integer(0, DAY_MILLIS$1), { default: 5e3 }),
	/**
	* Stores or sends queued hits [if the process ends without a shutdown](delivery.md#what-happens-when-my-process-ends).
	* @default `false`; with `register` and `start` `true`
	*/
	exitFlush: option(boolean),
	/**
	* Sends hits again, three times at most, if no response shows whether Matomo stored them. Some may be duplicated.
	*/
	resendUnconfirmed: option(boolean, { default: false }),
	/**
	* Folder or Redis (`redis://…`, `rediss://…`) that [stores hits](spool.md) until Matomo has confirmed them.
	* @example MATOMO_SPOOL=/var/spool/my-app-matomo
	*/
	spool: option(spoolPlace),
	/**
	* Maximum size of the spool in bytes. Beyond it, hits stay in memory.
	* @default `1073741824` (1024 MiB)
	*/
	maxSpoolBytes: option(integer(1048576, 1024 * GIBIBYTE), { default: GIBIBYTE }),
	/** Gets the parameters of each hit and returns what is sent. `null`, or what is no object of parameters, drops the hit. */
	beforeSend: option(functionOption(), {
		env: void 0,
		isPrivacy: true
	}),
	/** Logs each hit and sends nothing. The hits count as `accepted`. A `spool` is neither read nor written. */
	dryRun: option(boolean, {
		default: false,
		isPrivacy: true
	}),
	/**
	* Receives [metrics](counts.md#metrics). `'global'` is the meter provider that is registered with `@opentelemetry/api`, now or later.
	* @example MATOMO_METRICS=global
	*/
	meterProvider: option(meterProvider, { env: "MATOMO_METRICS" }),
	/** Logs `stats()` as one line of JSON at this interval. */
	statsIntervalMillis: option(integer(1e3, DAY_MILLIS$1))
});
// src/options/resolve-options.ts
init_describe_error();
init_diagnostics();
init_messages();
const DECLARATIONS = OPTIONS;
const NAMES$2 = Object.keys(OPTIONS);
/**
* Merges options, the strongest first: from code, from a variable, from the file that a variable names, by `privacy: 'strict'`, by default.
* An invalid value in code throws; an invalid variable is logged and ignored, or stops tracking if it belongs to a privacy option.
* `undefined`: nothing is tracked, and the reason is logged.
*/
function resolveOptions(inCode, env, diagnostics) {
	const set = parseInCode(DECLARATIONS, inCode);
	if ((set.enabled ?? readEnvironment("enabled", env)) === false) return void 0;
	const unclear = [];
	for (const name of NAMES$2.filter((one) => set[one] === void 0)) {
		const value = readEnvironment(name, env, diagnostics, (problem) => unclear.push(problem));
		if (value !== void 0) Object.assign(set, { [name]: value });
	}
	const { env: variable, file } = OPTIONS.tokenAuth;
	if (inCode.tokenAuth === void 0 && !textOf$1(variable, env) && textOf$1(file, env)) {
		const error = (message) => diagnostics.warnOnce(`token ${message}`, message);
		set.rereadToken = () => readEnvironment("tokenAuth", env, { error });
	}
	for (const { meant, problem } of findMisspelled(env, DECLARATIONS)) {
		const name = NAMES$2.find((one) => variablesOf({ one: DECLARATIONS[one] }).includes(meant));
		if (name && DECLARATIONS[name].isPrivacy && set[name] === void 0) unclear.push(problem);
		else warnAboutMisspelled(problem, diagnostics);
	}
	const options = withDefaults(withStrict(set, diagnostics));
	if (userIdSourceOf(options.userId) && stableVisitorKey(options) === void 0) diagnostics.error(coded("user-id-key", NO_USER_ID_KEY));
	if (unclear.length > 0) diagnostics.error(coded("privacy-option-invalid", `${unclear.join("; ")}. ${NOT_TRACKED}`));
	const missing = ["url", "siteId"].filter((name) => options[name] === void 0);
	if (missing.length > 0) {
		const text = `Required options are missing: ${missing.map((name) => `${name} (${DECLARATIONS[name].env})`).join(", ")}. Nothing is tracked. Set them.`;
		diagnostics.error(coded("options-missing", text));
	}
	return unclear.length + missing.length > 0 ? void 0 : options;
}
const NO_USER_ID_KEY = "userId is a header or claim, but there is no lasting key for pseudonyms. No user IDs are sent. Set visitorKey to a secret, not to daily.";
const NOT_TRACKED = "Nothing is tracked, so that no mistake discloses data. Correct the environment, or set the option in code.";
/**
* Defaults of `privacy: 'strict'`. It also hides addresses, classes of errors and other user IDs than those of the option `userId`, and
* leaves referrers their origin.
*/
const STRICT$1 = {
	anonymizeIp: 4,
	visitorKey: "daily",
	query: "strip",
	urlPaths: "template",
	doNotTrack: true
};
function withStrict(set, diagnostics) {
	if (set.privacy !== "strict") return set;
	const others = Object.keys(STRICT$1).filter((name) => set[name] !== void 0 && set[name] !== STRICT$1[name]);
	const names = [...set.userId === void 0 ? [] : ["userId"], ...others].join(", ");
	const text = `privacy is strict, but these options are set to other values: ${names}. They win. Remove them unless you need them.`;
	if (names !== "") diagnostics.warnOnce("strict", coded("privacy-not-strict", text));
	return {
		...STRICT$1,
		...set,
		hidesAddress: set.anonymizeIp === void 0
	};
}
const DEFAULTS = Object.fromEntries(NAMES$2.flatMap((name) => {
	const { default: value } = DECLARATIONS[name];
	return value === "required" ? [] : [[name, value]];
}));
/** Also a batch that is full before the queue is: hits that arrive until it is sent would be lost. */
function withDefaults(set) {
	const options = {
		...DEFAULTS,
		...set
	};
	const largest = Math.ceil(options.maxQueueSize / 2);
	return {
		...options,
		maxExportBatchSize: Math.min(options.maxExportBatchSize, largest)
	};
}
/**
* Parses the options that code sets: those of the package, of a function such as `play()`, or the properties of an option.
*
* @throws OptionError naming option and value; for an unknown name, the nearest known one
*/
function parseInCode(declarations, inCode, place = "options") {
	const names = Object.keys(declarations);
	checkIsObject(inCode, names, place);
	const prefix = /^options$|\(\)$/.test(place) ? "" : `${place}.`;
	const set = {};
	for (const [name, value] of Object.entries(inCode)) {
		const declaration = Object.hasOwn(declarations, name) ? declarations[name] : void 0;
		if (!declaration) {
			const near = nearestName(name, names);
			const all = place === "options" ? "see docs/configuration.md" : `the options are ${names.join(", ")}`;
			const advice = near ? `did you mean ${near}?` : all;
			throw optionError(`unknown option ${show(name)} of ${place}, got ${showValue(value)}: ${advice}`);
		}
		if (value !== void 0) set[name] = declaration.parse(prefix + name, value);
	}
	return set;
}
/** A list, a `Map` or a promise has no options, so that the environment would apply alone, as it would for inherited ones. */
function checkIsObject(inCode, names, place = "options") {
	if (!isRecord(inCode)) throw invalid(place, "an object of options", inCode);
	const inherited = names.find((name) => name in inCode && !Object.hasOwn(inCode, name));
	if (inherited === void 0) return;
	throw optionError(`${inherited} must be set in the object of options itself, not in its class`);
}
/**
* One option from the environment; `undefined` if its variable is missing or invalid, which is logged. `onUnclear` gets the problem of a
* privacy option instead.
*/
function readEnvironment(name, env, diagnostics, onUnclear) {
	const declaration = DECLARATIONS[name];
	const { isPrivacy } = declaration;
	try {
		return readVariables(declaration, env, (problem) => {
			if (isPrivacy) throw optionError(problem);
			const text = `${problem}. Its token is not used. Check its path and permissions.`;
			diagnostics?.error(coded("token-file", text));
		});
	} catch (error) {
		const problem = problemOf(error);
		const text = `${problem}. The variable is ignored. Correct or remove it.`;
		if (isPrivacy && onUnclear) onUnclear(problem);
		else diagnostics?.error(coded("environment-invalid", text));
		return;
	}
}
/** What some readers of files with variables leave as it is: quotes around a value, and the name of another variable. */
const NOT_EXPANDED = /^"[^"]*"$|^'[^']*'$|^\$(?:[A-Z_][A-Z\d_]*|\{.*\})$/s;
/**
* Reads an option from its variables; `undefined` if none is set. Throws an `OptionError` that names variable and value.
* `onUnreadable` is called if a file cannot be read; it may return.
*/
function readVariables({ env: variable, file, parse }, env, onUnreadable = (problem) => {
	throw optionError(problem);
}) {
	const text = textOf$1(variable, env);
	if (variable !== void 0 && text !== "") {
		if (!NOT_EXPANDED.test(text)) return parse(variable, readText(parse, text));
		throw optionError(`${variable} must be the value itself, got quotes or a placeholder`);
	}
	const path = textOf$1(file, env);
	if (file === void 0 || path === "") return void 0;
	let content;
	try {
		if (statSync(path).isFIFO()) throw Object.assign(/* @__PURE__ */ new Error(), { code: "it is a pipe" });
		content = readFileSync(path, "utf8");
	} catch (error) {
		onUnreadable(`The file in ${file} cannot be read (${codeOf(error)})`);
		return;
	}
	if (content.trim() === "") throw optionError(`The file in ${file} is empty`);
	return parse(file, content);
}
/** Trimmed, because values from files and shells often have a space or newline at the end. */
function textOf$1(variable, env) {
	return variable && env[variable]?.trim() || "";
}
/** Converts text to the value that code would pass. Text that cannot be converted is returned as it is: the parser's error shows it. */
function readText({ syntax }, text) {
	try {
		return syntax ? READERS[syntax](text) : text;
	} catch {
		return text;
	}
}
/** They throw if a part of the text would have no effect. */
const READERS = {
	"a list": readList,
	"a list of patterns": readPatterns,
	pairs: readPairs,
	"one word or a list": (text) => text.includes(",") || readJsonList(text) ? readList(text) : text.trim(),
	JSON: JSON.parse
};
/** `a, b` or `["a","b"]`. */
function readList(text) {
	return (readJsonList(text) ?? text.split(",")).map((item) => item.trim()).filter((item) => item !== "");
}
function readJsonList(text) {
	if (!/^\s*\[\s*(?:"|\]\s*$)/.test(text)) return void 0;
	const list = JSON.parse(text);
	if (Array.isArray(list) && list.every((item) => typeof item === "string")) return list;
	throw new TypeError("a list has items that are no text");
}
/** A pattern with a closing slash, its source and its flags, also some that do not exist. */
const WITH_FLAGS = /^\/((?:\\.|\[(?:\\.|[^\]\\])*\]|[^\\/[])+)\/([a-z]|[dgimsuvyx]*)$/i;
const PATTERN_ITEMS = /\s*(\/(?:\\.|\[(?:\\.|[^\]\\])*\]|[^\\/[])+\/[dgimsuvy]*(?=\s*(?:,|$))|[^,]*)\s*(?:,|$)/g;
/** A comma or another separator that may be a part of a pattern would make it match something else without notice. */
function readPatterns(text) {
	const json = readJsonList(text);
	return (json ?? [...text.matchAll(PATTERN_ITEMS)].map(([, item = ""]) => item.trim())).flatMap((item) => {
		const [, source, flags] = WITH_FLAGS.exec(item) ?? [];
		if (source !== void 0) return new RegExp(source, flags);
		const mayBeSplit = text.includes(",") && /[(){}[\]]/.test(item);
		if (!json && (mayBeSplit || /^\/.*[;\s]\//s.test(item))) throw new TypeError("write patterns with commas between slashes");
		return item === "" ? [] : item;
	});
}
/** `1=http.route, 2=x`, each name once. */
function readPairs(text) {
	const items = readList(text).map((pair) => {
		const [name = "", ...value] = pair.split("=");
		return [name.trim(), value.join("=").trim()];
	});
	const pairs = Object.fromEntries(items);
	if (Object.keys(pairs).length < items.length) throw new TypeError("a name occurs twice");
	return pairs;
}
const MAX_DISTANCE = 2;
/** Names that people try first. They are too different to be found by their letters. */
const TRIED_NAMES = {
	MATOMO_DNT: "MATOMO_DO_NOT_TRACK",
	MATOMO_ANON_IP: "MATOMO_ANONYMIZE_IP",
	MATOMO_REDACT_PATHS: "MATOMO_REDACT_PATH_PATTERNS",
	MATOMO_TOKEN: "MATOMO_TOKEN_AUTH",
	MATOMO_METER_PROVIDER: "MATOMO_METRICS",
	MATOMO_GATEWAY_TOKEN: "MATOMO_GATEWAY_BEARER_TOKEN"
};
/** Finds variables that nearly have the name of one of these options. Other `MATOMO_*` variables may belong to a Matomo on the same host. */
function findMisspelled(env, declarations) {
	const known = variablesOf(declarations);
	return Object.keys(env).flatMap((name) => {
		if (known.includes(process.platform === "win32" ? name.toUpperCase() : name) || !/^MATOMO_/i.test(name) || textOf$1(name, env) === "") return [];
		const meant = known.find((one) => one.replace("_GATEWAY_", "_") === name) ?? known.find((one) => one === TRIED_NAMES[name.toUpperCase()]) ?? nearestName(name.replace(/_MILLIS$/, ""), known, MAX_DISTANCE);
		if (meant === void 0) return [];
		return [{
			meant,
			problem: `${name} is unknown (did you mean ${meant}?)`
		}];
	});
}
function warnAboutMisspelled(problem, diagnostics) {
	const text = `${problem}. It has no effect. Correct its name, or remove it.`;
	diagnostics.warnOnce(problem, coded("environment-invalid", text));
}
// src/hit/visitor/forwarded-origin.ts
/**
* Makes a function that decides whether the proxy at an address is trusted. `hop` counts from 0, the connection's peer.
*
* @throws An error whose message is the item of the list that is no address, CIDR, address with a netmask, or name.
*/
function createTrust(trustProxy) {
	if (typeof trustProxy === "boolean") return () => trustProxy;
	if (typeof trustProxy === "number") return (_address, hop) => hop < trustProxy;
	return createIsInRanges(trustProxy);
}
/**
* Reads X-Forwarded-* like Express with `trust proxy`: the client is the first address from the right that is not a trusted proxy.
* Scheme and host are trusted if the connection comes from a trusted proxy.
*/
function createToOrigin({ trustProxy, assumeHttps }) {
	const isTrusted = createTrust(trustProxy);
	const isLocal = remember(256, isLocalHost);
	return function toOrigin(claims) {
		const peer = isIPv4(claims.peerAddress ?? "") ? claims.peerAddress : plainAddress(claims.peerAddress);
		if (trustProxy === false || !isTrusted(peer ?? "", 0)) {
			const { host } = claims;
			return {
				address: peer,
				host,
				scheme: chooseScheme(host, claims.scheme)
			};
		}
		const { headers } = claims;
		const host = firstOf(headers.header("x-forwarded-host")) ?? claims.host;
		const proto = firstOf(headers.header("x-forwarded-proto"))?.toLowerCase();
		const address = findClientAddress(peer, headers.header("x-forwarded-for"));
		return {
			address: address && copyText(address),
			host,
			scheme: proto === "http" || proto === "https" ? proto : chooseScheme(host, claims.scheme)
		};
	};
	/** Local hosts usually have no proxy that terminates TLS, and a URL in Matomo's reports should work when it is clicked. */
	function chooseScheme(host, listener) {
		if (listener === "https") return "https";
		return assumeHttps && !(host && isLocal(host)) ? "https" : "http";
	}
	/** The address before an entry that is none, which hides its client: then the last known address counts. */
	function findClientAddress(peer, forwardedFor = "") {
		const hops = forwardedFor.split(",").filter((hop) => hop.trim() !== "");
		let client = peer;
		for (let hop = 1; hop <= Math.min(hops.length, MAX_HOPS); hop++) {
			const address = plainAddress(hops[hops.length - hop]);
			if (address === void 0) return client;
			client = address;
			if (!isTrusted(address, hop)) return client;
		}
		return client;
	}
}
/** The limit of `trustProxy`, more proxies than anybody has. */
const MAX_HOPS = 100;
function firstOf(list) {
	const first = list?.split(",")[0]?.trim();
	return first === "" ? void 0 : first;
}
const LOCAL_NAME = /^[^.]+$|\.(?:localhost|local|internal|test)$/;
/** Created at the first use, so that a process starts sooner. */
let isLocalAddress;
/** Whether a Host header names a host on this machine or in a private network, where plain HTTP is usual. */
function isLocalHost(host) {
	if (!isUrlHost(host)) return false;
	const { hostname } = new URL(`http://${host}/`);
	const name = hostname.replace(/^\[|[\].]$/g, "");
	if (isIP(name) === 0) return LOCAL_NAME.test(name);
	isLocalAddress ??= createIsInRanges([...NAMED_RANGES.keys()]);
	return isLocalAddress(name);
}
// src/request/connection.ts
/** The property of Node's socket that has the state of its connection. */
const CONNECTION = Symbol("opentelemetry-matomo.connection");
function connectionOf(socket) {
	return socket?.[CONNECTION];
}
// src/request/read-user-id.ts
init_messages();
/** The attribute that the option `userId` names. The value of one with a header is a key, which is only sent as a pseudonym. */
function userIdAttributeOf(userId) {
	return typeof userId === "string" && !userIdSourceOf(userId) ? userId : void 0;
}
/**
* Makes user IDs of a header or of a claim of the bearer token: the pseudonym of who sent a request, `undefined` if it names nobody, or its
* credential was never let in. No function if the option `userId` names no such source, or if there is no key for pseudonyms.
*/
function createReadUserId(options, diagnostics) {
	const source = userIdSourceOf(options.userId);
	const key = stableVisitorKey(options);
	if (source === void 0 || key === void 0) return void 0;
	const toPseudonym = createToPseudonym(key);
	/** Digests of headers that the application has let in, in the order in which they were used. */
	const letIn = /* @__PURE__ */ new Set();
	return function readUserId(http, request) {
		const header = request.headerAsSent(source.header);
		const identity = identify(source, header);
		if (identity.kind === "known") {
			const pseudonym = toPseudonym(identity.value);
			const credential = identity.value === header ? pseudonym : toPseudonym(header);
			if (!letIn.delete(credential) && !isLetIn(http)) return void 0;
			letIn.add(credential);
			if (letIn.size > MAX_CREDENTIALS) letIn.delete(letIn.values().next().value);
			return pseudonym;
		}
		if (identity.kind === "none" || !isLetIn(http)) return void 0;
		const text = identity.kind === "token" ? `The header ${source.header} is a JSON Web Token, which changes often. Such requests have no user ID. Set userId to jwt.sub, jwt.client_id or jwt.azp.` : "A bearer token cannot be read as a JSON Web Token. Such requests have no user ID. If your tokens are static keys, set userId to http.request.header.authorization.";
		diagnostics.warnOnce(`user id ${identity.kind}`, coded("user-id-token", text));
	};
}
/** Credentials that are remembered. */
const MAX_CREDENTIALS = 1e4;
/** Whether the response shows that the application has accepted a credential. Otherwise clients could invent users. */
function isLetIn({ method, sentStatus = 0 }) {
	if (method.toUpperCase() === "OPTIONS") return false;
	return sentStatus >= 200 && sentStatus < 300 || sentStatus === 304;
}
// src/request/read-request.ts
init_diagnostics();
init_messages();
/** The longest attributes of a span in a message. */
const MAX_SHOWN_NAMES = 20;
const NO_ANNOTATIONS = [];
/**
* A request as its span describes it, or Node.js if it has none; `undefined` if the span is not of an HTTP request (gRPC, a function
* call). Node's own request wins over attributes of captured headers, and those over other attributes.
*/
function readRequest(request, reading) {
	const { span, incoming, response } = request;
	const attributes = span?.attributes ?? NO_ATTRIBUTES;
	const method = (span && methodOf(attributes)) ?? (incoming && request.method);
	if (method === void 0) return void 0;
	const spanMillis = span ? toMillis(span.duration) : -1;
	const durationMillis = spanMillis < 0 ? request.elapsedMillis : spanMillis;
	const headers = request.readHeaders();
	const userAgent = (incoming && readFirstRaw(incoming, "user-agent")) ?? headers["user-agent"] ?? (incoming ? void 0 : userAgentIn$1(attributes));
	const sender = connectionOf(incoming?.socket);
	const client = clientOf(headers, sender, userAgent);
	const ofSpan = incoming ? void 0 : targetOf(attributes);
	const { path, query } = ofSpan ?? request;
	const contentType = contentTypeOf(request);
	const hasNoEnd = isEndless(request, contentType);
	const reported = span && statusAttribute(attributes);
	let sentStatus = sentStatusOf(request);
	const last = reported ?? (spanMillis < 0 ? response?.statusCode : void 0);
	const isRead = last === response?.statusCode || isHttp2(incoming);
	const status = last !== void 0 && isRead ? sentStatus ?? last : last;
	const incomplete = status === void 0 ? void 0 : unfinishedStatus(request, hasNoEnd);
	const statusCode = incomplete ?? status ?? sentStatus ?? (span && !response ? impliedStatus(span) : 500);
	if (incomplete === void 0) sentStatus ??= reported;
	const origin = reading.toOrigin({
		peerAddress: (span && peerAddressOf(attributes)) ?? incoming?.socket?.remoteAddress,
		host: (incoming && readFirstRaw(incoming, "host")) ?? firstText(headers.host) ?? hostOf(attributes),
		scheme: span ? schemeOf(attributes) : nodeScheme(incoming),
		headers: request
	});
	const http = new HttpRequest();
	http.method = incoming ? request.method : method;
	http.path = path;
	http.query = query;
	const found = routeOf(request, attributes, new RouteTarget(incoming || ofSpan ? path : void 0, statusCode, reading.redactPath));
	http.route = found.route;
	http.titleRoute = found.titleRoute;
	http.service = textOf$2(request.service.attributes["service.name"]);
	http.statusCode = statusCode;
	http.contentType = contentType;
	if (mayHaveOperation(request, http)) http.operation = readOperation(request, http, reading.readsMcp);
	http.host = origin.host;
	http.scheme = origin.scheme;
	http.address = origin.address;
	http.sentStatus = sentStatus;
	http.aborted = (response ? incomplete : reported) === 499;
	http.isEndless = hasNoEnd;
	http.userAgent = client?.userAgent;
	http.acceptLanguage = client ? client.acceptLanguage : decoded$1(headers["accept-language"]);
	http.client = client;
	http.sender = sender;
	http.referrer = firstText(headers.referer);
	http.clientHints = clientHintsOf(headers);
	http.optedOut = readOptOut(headers, incoming, reading);
	http.isPrefetch = isOfPrefetch(headers);
	http.isPageData = mayBePageData(path) && isPageData(path, query, request.header("accept"), contentType);
	http.spanName = textOf$2(span?.name) ?? method;
	http.startMillis = request.startMillis;
	http.durationMillis = durationMillis;
	http.annotations = NO_ANNOTATIONS;
	return http;
}
const OPERATION_PATH = /\/trpc\/|,|\/graphql\/?$|\/mcp\/?$/i;
/** Nearly no request without a body has one. */
function mayHaveOperation({ spanFacts, additions }, { method, path }) {
	if (method === "POST" || (spanFacts?.operation ?? additions?.operation)) return true;
	return OPERATION_PATH.test(path) || mcpPaths.has(path);
}
function hostOf(attributes) {
	const host = textOf$2(attributes["http.host"]);
	if (host !== void 0) return host;
	const address = textOf$2(attributes["server.address"]) ?? textOf$2(attributes["net.host.name"]);
	if (address !== void 0) {
		const port = attributes["server.port"] ?? attributes["net.host.port"];
		const bracketed = address.includes(":") && !address.startsWith("[") ? `[${address}]` : address;
		return port === void 0 || port === 80 || port === 443 ? bracketed : `${bracketed}:${port}`;
	}
	return fullUrl(attributes)?.host;
}
function schemeOf(attributes) {
	return textOf$2(attributes["url.scheme"]) ?? textOf$2(attributes["http.scheme"]) ?? fullUrl(attributes)?.protocol.slice(0, -1);
}
/** The full URL up to its path. */
function fullUrl(attributes) {
	const url = textOf$2(attributes["url.full"]) ?? textOf$2(attributes["http.url"]);
	const origin = ORIGIN$1.exec(url ?? "")?.[0];
	return origin !== void 0 && URL.canParse(origin) ? new URL(origin) : void 0;
}
/** Limited to the longest host and port: the URL parser takes quadratic time for Unicode letters in a host. */
const ORIGIN$1 = /^[a-z][a-z\d+.-]{0,30}:\/\/[^/?#\\]{1,259}(?=[/?#\\]|$)/i;
function createRequestReading(options, diagnostics) {
	return {
		toOrigin: createToOrigin(options),
		/** The path as it is sent. */
		redactPath: createRedactPath(options.redactPathPatterns),
		/** Lower-case names of headers that attributes have if they were sent. */
		capturedHeaders: new Set(options.capturedHeaders),
		/** Whether clients can opt out. */
		readsOptOut: options.doNotTrack === true,
		/** Whether requests to MCP servers are recognized. */
		readsMcp: options.mcp !== "off",
		/** Attribute that contains the user. */
		userIdAttribute: userIdAttributeOf(options.userId),
		/** What is sent of the value of that attribute. */
		toUserId: createToSentAttribute(options),
		reportPerfKey: (value) => diagnostics.warnOnce("perf_key", () => coded("parameter-invalid", `A span has matomo.perf_key ${show(value)}, which is invalid. It is ignored. Use one of ${PERF_KEYS.join(", ")}.`)),
		/** Reports a SERVER span without a method, once for each service. */
		reportUnreadRequest({ attributes, resource }) {
			const service = show(resource?.attributes?.["service.name"] ?? "unknown");
			diagnostics.warnOnce(`server-span ${service}`, () => {
				const names = Object.keys(attributes);
				const shown = names.length > 0 ? names.slice(0, MAX_SHOWN_NAMES).map(show).join(", ") : "none";
				return coded("spans-without-method", `Service ${service} has SERVER spans without an HTTP method, which make no hits. Attributes of the first one: ${shown}. If they are of HTTP requests, set http.request.method, url.path and http.response.status_code on them, or use an instrumentation that does.`);
			});
		}
	};
}
// src/tracker/callbacks.ts
init_describe_error();
init_messages();
/** What a call that failed returns. */
const FAILED = Symbol("failed");
/** What options say of a request. Those that no option needs are `undefined`. */
function createOptionCallbacks(options, diagnostics) {
	const { beforeSend, ignore, siteId } = options;
	const parameters = parametersFor(options, diagnostics);
	const ownSite = siteOfService(siteId, serviceDefaultsOf(void 0));
	/** What a function of the application returns, or `FAILED`, which is logged once. */
	function call(option, read, ...args) {
		try {
			const result = read(...args);
			if (!isThenable(result)) return result;
			result.then(void 0, () => void 0);
			report(option, "returned a promise");
		} catch (error) {
			report(option, `threw ${errorName(error)}`);
		}
		return FAILED;
	}
	function report(option, what) {
		const text = `The option ${option} ${what}. ${EFFECTS[option] ?? NO_RESULT}.`;
		diagnostics.warnOnce(`throws ${option}`, coded("callback-failed", text));
	}
	/** The site that a function names. */
	function chosenSite(http, request) {
		const result = call("siteId", fromFunction(siteId), http, request);
		if (result === void 0 || result === FAILED) return void 0;
		const site = toSiteId(result);
		if (site === void 0) diagnostics.warnOnce("siteId value", coded("site-id-value", NO_SITE_ID));
		return site;
	}
	return {
		/** Whether any of them is a function, which needs the async context of its request. */
		hasFunctions: [...Object.values(options), ...Object.values(options.dimensions)].some(isFunction),
		/** If the function fails, the hit is dropped: it may exist to keep data from Matomo. Returns a copy, because to read it may throw, too. */
		beforeSend: beforeSend && function callBeforeSend(sent) {
			const read = (given) => {
				const returned = beforeSend(given);
				return isRecord(returned) ? { ...returned } : returned;
			};
			const returned = call("beforeSend", read, sent);
			if (isRecord(returned)) return returned;
			if (returned !== null && returned !== FAILED) report("beforeSend", `returned ${Array.isArray(returned) ? "a list" : typeof returned}`);
		},
		/** What the application leaves out. If it cannot say, that is everything. */
		findIgnored: isFunction(ignore) ? (http, request) => {
			const result = call("ignore", fromFunction(ignore), http, request);
			if (result === FAILED) return "all";
			return result ? "page" : void 0;
		} : void 0,
		/** The site of all requests without a span, unless a function chooses it. */
		ownSite,
		/** The site of the request; `undefined`: not tracked. */
		siteOf(http, request) {
			const known = siteOfService(siteId, request.service);
			return known === void 0 && isFunction(siteId) ? chosenSite(http, request) : known;
		},
		/** Tracking parameters for the request, not yet checked. */
		parametersOf: parameters.length === 0 ? void 0 : (http, request) => {
			const set = {};
			for (const { parameter, option, read } of parameters) {
				const value = call(option, read, http, request);
				if (value !== void 0 && value !== FAILED) set[parameter] = value;
			}
			return set;
		}
	};
}
/** Calls a function of the application with the request as callbacks see it. */
function fromFunction(option) {
	return (http, request) => option(new CallbackArgument(http, request));
}
/** A request as callbacks see it, without what is not known. `header` and `attributes` work until the callback has returned. */
var CallbackArgument = class {
	#request;
	constructor(http, request) {
		const { method, path, query, route, host, userAgent, address } = http;
		this.#request = request;
		const all = {
			method,
			path,
			query,
			route,
			host: host && decodeLatin1(host),
			userAgent,
			address,
			protocol: http.scheme,
			statusCode: http.statusCode,
			aborted: http.aborted,
			traceId: request.traceId || void 0,
			header: (name) => request.headerAsSent(name.toLowerCase()),
			durationMillis: http.durationMillis,
			startTime: http.startMillis
		};
		for (const [name, value] of Object.entries(all)) if (value !== void 0) Object.assign(this, { [name]: value });
	}
	get attributes() {
		const { attributes, service } = this.#request;
		return {
			...service.attributes,
			...attributes
		};
	}
};
const NO_RESULT = "Its result counts as undefined. Fix the function";
/** Of functions that keep data from Matomo. */
const EFFECTS = {
	ignore: "The request is not tracked, and neither are its additional hits. Fix the function",
	beforeSend: "The hit was dropped. Return the parameters, or null to drop a hit on purpose"
};
const NO_SITE_ID = "The option siteId returned a value that is not a site ID. The request is not tracked. Return a positive whole number, or undefined to track nothing.";
/** The site of a service: `matomo.idsite` of its resource wins over the option. `undefined` if there is none, or a function chooses it. */
function siteOfService(siteId, { site, attributes }) {
	if (site !== void 0 || typeof siteId === "function") return site;
	if (typeof siteId === "number") return siteId;
	return findServiceSite(siteId, attributes["service.name"]);
}
function parametersFor(options, diagnostics) {
	const { actionName, userId, visitorId, dimensions } = options;
	const toReadSource = createReadSource(options);
	const parameters = [];
	const add = (parameter, option, read) => {
		if (read) parameters.push({
			parameter,
			option,
			read
		});
	};
	const readUserId = createReadUserId(options, diagnostics);
	const readCookie = ({ site }, request) => visitorOfCookie(request.headerAsSent("cookie"), site);
	const ofCaller = readUserId;
	const ofVisitor = visitorId === "cookie" ? readCookie : void 0;
	add("action_name", "actionName", isFunction(actionName) ? fromFunction(actionName) : void 0);
	add("uid", "userId", isFunction(userId) ? fromFunction(userId) : ofCaller);
	add("cid", "visitorId", isFunction(visitorId) ? fromFunction(visitorId) : ofVisitor);
	for (const [id, source] of Object.entries(dimensions)) {
		if (typeof source === "string" && isFromRequest(source)) continue;
		const read = isFunction(source) ? fromFunction((request) => toText(source(request))) : toReadSource(source);
		add(`dimension${id}`, `dimensions[${id}]`, read);
	}
	return parameters;
}
function isFunction(option) {
	return typeof option === "function";
}
/** Old names of attributes that spans of older instrumentations have instead. */
const OLD_NAMES = {
	"server.address": "net.host.name",
	"server.port": "net.host.port",
	"network.peer.port": "net.peer.port",
	"network.protocol.version": "http.flavor",
	"network.transport": "net.transport",
	"error.type": "http.error_name"
};
/** Attributes that are derived from the request, unless the span has them. */
const DERIVED = {
	trace_id: (_http, request) => request.traceId || void 0,
	span_id: (_http, request) => request.spanId || void 0,
	"user_agent.name": ({ userAgent }) => productOf(userAgent)?.name,
	"user_agent.version": ({ userAgent }) => productOf(userAgent)?.version
};
/** Makes what reads the source of a dimension: a header, an attribute, or what is derived from the request. */
function createReadSource(options) {
	const toSentAttribute = createToSentAttribute(options);
	return function toReadSource(source) {
		function toSent(value) {
			return typeof value === "string" ? toSentAttribute(source, value) || void 0 : value;
		}
		const named = headerAttributeOf(source);
		if (named) {
			const { direction, header } = named;
			const isOfResponse = direction === "response";
			return (_http, request) => toSent(isOfResponse ? readResponseHeader(request, header) : request.headerAsSent(header));
		}
		const derive = Object.hasOwn(DERIVED, source) ? DERIVED[source] : void 0;
		if (derive) return (http, request) => toText(request.attributes[source]) ?? derive(http, request);
		const oldName = OLD_NAMES[source] ?? "";
		return (_http, { attributes, service }) => toSent(toText(attributes[source] ?? attributes[oldName] ?? service.attributes[source]));
	};
}
/** A list with a number that is not finite is that number, which is reported and not sent. */
function toText(value) {
	if (Array.isArray(value)) return hasNonFiniteNumber(value) ? NaN : value.join(",");
	return typeof value === "boolean" ? String(value) : value;
}
// src/tracker/additional-hits.ts
init_timers();
/** How long a hit waits for the end of its request if it is to be in a spool soon. */
const SPOOL_WAIT_MILLIS = 200;
/**
* Hits besides page views. In an open request they wait for its end, and follow its page view. If the request runs for long, and after its
* end, they are built at once.
*/
var AdditionalHits = class {
	#parts;
	#waitMillis;
	/** Requests with hits that wait for their end, or did so a short time ago: a map would keep what was removed in memory for long. */
	#open = [];
	#scope = new AsyncScope("MatomoAdditionalHits");
	#timer;
	constructor(parts) {
		this.#parts = parts;
		const { scheduledDelayMillis: mostMillis, spool } = parts.options;
		this.#waitMillis = spool === void 0 ? mostMillis : Math.min(mostMillis, SPOOL_WAIT_MILLIS);
	}
	/** `unknown`: it belongs to a request, of which nothing is known any more. */
	add(unchecked, request) {
		const hit = this.#parts.builder().check(unchecked);
		if (!hit) this.#drop("invalid");
		else if (request === void 0) this.#addWithoutRequest(hit);
		else if (request !== "unknown" && isKnown(request)) this.#addToRequest(hit, request);
		else if (this.#parts.allowsUnknown()) this.#addWithoutRequest(hit);
	}
	/** A call that makes no hit at all. */
	refuse(key, message) {
		this.#parts.report(key, () => message);
		this.#drop("invalid");
	}
	/** Builds what waits for the end of a request, whose page view was just built. */
	end(hits, shared) {
		for (const hit of hits.waiting.splice(0)) this.#build(hit, shared, true);
	}
	/** The request has turned out to be none of HTTP, but the call of a function, for instance. */
	endWithoutHttp({ waiting }) {
		for (const hit of waiting.splice(0)) this.#addWithoutRequest(hit);
	}
	/** Counts what waits for the end of a request that cannot be read. */
	lose({ waiting }, error) {
		for (const _hit of waiting.splice(0)) {
			this.#parts.lose(error);
			this.#parts.counts.additionalHits += 1;
		}
	}
	/** Builds what waits for the end of open requests. */
	endWaiting() {
		for (const request of this.#takeOpen()) this.#buildOpen(request);
	}
	#addToRequest(hit, request) {
		request.hits ??= new AddedHits();
		const { hits, shared } = request;
		hits.count += 1;
		if (hits.count > 100) {
			this.#parts.report("additional too_many", () => TOO_MANY_HITS);
			this.#drop("too_many");
		} else if (shared !== void 0) this.#build(hit, shared);
		else {
			hits.waiting.push(hit);
			if (request.isEnded) return;
			if (request.elapsedMillis >= this.#waitMillis) this.#buildOpen(request);
			else if (hits.waiting.length === 1) {
				hits.sinceMillis = performance.now();
				this.#watch(request);
			}
		}
	}
	/** Looks twice per wait: the first of them waits for half as long again. */
	#watch(request) {
		this.#open.push(request);
		this.#timer ??= this.#scope.runInAsyncScope(() => setTimeout(() => this.#look(), Math.max(1, this.#waitMillis / 2)).unref());
	}
	#look() {
		this.#timer = void 0;
		const lastMillis = performance.now() - this.#waitMillis;
		for (const request of this.#takeOpen()) {
			const isEnding = request.closedMillis > 0;
			if ((request.hits?.sinceMillis ?? 0) <= lastMillis && !isEnding) this.#buildOpen(request);
			else this.#watch(request);
		}
	}
	/** Those with hits that still wait. */
	#takeOpen() {
		const open = this.#open.filter(({ hits }) => hits?.waiting.length);
		this.#open = [];
		return open;
	}
	#buildOpen(request) {
		const { hits } = request;
		if (!hits) return;
		try {
			const shared = this.#parts.shareOpen(request);
			if (shared === void 0) this.endWithoutHttp(hits);
			else for (const hit of hits.waiting.splice(0)) this.#build(hit, shared);
		} catch (error) {
			this.lose(hits, error);
		}
	}
	/** @param isNext whether it is put right after its page view */
	#build(hit, shared, isNext = false) {
		const { builder, options } = this.#parts;
		if (!isShared(shared)) return;
		const uid = hit.own.get("uid");
		if (uid !== void 0 && !isInSample(uid, options.sampleRate)) return;
		this.#put(() => {
			const built = builder().buildAdditionalHit(hit, shared, Date.now());
			return built && !isNext ? sortBehindPages(built) : built;
		});
	}
	#addWithoutRequest(hit) {
		const { privacy, sampleRate, siteId } = this.#parts.options;
		const hidesOtherUserIds = privacy === "strict";
		const visitor = (hidesOtherUserIds ? void 0 : hit.own.get("uid")) ?? hit.own.get("cid");
		const site = toSiteId(hit.own.get("idsite")) ?? siteOfService(siteId, serviceDefaultsOf(void 0));
		if (visitor === void 0) {
			const text = hidesOtherUserIds ? NO_VISITOR_ID : NO_VISITOR;
			this.#parts.report("additional no_visitor", () => text);
			this.#drop("no_visitor");
		} else if (site === void 0) this.refuse("additional site", NO_SITE);
		else if (isInSample(visitor, sampleRate)) this.#put(() => this.#parts.builder().buildHitWithoutRequest(hit, site, Date.now()));
	}
	/** Counts and queues a hit, unless `beforeSend` drops it. */
	#put(build) {
		const { counts, delivery, lose } = this.#parts;
		try {
			const hit = build();
			if (!hit) {
				this.#drop("predicate");
				return;
			}
			counts.hits += 1;
			counts.additionalHits += 1;
			delivery.put(hit);
		} catch (error) {
			lose(error);
			counts.additionalHits += 1;
		}
	}
	#drop(reason) {
		this.#parts.counts.dropped[reason] += 1;
	}
};
/** Whether a request is open, or its end has left what its hits need. */
function isKnown({ isEnded, hits, shared }) {
	return !isEnded || hits !== void 0 || shared !== void 0;
}
function isShared(shared) {
	return typeof shared === "object";
}
/** A hit that is not queued right after its page view. In a bulk with both, it comes after the page views of the same second. */
function sortBehindPages(hit) {
	return Object.assign(hit, { startSeconds: hit.startSeconds + .5 });
}
const TOO_MANY_HITS = `A request has more than 100 additional hits. The others were dropped. Track one hit with the total instead.`;
const NO_VISITOR = "A hit outside of a request has neither uid nor cid. It was dropped. Set uid or cid in the call.";
const NO_VISITOR_ID = "A hit outside of a request has no cid, and with the option privacy no uid is sent. It was dropped. Set cid in the call.";
const NO_SITE = "A hit outside of a request has no idsite, and siteId names no site for it. It was dropped. Set idsite in the call.";
// src/common/visitor-keys.ts
init_timers();
const DAY_MILLIS = 864e5;
/** How long yesterday's key is kept for requests that have not ended. */
const LATE_MILLIS = 36e5;
/** How long before midnight tomorrow's key is read from a spool, so that no request waits for it. */
const EARLY_MILLIS = 6e5;
const PRUNE_MILLIS = 6e4;
/** A key that does not change. */
var StableKey = class {
	days = [void 0];
	#key;
	find() {
		return this.#key;
	}
	learn(_day, key) {
		this.#key ??= key;
	}
};
/** Random keys of visitor IDs, one for each UTC day. A key that was deleted does not come back. */
var DailyKeys = class {
	#keys = /* @__PURE__ */ new Map();
	#timer;
	constructor() {
		const scope = new AsyncScope("MatomoDailyKeys");
		const prune = () => this.#prune();
		this.#timer = scope.runInAsyncScope(() => setInterval(prune, PRUNE_MILLIS)).unref();
	}
	get days() {
		const now = Date.now();
		const first = Math.floor((now - LATE_MILLIS) / DAY_MILLIS);
		const last = Math.floor((now + EARLY_MILLIS) / DAY_MILLIS);
		return first === last ? [first] : [first, last];
	}
	/** The key of a UTC day, this process' own one if no spool has provided it; `undefined` if the day is over. */
	keyOf = (day) => {
		this.#prune();
		if (!this.#keys.has(day) && this.days.includes(day)) this.learn(day, randomBytes(32));
		return this.#keys.get(day);
	};
	find(day) {
		return this.#keys.get(day);
	}
	learn(day, key) {
		if (!this.#keys.has(day)) this.#keys.set(day, key);
	}
	close() {
		clearInterval(this.#timer);
	}
	#prune() {
		const { days } = this;
		for (const day of this.#keys.keys()) if (!days.includes(day)) this.#keys.delete(day);
	}
};
// src/delivery/memory-store.ts
init_counts();
/** Memory of a hit besides its text. */
const OBJECT_BYTES = 100;
/** More than a hit usually takes. */
const USUAL_BYTES = 3355;
const MEBIBYTE = 1024 ** 2;
/** Hits in memory, bounded by their number and bytes. */
var MemoryStore = class {
	/** Hits, with those that are claimed. */
	count = 0;
	#bytes = 0;
	#hits = [];
	/** When the oldest that is not claimed was put, on the monotonic clock; `Infinity` if there is none. */
	oldestMillis = Number.POSITIVE_INFINITY;
	/** Some were claimed, and came back without a result. */
	hasReturned = false;
	#counts;
	#maxHits;
	#maxBytes;
	constructor(counts, maxHits) {
		this.#counts = counts;
		this.#maxHits = maxHits;
		this.#maxBytes = Math.max(MEBIBYTE, USUAL_BYTES * maxHits);
	}
	/** How many hits can be claimed. */
	get waiting() {
		return this.#hits.length;
	}
	/** Whether so many hits with so much memory can be put. To lose the end of a visit is better than to lose its start. */
	hasRoom(hits, bytes) {
		return this.count + hits <= this.#maxHits && this.#bytes + bytes <= this.#maxBytes;
	}
	put(hits) {
		const bytes = memoryOf(hits);
		if (!this.hasRoom(hits.length, bytes)) return false;
		this.count += hits.length;
		this.#bytes += bytes;
		if (this.#hits.length === 0) this.oldestMillis = performance.now();
		for (const hit of hits) this.#hits.push(hit);
		return true;
	}
	claim(most) {
		const { oldestMillis } = this;
		const hits = this.#hits.splice(0, most);
		if (hits.length === 0) return void 0;
		this.oldestMillis = this.#hits.length > 0 ? performance.now() : Number.POSITIVE_INFINITY;
		this.hasReturned = false;
		let isDone = false;
		const doneNow = (results, back, isBehind = true) => {
			if (isDone) return;
			isDone = true;
			this.count += back.length - hits.length;
			this.#bytes += memoryOf(back) - memoryOf(hits);
			if (back.length > 0) this.oldestMillis = oldestMillis;
			this.hasReturned ||= back.length > 0;
			this.#hits = isBehind ? [...this.#hits, ...back] : [...back, ...this.#hits];
			addResults(this.#counts, results);
		};
		return {
			hits,
			doneNow,
			done: async (results, back, isBehind) => {
				doneNow(results, back, isBehind);
				return true;
			}
		};
	}
};
function memoryOf(hits) {
	return hits.reduce((sum, { query }) => sum + query.length + OBJECT_BYTES, 0);
}
// src/delivery/answer.ts
init_describe_error();
/** Classifies an exchange: only status, content type and counters of the answer together show what was stored. */
function interpretAnswer(exchange, known) {
	switch (exchange.kind) {
		case "not_sent": return {
			kind: "later",
			code: "unreachable",
			reason: `Matomo cannot be reached (${codeOf(exchange.error)})`
		};
		case "no_answer": {
			const { begun } = exchange;
			if (begun && readCounters(begun.body, known.sent)) return readStatus(begun, known);
			return {
				kind: "unconfirmed",
				code: "no-answer",
				reason: `Matomo did not answer (${codeOf(exchange.error)})`
			};
		}
		case "printed": return {
			kind: "accepted",
			warning: void 0
		};
		case "answer": return readStatus(exchange, known);
	}
}
const BUSY = {
	kind: "later",
	code: "unavailable"
};
const REFUSED$1 = {
	kind: "failed",
	code: "request-rejected"
};
/** nginx also answers 502 if PHP dies after the commit, and a proxy's own status above 504 proves no more. */
const UNCLEAR = {
	kind: "failed",
	code: "unavailable"
};
const MEANINGS = {
	401: {
		kind: "later",
		code: "request-rejected"
	},
	408: BUSY,
	429: BUSY,
	500: {
		kind: "failed",
		code: "rolled-back"
	},
	501: BUSY,
	503: BUSY,
	504: {
		kind: "unconfirmed",
		code: "no-answer"
	}
};
function readStatus(answer, known) {
	const { status, retryAfter } = answer;
	const counters = isImage(answer) ? void 0 : readCounters(answer.body, known.sent);
	if (counters && (status < 300 || status === 500 && counters.isSuccess)) return readCounted(counters, known);
	if (status < 300) return readWithoutCounters(answer, known);
	if (status === 413) return { kind: "too_large" };
	const reason = `Matomo answered with status ${status} (${countOf(known.sent)})`;
	if (status < 400) return {
		kind: "later",
		code: "redirected",
		reason: `${reason} and redirects to ${target(answer.location, known)}, which is not followed`
	};
	const meaning = MEANINGS[status] ?? (status < 500 ? REFUSED$1 : UNCLEAR);
	const ofOthers = meaning === UNCLEAR ? known.sent : status === 500 ? known.sent - 1 : 0;
	const mayBeStored = counters?.tracked ?? ofOthers;
	return {
		...meaning,
		mayBeStored,
		retryAfter,
		reason
	};
}
function readCounted(counters, known) {
	const hits = countOf(known.sent);
	if (!counters.isSuccess) return {
		kind: "failed",
		code: "rolled-back",
		reason: `Matomo failed to process ${hits}`,
		mayBeStored: counters.tracked
	};
	const tracked = Math.min(counters.tracked, known.sent);
	const invalid = Math.min(counters.invalid, known.sent - tracked);
	if (tracked + invalid === 0) return {
		kind: "failed",
		code: "hits-not-counted",
		reason: `Matomo neither tracked nor rejected ${hits}. Either its database timed out on a lock, and some hits may be stored, or tracking is turned off (record_statistics)`,
		mayBeStored: known.sent
	};
	if (tracked === 0 && known.hasToken && !counters.namesInvalid) return {
		kind: "all_invalid",
		code: "token-rejected",
		reason: `Matomo rejected all of ${hits} sent with a token`
	};
	const result = {
		kind: "processed",
		tracked,
		invalid,
		unconfirmed: known.sent - tracked - invalid
	};
	if (tracked > 0) return result;
	const reason = `Matomo rejected all of ${hits}, counted as invalid`;
	return {
		...result,
		warning: {
			code: "site-unknown",
			reason
		}
	};
}
/** An answer with status 2xx that has no counters. */
function readWithoutCounters(answer, known) {
	const { status, body } = answer;
	const hits = countOf(known.sent);
	if (isImage(answer) || body.trim() === "") return {
		kind: "accepted",
		warning: {
			code: "nothing-confirmed",
			reason: `Matomo confirms no hit: it answers with ${isImage(answer) ? "an image" : "an empty body"} instead of counters (status ${status}). Hits count as accepted`
		}
	};
	const reason = `The server answered with status ${status} (${hits}), but not as Matomo's tracker does (${plain(answer.contentType, known) || "no content type"})`;
	const isPage = IS_PAGE.test(body);
	if (status !== 200 && !isPage) return {
		kind: "accepted",
		warning: {
			code: "not-matomo",
			reason: `${reason}; the hits count as accepted`
		}
	};
	if (!known.isMatomo) return {
		kind: "later",
		code: "not-matomo",
		reason
	};
	const [, state] = SQL_STATE.exec(body) ?? [];
	if (state !== void 0) return {
		kind: "failed",
		code: "rolled-back",
		reason: `Matomo's database failed (${plain(state, known)}) with ${hits}`,
		mayBeStored: known.sent - 1
	};
	if (isPage) return {
		kind: "failed",
		code: "not-matomo",
		reason,
		mayBeStored: known.sent
	};
	const warning = {
		code: "not-matomo",
		reason: `${reason}, so hits count as unconfirmed, and are not sent again`
	};
	return {
		kind: "processed",
		tracked: 0,
		invalid: 0,
		unconfirmed: known.sent,
		warning
	};
}
function isImage({ body, contentType }) {
	return /^\s*image\//i.test(contentType) || body.startsWith("GIF8");
}
/** If Matomo's database fails during a bulk, Matomo answers 200, and nothing of the bulk is stored. */
const SQL_STATE = /(?:^|\n)[\ufeff\s]{0,8}Error:.{0,100}?(SQLSTATE.{0,7})/;
const IS_PAGE = /<(?:!doctype|html)\b/i;
/** The target of a redirect, without credentials, path parameters and query, which may repeat what was sent. */
function target(location, known) {
	if (!location) return "nowhere";
	return plain(location.replace(/^([a-z][a-z\d+.-]*:)?([\\/]*)[^\\/]*@/i, "$1$2").replace(/[?#;].*/, ""), known);
}
/** Foreign text in a form that is safe to log. A server may repeat what was sent. */
function plain(text, { token }) {
	const printable = text.replace(/[^\x20-\x7e]/g, "");
	return (token === void 0 ? printable : printable.replaceAll(token, "…")).slice(0, 200);
}
/** As Matomo writes them. Takes linear time. */
const COUNTERS = /\{\s*"status"\s*:\s*"(success|error)"\s*,\s*"tracked"\s*:\s*(\d{1,15})\s*,\s*"invalid"\s*:\s*(\d{1,15})\s*(?:,\s*"invalid_indices"\s*:\s*\[([\d\s,]*)\]\s*)?[,}]/g;
/**
* The counters in the answer to a bulk, whatever PHP, a proxy or a hoster wrote before and after them. If a text has counters of its own,
* those are Matomo's that add up to the hits that were sent.
*/
function readCounters(body, sent) {
	const all = Array.from(body.matchAll(COUNTERS), toCounters);
	return all.find(({ tracked, invalid }) => tracked + invalid === sent) ?? all.at(-1);
}
function toCounters([, status, tracked, invalid, indices = ""]) {
	return {
		isSuccess: status === "success",
		tracked: Number(tracked),
		invalid: Number(invalid),
		namesInvalid: /\d/.test(indices)
	};
}
// src/delivery/failing-clients.ts
/** Of a client, so many more hits were rejected than stored. */
const MAX_REJECTED = 10;
/** Since the last one of them was rejected. */
const KEPT_MILLIS = 6e5;
const MAX_KEYS = 1e3;
/**
* Clients of whom a server rejects hits, such as scanners: without this, one that sends many takes the attempts of all others. The price is
* that their good hits are rejected with the bad ones. Visitors count as well: behind a proxy that is not declared, all have one address.
* Empty if no hit was rejected.
*/
var FailingClients = class {
	/** Rejected hits minus stored ones, in the order of the latest rejections. */
	#marks = /* @__PURE__ */ new Map();
	#now;
	constructor(now) {
		this.#now = now;
	}
	/** Parts hits: those of each such client, and others. */
	split(hits) {
		this.#forgetOld();
		if (this.#marks.size === 0) return {
			ofClients: [],
			others: hits
		};
		const ofClients = /* @__PURE__ */ new Map();
		const others = [];
		for (const hit of hits) {
			const isFailing = (key) => (this.#marks.get(key)?.excess ?? 0) >= MAX_REJECTED;
			const key = keysOf(hit).find(isFailing);
			if (key === void 0) others.push(hit);
			else ofClients.set(key, [...ofClients.get(key) ?? [], hit]);
		}
		return {
			ofClients: [...ofClients.values()],
			others
		};
	}
	addRejected(hits) {
		for (const hit of hits) for (const key of keysOf(hit)) {
			const excess = (this.#marks.get(key)?.excess ?? 0) + 1;
			this.#marks.delete(key);
			this.#marks.set(key, {
				excess,
				millis: this.#now()
			});
			if (excess > MAX_REJECTED) break;
		}
		this.#forgetOld();
	}
	addStored(hits) {
		if (this.#marks.size === 0) return;
		for (const key of hits.flatMap(keysOf)) {
			const mark = this.#marks.get(key);
			if (!mark) continue;
			mark.excess -= 1;
			if (mark.excess <= 0) this.#marks.delete(key);
		}
	}
	#forgetOld() {
		for (const [key, { millis }] of this.#marks) {
			if (this.#marks.size <= MAX_KEYS && this.#now() - millis < KEPT_MILLIS) return;
			this.#marks.delete(key);
		}
	}
};
/** One that is empty is that of many. */
function keysOf({ client, visitor }) {
	return [visitor, client].filter((key, index, keys) => key !== "" && keys.indexOf(key) === index);
}
// src/delivery/token.ts
/** Decides, if Matomo rejects all hits of a bulk, whether they are invalid or the token with which they were sent. */
var Token = class {
	value;
	isRejected = false;
	#reread;
	/** The clocks, in epoch milliseconds. */
	#wallMillis;
	/** All hits of a bulk were invalid, and none was tracked since. */
	#isInDoubt = false;
	/** When hits were last tracked. */
	#trackedMillis = Number.NEGATIVE_INFINITY;
	constructor({ tokenAuth, rereadToken = () => void 0 }, wallMillis) {
		this.value = tokenAuth;
		this.#reread = rereadToken;
		this.#wallMillis = wallMillis;
	}
	/** Returns whether the token is another one than before. A missing or empty file keeps the old one. */
	reread() {
		const value = this.#reread() ?? this.value;
		if (value === this.value) return false;
		this.value = value;
		this.isRejected = false;
		this.#isInDoubt = false;
		return true;
	}
	/** Hits were tracked with it. */
	accept() {
		this.isRejected = false;
		this.#isInDoubt = false;
		this.#trackedMillis = this.#wallMillis();
	}
	/** Parts hits that were all rejected. If `others` are the second bulk in a row, the token is rejected. */
	judge(hits) {
		const isInvalid = ({ invalidSeconds = Infinity }) => invalidSeconds * 1e3 < this.#trackedMillis;
		const others = hits.filter((hit) => !isInvalid(hit));
		if (others.length > 0) {
			this.isRejected ||= this.#isInDoubt;
			this.#isInDoubt = true;
		}
		return {
			invalid: hits.filter(isInvalid),
			others
		};
	}
};
// src/delivery/sender.ts
init_counts();
/** A single hit that has failed so often, each time right after another request had succeeded, is rejected. */
const MAX_FAILURES = 5;
/** So many suspects are sent after a request that has succeeded: then the next bulk shows whether the server still works. */
const MAX_SUSPECTS = 10;
/** Requests that fail in a row, after which the server may be the cause: those of a search for one hit, and four. */
const mostInRow = (maxBulkHits) => Math.ceil(Math.log2(maxBulkHits)) + 5;
/** Hits of other clients that are tried then. */
const MAX_PROBES = 3;
/** With `resendUnconfirmed`. */
const MAX_RESENDS = 3;
/** A claim begins no request after so long. A minute and the time-out of a request later, it is that of a dead process. */
const CLAIM_MILLIS = 45e3;
const SECOND = 1e3;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** Without a token, Matomo rejects hits older than 24 hours. Ten minutes are reserved for sending. */
const OLDEST_WITHOUT_TOKEN_MILLIS = 24 * HOUR - 10 * MINUTE;
/** A spool keeps personal data no longer. */
const OLDEST_IN_SPOOL_MILLIS = 168 * HOUR;
const BACK_OFF = {
	millis: [
		1,
		2,
		4,
		8,
		16,
		32,
		60
	].map((wait) => wait * SECOND),
	jitter: .5
};
/** If hits may be the cause: others must not wait for long. */
const SEARCH$1 = {
	millis: [
		1,
		2,
		4,
		8,
		10
	].map((wait) => wait * SECOND),
	jitter: .5
};
/** Matomo knows a new token after five minutes, and locks an address out after 20 rejections of a token in an hour. */
const TOKEN$6 = {
	millis: [
		5.5,
		20,
		40,
		60
	].map((wait) => wait * MINUTE),
	jitter: 0
};
/**
* Decides what is sent, what becomes of hits, and when sending waits. It does no I/O. The rule for hits that fail:
*
* 1. A bulk that may have failed because of one of its hits is halved at once, and so is each half that fails, down to one hit.
* 2. A hit that has failed alone is a suspect. After each request that succeeds, it is sent again, alone. If it fails then, that counts; the
*    fifth time, it is rejected. At the end of its claim it goes behind all others, and takes its count with it.
* 3. All hits in a claim of a client whose hits are rejected (`FailingClients`) are one suspect, which is not halved.
* 4. If a dozen requests fail in a row, hits of random clients are tried. If these fail too, or all of a claim, the server is the cause: the
*    claim goes behind all others, and sending waits. From then on, an attempt begins with a hit of a random client, until one succeeds.
* 5. If the server has not looked at the hits, they keep their place, and sending waits. If that is not known, they are lost as unconfirmed, or
*    with `resendUnconfirmed` sent again.
* 6. A bulk of which all hits are invalid goes behind all others. If others are tracked before it fails again, it is invalid. If the next one is
*    all invalid too, the token is rejected: all hits wait for long, or for another token.
*/
var Sender = class {
	/** Nothing is sent before, except by a flush. */
	waitUntilMillis = Number.NEGATIVE_INFINITY;
	/** When Matomo last tracked or accepted hits, or the start. */
	lastSuccessMillis;
	/** At the end of a process, the request in flight is cut short, which says nothing about Matomo. */
	isClosing = false;
	#parts;
	#now;
	#wallMillis;
	#clients;
	#token;
	/** Counters have been read. */
	#isMatomo = false;
	/** The latest request has succeeded, but for those of suspects. */
	#works = false;
	/** An attempt has failed, and none has succeeded since. */
	#isDown = false;
	/** How often sending has waited since the last success. */
	#waits = 0;
	constructor(parts) {
		this.#parts = parts;
		this.#now = parts.now ?? (() => performance.now());
		this.#wallMillis = parts.wallMillis ?? (() => Date.now());
		this.#clients = new FailingClients(this.#now);
		this.#token = new Token(parts.options, this.#wallMillis);
		this.lastSuccessMillis = this.#now();
	}
	/** Whether an attempt may begin. If Matomo has rejected the token, another one ends the wait, and no flush does. */
	mayBegin(isFlush) {
		const token = this.#token;
		if (token.isRejected && token.reread()) this.waitUntilMillis = Number.NEGATIVE_INFINITY;
		return isFlush && !token.isRejected || this.#now() >= this.waitUntilMillis;
	}
	/** Begins to send the hits of a claim, but for those that are too old. `sinceMillis`: before it was made, on the monotonic clock. */
	begin(claim, sinceMillis = this.#now(), isOfSpool = false) {
		const { maxExportBatchSize } = this.#parts.options;
		const fresh = claim.hits.filter((hit) => this.#isFresh(hit, isOfSpool));
		const { ofClients, others } = this.#clients.split(fresh);
		const untried = others.filter(({ failures }) => failures === void 0);
		const suspects = others.filter(({ failures }) => failures !== void 0);
		const attempt = {
			claim,
			endMillis: sinceMillis + CLAIM_MILLIS,
			bulks: toBulks(untried, maxExportBatchSize),
			suspects: [...suspects.map((hit) => [hit]), ...ofClients.flatMap((hits) => toBulks(hits, maxExportBatchSize))],
			tried: [],
			inFlight: [],
			results: { expired: claim.hits.length - fresh.length },
			back: [],
			isBehind: true
		};
		if (!this.#isDown || this.#isolateAny(attempt)) return attempt;
		const { length } = attempt.suspects;
		if (length > 1) attempt.suspects.unshift(...attempt.suspects.splice(this.#pick(length), 1));
		return attempt;
	}
	/** Reads the clock for each hit: it may be set back. */
	#isFresh({ startSeconds }, isOfSpool) {
		const withToken = isOfSpool ? OLDEST_IN_SPOOL_MILLIS : Infinity;
		const most = this.#token.value === void 0 ? OLDEST_WITHOUT_TOKEN_MILLIS : withToken;
		return startSeconds * 1e3 > this.#wallMillis() - most;
	}
	/**
	* Lets a hit of a random client be the next bulk, of which the visitor is random, too: behind a proxy that is not declared, all have one
	* address. Returns `false` if there is none but suspects.
	*/
	#isolateAny({ bulks }) {
		const ofClient = this.#pickBy(bulks.flat(), ({ client }) => client);
		const [hit] = this.#pickBy(this.#pickBy(ofClient, ({ visitor }) => visitor), (each) => each);
		if (!hit) return false;
		const index = bulks.findIndex((bulk) => bulk.includes(hit));
		const others = bulks[index]?.filter((each) => each !== hit) ?? [];
		bulks.splice(index, 1, ...others.length > 0 ? [others] : []);
		bulks.unshift([hit]);
		return true;
	}
	/** The hits that have one of their keys, each as likely as the others. */
	#pickBy(hits, keyOf) {
		const keys = [...new Set(hits.map(keyOf))];
		const key = keys[this.#pick(keys.length)];
		return hits.filter((hit) => keyOf(hit) === key);
	}
	#pick(count) {
		return Math.min(Math.floor(this.#parts.random() * count), count - 1);
	}
	toBody(hits) {
		return toBody(hits, this.#token.value);
	}
	read(exchange, { length: sent }) {
		const token = this.#token.value;
		return interpretAnswer(exchange, {
			sent,
			hasToken: token !== void 0,
			token,
			isMatomo: this.#isMatomo
		});
	}
	/** Yields each bulk that is to be sent, and gets its result. In the end, each hit has a result or is in `back`. */
	*send(attempt) {
		const { bulks, suspects, tried } = attempt;
		const inRow = mostInRow(this.#parts.options.maxExportBatchSize);
		let failures = 0;
		let tries = 0;
		let probes = 0;
		let hasSucceeded = false;
		let cause;
		while (this.#now() < attempt.endMillis) {
			if (failures >= (this.#isDown ? 1 : inRow)) {
				if (this.#isDown || probes === MAX_PROBES || !this.#isolateAny(attempt)) break;
				probes += 1;
			}
			const suspect = (this.#works ? tries < MAX_SUSPECTS : bulks.length === 0 && !cause) ? suspects.shift() : void 0;
			const bulk = suspect ?? bulks.shift();
			if (!bulk) break;
			attempt.inFlight = bulk;
			const result = yield bulk;
			attempt.inFlight = [];
			if (!this.#settle(bulk, result, attempt, suspect !== void 0)) return giveRestBack(attempt);
			if (result.kind === "failed") {
				cause = result;
				if (suspect) tries += 1;
				else {
					failures += 1;
					this.#works = false;
				}
				continue;
			}
			failures = 0;
			probes = 0;
			if (!this.#works) continue;
			hasSucceeded = true;
			tries = 0;
			suspects.push(...tried.splice(0));
		}
		if (tries > 0) this.#works = false;
		giveRestBack(attempt);
		if (!cause || failures < inRow && hasSucceeded) return;
		const wasDown = this.#isDown;
		this.#isDown = true;
		this.#wait(cause, wasDown, SEARCH$1);
	}
	/** Returns whether sending goes on. */
	#settle(bulk, result, attempt, isSuspect) {
		const { log } = this.#parts;
		const { results } = attempt;
		switch (result.kind) {
			case "processed": {
				const { tracked, invalid, unconfirmed, warning } = result;
				if (warning) log.warn(warning);
				this.#isMatomo ||= tracked + invalid > 0;
				if (tracked > 0) this.#clients.addStored(bulk);
				this.#succeed(tracked > 0);
				addTo(results, {
					tracked,
					invalid,
					unconfirmed
				});
				return true;
			}
			case "accepted":
				if (result.warning) log.warn(result.warning, " Sending continues.");
				this.#clients.addStored(bulk);
				this.#succeed(true);
				addTo(results, { accepted: bulk.length });
				return true;
			case "failed":
				this.#fail(bulk, result, attempt, isSuspect);
				return true;
			case "too_large":
				this.#works = false;
				if (bulk.length === 1) addTo(results, { too_large: 1 });
				else (isSuspect ? attempt.suspects : attempt.bulks).unshift(...halve(bulk));
				return true;
			case "all_invalid":
				this.#isMatomo = true;
				return this.#doubt(bulk, result, attempt);
			case "unconfirmed":
				this.#leaveUnconfirmed(bulk, attempt);
				this.#isDown = true;
				this.#wait(result, true, BACK_OFF);
				return false;
			case "later":
				attempt.back.push(...bulk);
				attempt.isBehind = false;
				this.#wait(result, true, BACK_OFF, retryAfterMillis(result.retryAfter));
				return false;
		}
	}
	/** One of the hits may be the cause. */
	#fail(bulk, result, attempt, isSuspect) {
		const { counts, log } = this.#parts;
		counts.resent += Math.min(bulk.length, result.mayBeStored ?? 0);
		if (bulk.length > 1 && !isSuspect) {
			attempt.bulks.unshift(...halve(bulk));
			return;
		}
		const counted = this.#works ? 1 : 0;
		const failed = bulk.map((hit) => change(hit, { failures: (hit.failures ?? 0) + counted }));
		const rejected = failed.filter(({ failures = 0 }) => failures >= MAX_FAILURES);
		const others = failed.filter(({ failures = 0 }) => failures < MAX_FAILURES);
		for (const hit of rejected) log.rejectHit(hit, result);
		this.#clients.addRejected(rejected);
		addTo(attempt.results, { rejected: rejected.length });
		if (others.length > 0) attempt.tried.push(others);
	}
	/** All hits are invalid, or the token is. Returns whether sending goes on. */
	#doubt(bulk, result, attempt) {
		const token = this.#token;
		const { back, results } = attempt;
		this.#works = false;
		if (token.reread()) {
			back.push(...bulk);
			attempt.isBehind = false;
			this.#wait(result, false, BACK_OFF);
			return false;
		}
		const wasRejected = token.isRejected;
		const { invalid, others } = token.judge(bulk);
		addTo(results, { invalid: invalid.length });
		const invalidSeconds = this.#wallMillis() / 1e3;
		back.push(...others.map((hit) => change(hit, { invalidSeconds })));
		if (!token.isRejected) return true;
		if (!wasRejected) this.#waits = 0;
		this.#wait(result, true, TOKEN$6);
		return false;
	}
	/** They may be stored or not. */
	#leaveUnconfirmed(bulk, attempt) {
		const { options, counts } = this.#parts;
		const mostResends = options.resendUnconfirmed ? MAX_RESENDS : 0;
		const again = bulk.filter(({ resends = 0 }) => resends < mostResends);
		counts.resent += again.length;
		addTo(attempt.results, { unconfirmed: bulk.length - again.length });
		attempt.isBehind = again.length > 0;
		attempt.back.push(...again.map((hit) => change(hit, { resends: (hit.resends ?? 0) + 1 })));
	}
	#succeed(isTracked) {
		const { log, options } = this.#parts;
		log.endOutage();
		this.waitUntilMillis = Number.NEGATIVE_INFINITY;
		this.#works = isTracked;
		this.#isDown = false;
		this.#waits = 0;
		if (!isTracked) return;
		this.#token.accept();
		this.lastSuccessMillis = this.#now();
		options.onTracked?.();
	}
	#wait(cause, isLogged, { millis, jitter }, leastMillis = 0) {
		this.#works = false;
		if (this.isClosing) return;
		const { log, random } = this.#parts;
		const longest = millis[Math.min(this.#waits, millis.length - 1)];
		this.#waits += 1;
		const waitMillis = (1 - jitter + jitter * random()) * longest;
		this.waitUntilMillis = this.#now() + Math.max(leastMillis, waitMillis);
		if (isLogged) log.beginOutage(cause);
	}
};
/** What is not sent yet has no result. */
function giveRestBack({ bulks, suspects, tried, back }) {
	back.push(...[
		bulks,
		suspects,
		tried
	].flatMap((lists) => lists.splice(0).flat()));
}
/** As a plain object: a hit that was built finds its client when it is asked for. */
function change(hit, changes) {
	return {
		...hit,
		client: hit.client,
		...changes
	};
}
/** The seconds in `Retry-After`. Without it, or with a date, which the clock of another machine would have to fit, 0. */
function retryAfterMillis(header = "") {
	return /^\s*\d+\s*$/.test(header) ? Math.min(Number(header) * 1e3, HOUR) : 0;
}
// src/delivery/delivery.ts
init_describe_error();
init_messages();
init_timers();
init_counts();
/** With a spool: hits in memory are stored in it so often. */
const STORE_MILLIS = 500;
/** The longest time between looks while hits are pending: a rejected token may have been replaced. */
const LONGEST_MILLIS = 5e3;
/** Hits that wait for longer although Matomo processes some are worth a line. */
const DELAYED_MILLIS = 6e4;
/** A flush takes no longer: an SDK rejects its own `forceFlush` if a processor is slow, and a platform may wait for it. */
const FLUSH_MILLIS = 5e3;
/** The part of the time for a shutdown that a spool may take: if it hangs, hits are sent from memory. */
const SPOOL_SHARE = 1 / 3;
/** No attempt is made for so long after an error of this package, which would come again. */
const ERROR_MILLIS = 1e4;
/** While many bulks follow each other, nothing keeps the process alive between two of them so often. */
const MAY_END_MILLIS = 1e3;
const AFTER_SHUTDOWN = "A hit came after shutdown(). It is lost, and so are further ones, counted as shutdown. Stop the server before you call shutdown(), or set exitFlush.";
/**
* Sends hits to Matomo: one bulk request in flight, when a bulk is full or its first hit has waited long enough. At any moment, every hit is
* either pending or counted.
*
*     put ──> memory, bounded ──(with a spool: often)──> folder or Redis
*                └──────────────── claim <─────────────────────┘
*                                    ▼
*                                  sender ──> counted, or given back
*/
var Delivery = class {
	counts = createDeliveryCounts();
	memory;
	sender;
	log;
	/** `undefined` until it is open, and without one. */
	spool;
	/** Resolves when the spool is open, or cannot be opened. */
	opened;
	isOpening;
	/** What is being sent. */
	attempt;
	/** Hits that `shutdown` has not sent, or that come later, are kept for the event `exit`. Otherwise they are lost. */
	keepsForExit = false;
	#parts;
	#hold;
	#scope = new AsyncScope("MatomoDelivery");
	#attempts;
	#timer;
	/** When the timer looks. */
	#lookMillis = Number.POSITIVE_INFINITY;
	#pausedUntilMillis = Number.NEGATIVE_INFINITY;
	/** When the last attempt began, and how many hits were put into the spool since. */
	#attemptMillis = performance.now();
	#spooled = 0;
	/** Hits that are being put into the spool. */
	#storing;
	/** The spool did not take the latest hits. */
	#isRefused = false;
	/** A flush that has not begun, which further calls share. */
	#nextFlush;
	#closed;
	constructor(parts) {
		const { options, diagnostics, lines, random = Math.random } = parts;
		const { hold = (sending) => sending, openSpool } = parts;
		const { counts } = this;
		this.#parts = parts;
		this.#hold = hold;
		this.memory = new MemoryStore(counts, options.maxQueueSize);
		this.log = new DeliveryLog(diagnostics, lines);
		this.sender = new Sender({
			options,
			counts,
			log: this.log,
			random
		});
		this.#attempts = new SerialQueue(this.#scope, () => this.#schedule(), (error) => this.#reportError(error));
		this.isOpening = openSpool !== void 0;
		this.opened = this.#scope.runInAsyncScope(() => this.#open());
	}
	async #open() {
		this.spool = await this.#parts.openSpool?.(this);
		this.isOpening = false;
		if (this.spool) this.#schedule();
	}
	/** Hits without a result that are not in the spool. */
	get pending() {
		return this.memory.count + (this.spool?.count ?? 0);
	}
	/** Age of the oldest pending hit in seconds; 0 if there is none. */
	get oldestAgeSeconds() {
		const ofMemory = (performance.now() - this.memory.oldestMillis) / 1e3;
		const starts = this.attempt?.claim.hits.map(({ startSeconds }) => startSeconds) ?? [];
		const oldest = Math.min(...starts, this.spool?.oldestSeconds ?? Number.POSITIVE_INFINITY);
		return Math.max(0, ofMemory, Date.now() / 1e3 - oldest);
	}
	/** Seconds since Matomo last tracked or accepted hits, or since the start. */
	get lastSuccessAgeSeconds() {
		return (performance.now() - this.sender.lastSuccessMillis) / 1e3;
	}
	/** Whether new hits are lost because of a shutdown. */
	get isClosed() {
		return this.#closed !== void 0 && !this.keepsForExit;
	}
	/** Queues a hit. Returns `false` if it is lost, which is counted. */
	put(hit) {
		if (this.isClosed) {
			this.counts.lost.shutdown += 1;
			const text = () => coded("lost-at-shutdown", AFTER_SHUTDOWN);
			this.#parts.diagnostics.warnOnce("after-shutdown", text);
			return false;
		}
		if (!this.keep([hit])) return false;
		if (this.memory.waiting === 1 || this.#isBulkFull) this.#schedule();
		return true;
	}
	get #isBulkFull() {
		return this.memory.waiting >= this.#parts.options.maxExportBatchSize;
	}
	/** Whether hits of so many bytes can be put without a loss. */
	hasRoom(hits, bytes) {
		return this.memory.count === 0 || this.memory.hasRoom(hits, bytes);
	}
	/** Queues hits in memory, also those that a spool gives back. Returns `false` if there is no room: then they are lost, which is counted. */
	keep(hits) {
		if (this.memory.put(hits)) return true;
		this.counts.lost.queue_full += hits.length;
		this.log.add({ queue_full: hits.length });
		return false;
	}
	/** No bulk is begun for so long. */
	pause(millis) {
		this.#pausedUntilMillis = performance.now() + millis;
	}
	/**
	* Makes one attempt to send everything that is queued. While a flush runs, further calls share the one after it. Takes at most
	* `exportTimeoutMillis` and 5 s: an attempt that takes longer goes on. Never rejects.
	*/
	flush() {
		const limitMillis = Math.min(this.#parts.options.exportTimeoutMillis, FLUSH_MILLIS);
		if (this.#closed !== void 0) return withTimeout(limitMillis, this.#closed);
		this.#nextFlush ??= this.#hold(this.#send("flush"));
		return withTimeout(limitMillis, this.#nextFlush);
	}
	/** Makes a last attempt and counts what is left at the deadline as lost. Never rejects. */
	shutdown(deadlineMillis) {
		this.#closed ??= holdEventLoop(this.#close(deadlineMillis));
		return this.#closed;
	}
	async #close(deadlineMillis) {
		const { lost } = this.counts;
		const { transport, lines } = this.#parts;
		const endMillis = performance.now() + deadlineMillis;
		const before = { ...lost };
		this.#clearTimer();
		this.log.isEnding = true;
		const isInTime = await withTimeout(deadlineMillis, this.#sendLast(deadlineMillis * SPOOL_SHARE).then(() => true));
		const { cause } = this.log;
		this.sender.isClosing = true;
		await transport.close();
		this.keepsForExit &&= isInTime === true && cause === void 0;
		if (!this.keepsForExit) {
			const hits = this.endNow();
			lost.shutdown += (this.spool?.putNow?.(hits) ?? hits).length;
		}
		if (this.isOpening) this.opened.then(() => this.spool?.close());
		else if (this.spool) await withTimeout(endMillis - performance.now(), this.spool.close());
		const reason = isInTime ? cause?.reason : "the shutdown timeout ran out";
		this.log.endWithLosses("shutdown", lossesSince(before, lost), reason);
		lines.flush();
	}
	/** The spool gets no more hits if it hangs. */
	async #sendLast(spoolMillis) {
		await withTimeout(spoolMillis, this.opened.then(() => this.spool?.hurry?.(spoolMillis)));
		await this.#send("last");
	}
	/** Ends what is being sent, without waiting, and removes all hits from memory. */
	endNow() {
		const { attempt, counts } = this;
		const { transport, options } = this.#parts;
		if (attempt?.claim.doneNow) {
			this.attempt = void 0;
			const { inFlight, results, back, claim } = attempt;
			const isUnknown = inFlight.length > 0 && (transport.mayHaveArrived?.() ?? true);
			if (isUnknown && options.resendUnconfirmed) counts.resent += inFlight.length;
			if (isUnknown && !options.resendUnconfirmed) addTo(results, { unconfirmed: inFlight.length });
			else back.push(...inFlight);
			giveRestBack(attempt);
			claim.doneNow?.(results, back);
		}
		this.#storing?.doneNow({}, this.spool?.putNow ? [] : this.#storing.hits);
		this.#storing = void 0;
		const claim = this.memory.claim(Number.POSITIVE_INFINITY);
		claim?.doneNow({}, []);
		return claim?.hits ?? [];
	}
	/** Sends everything, in an attempt after those that run. */
	#send(mode) {
		this.#clearTimer();
		return this.#attempts.run(async () => {
			if (mode === "flush") this.#nextFlush = void 0;
			if (mode === "last" || this.sender.mayBegin(true)) await this.#attempt(mode);
		});
	}
	/** Sends from the spool, and from memory what the spool does not take. */
	async #attempt(mode) {
		this.#attemptMillis = performance.now();
		await this.#store();
		this.#spooled = 0;
		if (this.spool?.isUsable) await this.#drain(this.spool, mode, () => this.spool?.isUsable === true);
		if (mode === "last" && this.spool?.isUsable === false) this.keep(this.spool.putNow?.([]) ?? []);
		const isFromMemory = () => !this.spool?.isUsable || this.#isRefused;
		await this.#drain(this.memory, mode, () => isFromMemory() && (mode !== "due" || performance.now() >= this.#dueMillis));
	}
	/** Sends until there is nothing, or sending waits. */
	async #drain(store, mode, mayGoOn) {
		const { maxExportBatchSize } = this.#parts.options;
		let mayEndMillis = performance.now() + MAY_END_MILLIS;
		const isWaiting = this.sender.waitUntilMillis;
		while (mayGoOn() && !this.sender.isClosing) {
			let now = performance.now();
			if (mode === "due" && now < this.#pausedUntilMillis) return;
			if (this.sender.waitUntilMillis !== isWaiting && now < this.sender.waitUntilMillis) return;
			if (now >= mayEndMillis) {
				await new Promise((resolve) => void setTimeout(resolve).unref());
				now = performance.now();
				mayEndMillis = now + MAY_END_MILLIS;
			}
			const claim = await store.claim(maxExportBatchSize);
			if (!claim) return;
			await this.#sendClaim(claim, now, store === this.spool);
		}
	}
	async #sendClaim(claim, sinceMillis, isOfSpool) {
		const { sender, log } = this;
		const { transport, options } = this.#parts;
		const attempt = sender.begin(claim, sinceMillis, isOfSpool);
		const steps = sender.send(attempt);
		this.attempt = attempt;
		try {
			let next = steps.next();
			while (!next.done) {
				const hits = next.value;
				const body = sender.toBody(hits);
				const exchange = await this.#hold(transport.send(body, options.exportTimeoutMillis));
				next = steps.next(sender.read(exchange, hits));
			}
		} finally {
			attempt.back.push(...attempt.inFlight);
			giveRestBack(attempt);
			if (await claim.done(attempt.results, attempt.back, attempt.isBehind)) log.add(attempt.results);
			if (this.attempt === attempt) this.attempt = void 0;
		}
	}
	/** Moves hits from memory into the spool. */
	async #store() {
		while (this.spool?.isUsable && !this.#storing) {
			const claim = this.memory.claim(this.#parts.options.maxExportBatchSize);
			if (!claim) return;
			this.#storing = claim;
			const isStored = await this.spool.put(claim.hits);
			this.#storing = void 0;
			this.#isRefused = !isStored;
			claim.done({}, isStored ? [] : claim.hits, false);
			if (!isStored) return;
			this.#spooled += claim.hits.length;
		}
	}
	/** When something is due to be sent, on the monotonic clock. */
	get #dueMillis() {
		const { scheduledDelayMillis, maxExportBatchSize } = this.#parts.options;
		const { memory, spool } = this;
		const spoolMillis = this.#spooled >= maxExportBatchSize ? 0 : this.#attemptMillis + scheduledDelayMillis;
		const memoryMillis = memory.hasReturned || this.#isBulkFull ? 0 : memory.oldestMillis + scheduledDelayMillis;
		return Math.min(spool?.isUsable ? spoolMillis : Number.POSITIVE_INFINITY, spool?.isUsable && !this.#isRefused ? Number.POSITIVE_INFINITY : memoryMillis);
	}
	/** Sets the timer for the next look, which does not keep the process alive. There is none if no hit is pending. */
	#schedule() {
		const { spool, memory, sender } = this;
		if (this.#closed !== void 0 || !spool && memory.count === 0) return;
		const now = performance.now();
		const waitMillis = Math.max(sender.waitUntilMillis, this.#pausedUntilMillis);
		const sendMillis = this.#attempts.isIdle ? Math.max(this.#dueMillis, waitMillis) : Infinity;
		const canStore = spool?.isUsable && memory.waiting > 0 && !this.#storing;
		const storeMillis = canStore && !this.#isRefused && this.#isBulkFull ? now : now + STORE_MILLIS;
		const lookMillis = Math.min(sendMillis, canStore ? storeMillis : Infinity, now + LONGEST_MILLIS);
		if (lookMillis >= this.#lookMillis) return;
		this.#clearTimer();
		this.#lookMillis = lookMillis;
		this.#scope.runInAsyncScope(() => {
			this.#timer = setTimeout(() => this.#look(), timerMillis(lookMillis - now)).unref();
		});
	}
	#clearTimer() {
		clearTimeout(this.#timer);
		this.#lookMillis = Number.POSITIVE_INFINITY;
	}
	#look() {
		this.#clearTimer();
		if (this.oldestAgeSeconds * 1e3 - this.#parts.options.scheduledDelayMillis > DELAYED_MILLIS && !this.log.cause) this.log.reportDelay(this.pending + (this.spool?.hits ?? 0));
		this.#store().then(() => {
			if (!this.#attempts.isIdle) return this.#schedule();
			this.#attempts.run(async () => {
				if (this.sender.mayBegin(false) && performance.now() >= this.#pausedUntilMillis && performance.now() >= this.#dueMillis) await this.#attempt("due");
			});
		});
	}
	#reportError(error) {
		this.sender.waitUntilMillis = performance.now() + ERROR_MILLIS;
		const text = `Sending failed (${describeError(error)}). Hits may stay pending. Please report this.`;
		this.#parts.diagnostics.warnOnce("send", coded("internal-error", text));
	}
};
// src/delivery/exit-code.ts
const EXIT_CODE = "const Module = process.getBuiltinModule(\"node:module\").Module;\nfunction builtin(name) {\n	return loadBuiltin(name);\n}\nfunction loadBuiltin(id) {\n	if (process.versions.bun !== void 0) return process.getBuiltinModule(id);\n	return Module._load(id, void 0, false);\n}\n// src/common/node-http.ts\nconst { Agent, ClientRequest, IncomingMessage, OutgoingMessage, STATUS_CODES } = builtin(\"node:http\");\nconst { Socket } = builtin(\"node:net\");\nconst { connect: connectSocket } = Socket.prototype;\n// src/common/timers.ts\nconst MAX_TIMER_MILLIS = 2 ** 31 - 1;\nfunction timerMillis(millis) {\n	return Math.min(Math.max(0, Math.ceil(millis)), MAX_TIMER_MILLIS);\n}\n// src/delivery/http-errors.ts\nconst TEXTS = [\n	[/^ENOTFOUND /, \"DNS has no address for PLACE; check the host in url\"],\n	[/^EAI_AGAIN /, \"DNS did not answer for PLACE; check DNS, and the host in url\"],\n	[/^ECONNREFUSED /, \"nothing listens at PLACE; check host and port of url\"],\n	[/^E(?:HOST|NET)UNREACH /, \"there is no route to PLACE; check the host in url, and the firewall\"],\n	[/^(?:ECONNRESET|EPIPE) /, \"the connection was closed; check port and scheme of url\"],\n	[/^CERT_HAS_EXPIRED /, \"its certificate has expired; renew it\"],\n	[/^CERT_NOT_YET_VALID /, \"its certificate is not valid yet; check the clocks\"],\n	[/^ERR_TLS_CERT_ALTNAME_INVALID /, \"its certificate is for another host; check the host in url\"],\n	[/^(?:DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\\w+) /, \"this process does not trust the authority that signed its certificate; start it with NODE_EXTRA_CA_CERTS=/path/to/ca.pem, or let the server send its intermediate certificates\"],\n	[/^(?:EPROTO .*\\balert\\b|ERR_SSL_\\w*_ALERT_)/, \"the server rejected the TLS handshake; if it requires a client certificate, send through a local proxy that has one, such as nginx with proxy_ssl_certificate\"],\n	[/^(?:EPROTO|ERR_SSL_\\w+) /, \"it does not speak TLS on that port; check port and scheme of url\"],\n	[/^HPE_/, \"it does not speak HTTP on that port; check port and scheme of url\"],\n	[/^ERR_ACCESS_DENIED /, \"Node.js' permission model does not allow it; start it with --allow-net, and with --allow-worker to send at exit\"],\n	[/^ the proxy answered 407/, \"add user name and password to its URL\"],\n	[/^ the proxy answered/, \"let it pass requests to Matomo, or add the host of url to NO_PROXY\"],\n	[/^ no connection within/, \"check host and port of url, and the firewall\"]\n];\nfunction explainError(error, proxy) {\n	const { code = \"\", message } = error;\n	const [, text] = TEXTS.find(([pattern]) => pattern.test(`${code} ${message}`)) ?? [];\n	const explained = text === void 0 ? \"\" : `: ${text.replace(\"PLACE\", placeOf(error))}`;\n	const through = proxy === void 0 ? \"\" : `; sent through the proxy ${proxy}`;\n	return new Error(`${code || message}${explained}${through}`);\n}\nfunction placeOf({ errors: [first] = [], hostname, ...error }) {\n	const { address = first?.address, port = first?.port } = error;\n	if (address === void 0) return hostname ?? \"the server\";\n	return `${address.includes(\":\") ? `[${address}]` : address}:${port}`;\n}\n// src/common/addresses.ts\nconst { BlockList, isIPv4 } = builtin(\"node:net\");\nconst MAYBE_IPV6 = /^([\\da-f:.]+)(?:%[\\da-z.:-]+)?$/i;\nfunction isIP(text) {\n	if (isIPv4(text)) return 4;\n	const address = MAYBE_IPV6.exec(text)?.[1];\n	return address !== void 0 && URL.canParse(`http://[${address}]`) ? 6 : 0;\n}\n// src/delivery/proxy.ts\nfunction proxyRouteOf(url, env) {\n	const proxy = proxyOf(url, env);\n	if (proxy === void 0 || isExcepted(url, env.no_proxy || env.NO_PROXY || \"\")) return void 0;\n	const { protocol, username, password, origin } = new URL(proxy);\n	return {\n		url: origin,\n		isTunnel: url.protocol === \"https:\" || protocol === \"https:\",\n		headers: username || password ? { \"proxy-authorization\": basic(username, password) } : {}\n	};\n}\nfunction basic(username, password) {\n	return `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString(\"base64\")}`;\n}\nfunction isExcepted({ hostname, port, protocol }, noProxy) {\n	const host = hostname.replace(/^\\[|\\]$/g, \"\");\n	const ownPort = port || (protocol === \"https:\" ? \"443\" : \"80\");\n	return noProxy.toLowerCase().split(/[,\\s]+/).some((entry) => {\n		const [, ipv6, other, onlyPort = ownPort] = /^(?:\\[(.*)\\]|([^:]*))(?::(\\d+))?$/.exec(entry) ?? [];\n		const name = (ipv6 ?? other ?? entry).replace(/^\\*?\\./, \"\");\n		if (name === \"\" || onlyPort !== ownPort) return false;\n		return name === \"*\" || `.${host}`.endsWith(`.${name}`) || isInNetwork(host, name);\n	});\n}\nfunction isInNetwork(host, network) {\n	const [, address = \"\", bits] = /^([^/]+)\\/(\\d{1,3})$/.exec(network) ?? [];\n	const version = isIP(address);\n	if (version === 0 || isIP(host) !== version || Number(bits) > (version === 4 ? 32 : 128)) return false;\n	const list = new BlockList();\n	list.addSubnet(address, Number(bits), version === 4 ? \"ipv4\" : \"ipv6\");\n	return list.check(host, version === 4 ? \"ipv4\" : \"ipv6\");\n}\nfunction proxyOf({ protocol, hostname }, env) {\n	if (isLoopback(hostname)) return void 0;\n	const names = [\"http_proxy\", \"HTTP_PROXY\"];\n	if (protocol === \"https:\") names.unshift(\"https_proxy\", \"HTTPS_PROXY\");\n	const name = names.find((candidate) => env[candidate]);\n	if (name === void 0) return void 0;\n	const proxy = env[name];\n	if (/^https?:\\/\\//i.test(proxy) && URL.canParse(proxy)) return proxy;\n	throw new Error(`${name} must be the URL of a proxy, such as http://proxy.example.org:3128`);\n}\nfunction isLoopback(hostname) {\n	return hostname === \"[::1]\" || /^(?:127\\.[\\d.]+|(?:.+\\.)?localhost)$/.test(hostname);\n}\n// src/delivery/http.ts\nconst IDLE_MILLIS = 1e3;\nconst MAX_ANSWER_BYTES = 65536;\nfunction createTransport({ url: matomoUrl, userAgent, headers }, sent = new Int32Array(1)) {\n	let poster;\n	try {\n		const url = new URL(matomoUrl);\n		poster = createPoster(url, proxyRouteOf(url, process.env));\n	} catch (error) {\n		return {\n			send: async () => ({\n				kind: \"not_sent\",\n				error\n			}),\n			async close() {}\n		};\n	}\n	const all = {\n		\"user-agent\": userAgent,\n		...headers,\n		\"content-type\": \"application/json\",\n		\"accept-encoding\": \"identity\"\n	};\n	const mayHaveArrived = () => sent[0] === 1;\n	let isClosed = false;\n	return {\n		mayHaveArrived,\n		async send(body, timeoutMillis) {\n			sent[0] = 0;\n			await new Promise((resolve) => void setImmediate(resolve));\n			if (isClosed) return {\n				kind: \"not_sent\",\n				error: new Error(\"shutdown\")\n			};\n			const { begun, error } = await receive(poster.open(all).on(\"socket\", (socket) => {\n				if (!(socket.connecting || socket.secureConnecting)) sent[0] = 1;\n				else socket.once(socket.encrypted ? \"secureConnect\" : \"connect\", () => sent[0] = 1);\n			}), body, timeoutMillis, mayHaveArrived);\n			const isRefused = begun?.status === 407;\n			if (isRefused || !mayHaveArrived()) return {\n				kind: \"not_sent\",\n				error: explainError(isRefused ? new Error(\"the proxy answered 407\") : error, poster.proxyUrl)\n			};\n			if (begun && (!error || begun.status >= 300)) return begun;\n			return {\n				kind: \"no_answer\",\n				error: explainError(error),\n				...begun && { begun }\n			};\n		},\n		async close() {\n			isClosed = true;\n			poster.close();\n		}\n	};\n}\nconst CLOSED = new Error(\"the connection was closed without an answer\");\nfunction receive(request, body, timeoutMillis, mayHaveArrived) {\n	let response;\n	const chunks = [];\n	let bytes = 0;\n	return new Promise((resolve) => {\n		const end = (error) => {\n			clearTimeout(timer);\n			resolve({\n				begun: response && toAnswer(response, chunks),\n				error\n			});\n		};\n		const timeOut = () => {\n			const what = mayHaveArrived() ? \"answer\" : \"connection\";\n			end(new Error(`no ${what} within ${Math.ceil(timeoutMillis)} ms`));\n			request.destroy();\n		};\n		const timer = setTimeout(() => setImmediate(timeOut), timerMillis(timeoutMillis)).unref();\n		request.on(\"error\", (error) => setImmediate(end, error));\n		request.on(\"close\", () => setImmediate(end, CLOSED));\n		request.on(\"response\", (begun) => {\n			if ((begun.statusCode ?? 0) < 200) return void request.destroy();\n			response = begun;\n			begun.on(\"data\", (chunk) => {\n				chunks.push(chunk);\n				bytes += chunk.length;\n				if (bytes < MAX_ANSWER_BYTES) return;\n				end();\n				request.destroy();\n			});\n			begun.on(\"end\", () => end()).on(\"error\", end);\n		});\n		request.end(body);\n	});\n}\nfunction toAnswer({ statusCode = 0, headers }, chunks) {\n	const body = Buffer.concat(chunks).subarray(0, MAX_ANSWER_BYTES);\n	return {\n		kind: \"answer\",\n		status: statusCode,\n		contentType: headers[\"content-type\"] ?? \"\",\n		body: body.toString(\"utf8\"),\n		location: headers.location,\n		retryAfter: headers[\"retry-after\"],\n		authenticate: headers[\"www-authenticate\"]\n	};\n}\nfunction createPoster(url, proxy) {\n	const isForwarded = proxy?.isTunnel === false;\n	const first = new URL(isForwarded ? proxy.url : url);\n	const kept = createAgent(first, {\n		keepAlive: true,\n		timeout: IDLE_MILLIS\n	});\n	const single = createAgent(first);\n	let tunnel;\n	let isReusable = false;\n	function createConnection(options, onSocket) {\n		tunnel = openTunnel(url, proxy, options, onSocket);\n	}\n	if (proxy?.isTunnel) for (const agent of [kept, single]) Object.assign(agent, { createConnection });\n	return {\n		proxyUrl: proxy?.url,\n		open(headers, target = url) {\n			const agent = Object.keys(kept.freeSockets).length > 0 && !isReusable ? single : kept;\n			const path = isForwarded ? target.href : target.pathname + target.search;\n			const own = {\n				...headers,\n				host: url.host,\n				...isForwarded && proxy.headers\n			};\n			const request = openRequest({\n				...addressOf(first),\n				agent,\n				method: \"POST\",\n				path\n			}, own);\n			request.on(\"close\", () => tunnel?.destroy()).on(\"error\", () => isReusable = false);\n			return request.on(\"socket\", (socket) => {\n				if (agent === single || request.reusedSocket) return;\n				socket.on(\"end\", () => isReusable = false);\n				socket.on(\"timeout\", () => isReusable ||= socket.destroyed);\n			});\n		},\n		close() {\n			tunnel?.destroy();\n			for (const agent of [kept, single]) agent.destroy();\n		}\n	};\n}\nfunction openRequest(options, headers) {\n	const request = new ClientRequest({\n		...options,\n		setHost: false\n	}).removeAllListeners();\n	for (const name of request.getHeaderNames()) request.removeHeader(name);\n	for (const name of Object.keys(headers)) request.setHeader(name, headers[name]);\n	return request.on(\"socket\", (socket) => {\n		socket.unref();\n		if (socket.connecting) socket.on(\"connectionAttempt\", () => socket.unref());\n	});\n}\nfunction createAgent({ protocol }, options = {}) {\n	if (protocol === \"https:\") return new (builtin(\"node:https\")).Agent(options);\n	return Object.assign(new Agent(options), { createConnection: connect });\n}\nfunction connect(options) {\n	const socket = new Socket(options);\n	if (options.timeout) socket.setTimeout(options.timeout);\n	return Reflect.apply(connectSocket, socket, [options]);\n}\nfunction addressOf({ protocol, hostname, port }) {\n	return {\n		protocol,\n		host: hostname.replace(/^\\[|\\]$/g, \"\"),\n		port: port || (protocol === \"https:\" ? 443 : 80)\n	};\n}\nfunction openTunnel(server, { url, headers }, options, onSocket) {\n	const { protocol, host, port } = addressOf(server);\n	const path = `${host.includes(\":\") ? `[${host}]` : host}:${port}`;\n	const first = new URL(url);\n	const request = openRequest({\n		...addressOf(first),\n		agent: createAgent(first),\n		method: \"CONNECT\",\n		path\n	}, {\n		...headers,\n		host: path\n	});\n	request.on(\"connect\", ({ statusCode }, socket) => {\n		if (statusCode !== 200) {\n			socket.destroy();\n			onSocket(new Error(`the proxy answered ${statusCode}`));\n		} else if (protocol === \"https:\") onSocket(null, process.getBuiltinModule(\"node:tls\").connect({\n			...options,\n			socket\n		}));\n		else onSocket(null, socket);\n	});\n	return request.on(\"error\", onSocket).end();\n}\n// src/delivery/exit-entry.ts\nconst { workerData } = process.getBuiltinModule(\"node:worker_threads\");\nconst { port, state, options, tls, certificates } = workerData;\nif (tls) {\n	const own = Object.assign(process.getBuiltinModule(\"node:tls\"), tls);\n	if (certificates) own.setDefaultCACertificates?.(certificates);\n}\nconst transport = createTransport(options, state);\nport.on(\"message\", async ({ body, millis }) => {\n	port.postMessage(await transport.send(Buffer.from(body), millis));\n	Atomics.store(state, 1, 1);\n	Atomics.notify(state, 1);\n});\n";
/** What codes and messages of errors mean, and what to check. */
const TEXTS = [
	[/^ENOTFOUND /, "DNS has no address for PLACE; check the host in url"],
	[/^EAI_AGAIN /, "DNS did not answer for PLACE; check DNS, and the host in url"],
	[/^ECONNREFUSED /, "nothing listens at PLACE; check host and port of url"],
	[/^E(?:HOST|NET)UNREACH /, "there is no route to PLACE; check the host in url, and the firewall"],
	[/^(?:ECONNRESET|EPIPE) /, "the connection was closed; check port and scheme of url"],
	[/^CERT_HAS_EXPIRED /, "its certificate has expired; renew it"],
	[/^CERT_NOT_YET_VALID /, "its certificate is not valid yet; check the clocks"],
	[/^ERR_TLS_CERT_ALTNAME_INVALID /, "its certificate is for another host; check the host in url"],
	[/^(?:DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+) /, "this process does not trust the authority that signed its certificate; start it with NODE_EXTRA_CA_CERTS=/path/to/ca.pem, or let the server send its intermediate certificates"],
	[/^(?:EPROTO .*\balert\b|ERR_SSL_\w*_ALERT_)/, "the server rejected the TLS handshake; if it requires a client certificate, send through a local proxy that has one, such as nginx with proxy_ssl_certificate"],
	[/^(?:EPROTO|ERR_SSL_\w+) /, "it does not speak TLS on that port; check port and scheme of url"],
	[/^HPE_/, "it does not speak HTTP on that port; check port and scheme of url"],
	[/^ERR_ACCESS_DENIED /, "Node.js' permission model does not allow it; start it with --allow-net, and with --allow-worker to send at exit"],
	[/^ the proxy answered 407/, "add user name and password to its URL"],
	[/^ the proxy answered/, "let it pass requests to Matomo, or add the host of url to NO_PROXY"],
	[/^ no connection within/, "check host and port of url, and the firewall"]
];
/** An error whose message names what happened and what to check. It has no code, so it is shown by its message everywhere. */
function explainError(error, proxy) {
	const { code = "", message } = error;
	const [, text] = TEXTS.find(([pattern]) => pattern.test(`${code} ${message}`)) ?? [];
	const explained = text === void 0 ? "" : `: ${text.replace("PLACE", placeOf(error))}`;
	const through = proxy === void 0 ? "" : `; sent through the proxy ${proxy}`;
	return /* @__PURE__ */ new Error(`${code || message}${explained}${through}`);
}
/** The host or address of an error; the first if several addresses were tried. */
function placeOf({ errors: [first] = [], hostname, ...error }) {
	const { address = first?.address, port = first?.port } = error;
	if (address === void 0) return hostname ?? "the server";
	return `${address.includes(":") ? `[${address}]` : address}:${port}`;
}
// src/delivery/exit-flush.ts
init_describe_error();
init_counts();
/** If Matomo was unavailable before: it may be back, but a process in a crash loop must not be delayed. */
const UNAVAILABLE_MILLIS = 300;
/**
* Returns what stores or sends the hits that are left when the event loop no longer runs: with a folder, they are written to it; else, and if that
* fails, a thread sends them while the process waits. It gets the reason if nothing may be stored or sent, and never throws.
*/
function createExitFlush(delivery, options, userAgent, transport, budget) {
	const { log, sender, counts } = delivery;
	let thread;
	function exchange(body, leftMillis) {
		const millis = Math.min(leftMillis, options.exportTimeoutMillis);
		if (transport.sendSync) return transport.sendSync(body, millis);
		try {
			thread ??= new ExitThread({
				...options,
				userAgent
			});
			return thread.send(body, millis);
		} catch (error) {
			return {
				kind: "not_sent",
				error: explainError(error)
			};
		}
	}
	/** Sends hits, bulk by bulk, and counts them. Returns why not all were sent, if that is known. */
	function send(hits, endMillis) {
		const attempt = sender.begin({
			hits,
			done: async () => true
		});
		try {
			const steps = sender.send(attempt);
			let next = steps.next();
			while (!next.done) {
				const leftMillis = endMillis - performance.now();
				if (leftMillis < 1) return "the shutdown timeout ran out";
				const result = exchange(sender.toBody(next.value), leftMillis);
				next = steps.next(sender.read(result, next.value));
			}
			return log.cause?.reason;
		} finally {
			attempt.back.push(...attempt.inFlight);
			giveRestBack(attempt);
			addResults(counts, {
				...attempt.results,
				shutdown: attempt.back.length
			});
		}
	}
	return (refusal) => {
		const startMillis = performance.now();
		const before = { ...counts.lost };
		const wasUnavailable = log.cause !== void 0 || budget.isHoldInVain;
		const millis = Math.min(budget.leftMillis, wasUnavailable ? UNAVAILABLE_MILLIS : Infinity);
		const mayStore = refusal === void 0;
		let reason = refusal ?? log.cause?.reason;
		let left = [];
		log.isEnding = true;
		sender.isClosing = false;
		try {
			left = delivery.endNow();
			const stored = mayStore ? left : [];
			const back = delivery.spool?.putNow?.(stored) ?? stored;
			left = mayStore ? back : [...left, ...back];
			if (mayStore && millis > 0) {
				left = [];
				reason = send(back, startMillis + millis) ?? reason;
			}
		} catch (error) {
			reason ??= describeError(error);
		}
		counts.lost.shutdown += left.length;
		log.endWithLosses("process", lossesSince(before, counts.lost), reason);
		budget.spendSince(startMillis);
	};
}
/** Sends while this thread is blocked. No preload runs in it, and the token is only passed as a message. */
var ExitThread = class {
	#state = new Int32Array(new SharedArrayBuffer(8));
	#port;
	/** @throws If no thread can be started. */
	constructor({ url, userAgent, headers }) {
		const { port1, port2: port } = new MessageChannel();
		this.#port = port1;
		const workerData = {
			port,
			state: this.#state,
			options: {
				url: String(url),
				userAgent,
				headers
			},
			...String(url).startsWith("https:") && tlsSettings()
		};
		new Worker(EXIT_CODE, {
			eval: true,
			execArgv: [],
			argv: [],
			stdin: false,
			stdout: true,
			stderr: true,
			env: {
				...process.env,
				NODE_OPTIONS: ""
			},
			workerData,
			transferList: [port]
		}).unref();
	}
	send(body, millis) {
		this.#state.fill(0);
		this.#port.postMessage({
			body: new Uint8Array(body),
			millis
		});
		Atomics.wait(this.#state, 1, 0, millis);
		const received = receiveMessageOnPort(this.#port);
		if (received) return received.message;
		const isSent = this.#state[0] === 1;
		const error = explainError(/* @__PURE__ */ new Error(`no ${isSent ? "answer" : "connection"} within ${Math.ceil(millis)} ms`));
		return {
			kind: isSent ? "no_answer" : "not_sent",
			error
		};
	}
};
function tlsSettings() {
	const tls = process.getBuiltinModule("node:tls");
	const { DEFAULT_MIN_VERSION, DEFAULT_MAX_VERSION, DEFAULT_CIPHERS } = tls;
	const { getCACertificates = () => [] } = tls;
	const all = getCACertificates("default");
	const extra = getCACertificates("extra").length;
	const isInherited = [extra, extra + getCACertificates("bundled").length].includes(all.length);
	return {
		tls: {
			DEFAULT_MIN_VERSION,
			DEFAULT_MAX_VERSION,
			DEFAULT_CIPHERS
		},
		certificates: isInherited ? void 0 : all
	};
}
// src/delivery/proxy.ts
/** The way through the proxy from the environment; `undefined` if there is none, or `NO_PROXY` excludes the URL. */
function proxyRouteOf(url, env) {
	const proxy = proxyOf(url, env);
	if (proxy === void 0 || isExcepted(url, env.no_proxy || env.NO_PROXY || "")) return void 0;
	const { protocol, username, password, origin } = new URL(proxy);
	return {
		url: origin,
		isTunnel: url.protocol === "https:" || protocol === "https:",
		headers: username || password ? { "proxy-authorization": basic(username, password) } : {}
	};
}
function basic(username, password) {
	return `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString("base64")}`;
}
/** Whether `NO_PROXY` matches a URL: `*`, the host or a parent domain, or a network; and the port if the entry has one. */
function isExcepted({ hostname, port, protocol }, noProxy) {
	const host = hostname.replace(/^\[|\]$/g, "");
	const ownPort = port || (protocol === "https:" ? "443" : "80");
	return noProxy.toLowerCase().split(/[,\s]+/).some((entry) => {
		const [, ipv6, other, onlyPort = ownPort] = /^(?:\[(.*)\]|([^:]*))(?::(\d+))?$/.exec(entry) ?? [];
		const name = (ipv6 ?? other ?? entry).replace(/^\*?\./, "");
		if (name === "" || onlyPort !== ownPort) return false;
		return name === "*" || `.${host}`.endsWith(`.${name}`) || isInNetwork(host, name);
	});
}
/** `network`: such as `10.0.0.0/8`. */
function isInNetwork(host, network) {
	const [, address = "", bits] = /^([^/]+)\/(\d{1,3})$/.exec(network) ?? [];
	const version = isIP(address);
	if (version === 0 || isIP(host) !== version || Number(bits) > (version === 4 ? 32 : 128)) return false;
	const list = new BlockList();
	list.addSubnet(address, Number(bits), version === 4 ? "ipv4" : "ipv6");
	return list.check(host, version === 4 ? "ipv4" : "ipv6");
}
/** The proxy for a URL, unless `NO_PROXY` excludes it. The lower-case name of a variable comes first; an empty one is none. */
function proxyOf({ protocol, hostname }, env) {
	if (isLoopback(hostname)) return void 0;
	const names = ["http_proxy", "HTTP_PROXY"];
	if (protocol === "https:") names.unshift("https_proxy", "HTTPS_PROXY");
	const name = names.find((candidate) => env[candidate]);
	if (name === void 0) return void 0;
	const proxy = env[name];
	if (/^https?:\/\//i.test(proxy) && URL.canParse(proxy)) return proxy;
	throw new Error(`${name} must be the URL of a proxy, such as http://proxy.example.org:3128`);
}
/** Whether a host is this machine, which no proxy can reach. */
function isLoopback(hostname) {
	return hostname === "[::1]" || /^(?:127\.[\d.]+|(?:.+\.)?localhost)$/.test(hostname);
}
// src/delivery/http.ts
init_timers();
init_unhooked();
/** A server may close an idle connection while a request is being sent, so this side closes it first. */
const IDLE_MILLIS = 1e3;
/** Limit for an answer. */
const MAX_ANSWER_BYTES = 65536;
/** Prints hits and sends nothing. The hits are counted as `accepted`. */
function createDryRunTransport(print) {
	function sendSync(body) {
		const { requests } = JSON.parse(body.toString("latin1"));
		for (const query of requests) print(`dry run: ${decodeURIComponent(query)}`);
		return { kind: "printed" };
	}
	return {
		sendSync,
		send: async (body) => sendSync(body),
		async close() {}
	};
}
/**
* Sends through the proxy of the environment, if there is one. `sent[0]` becomes 1 when Matomo may receive bytes of the latest request: another
* thread may read it.
*/
function createTransport({ url: matomoUrl, userAgent, headers }, sent = /* @__PURE__ */ new Int32Array(1)) {
	let poster;
	try {
		const url = new URL(matomoUrl);
		poster = createPoster(url, proxyRouteOf(url, process.env));
	} catch (error) {
		return {
			send: async () => ({
				kind: "not_sent",
				error
			}),
			async close() {}
		};
	}
	const all = {
		"user-agent": userAgent,
		...headers,
		"content-type": "application/json",
		"accept-encoding": "identity"
	};
	const mayHaveArrived = () => sent[0] === 1;
	let isClosed = false;
	return {
		mayHaveArrived,
		async send(body, timeoutMillis) {
			sent[0] = 0;
			await new Promise((resolve) => void setImmediate(resolve));
			if (isClosed) return {
				kind: "not_sent",
				error: /* @__PURE__ */ new Error("shutdown")
			};
			const { begun, error } = await receive(poster.open(all).on("socket", (socket) => {
				if (!(socket.connecting || socket.secureConnecting)) sent[0] = 1;
				else socket.once(socket.encrypted ? "secureConnect" : "connect", () => sent[0] = 1);
			}), body, timeoutMillis, mayHaveArrived);
			const isRefused = begun?.status === 407;
			if (isRefused || !mayHaveArrived()) return {
				kind: "not_sent",
				error: explainError(isRefused ? /* @__PURE__ */ new Error("the proxy answered 407") : error, poster.proxyUrl)
			};
			if (begun && (!error || begun.status >= 300)) return begun;
			return {
				kind: "no_answer",
				error: explainError(error),
				...begun && { begun }
			};
		},
		async close() {
			isClosed = true;
			poster.close();
		}
	};
}
const CLOSED = /* @__PURE__ */ new Error("the connection was closed without an answer");
/** Sends a request. Resolves with what there is of an answer, and with why there is no more. */
function receive(request, body, timeoutMillis, mayHaveArrived) {
	let response;
	const chunks = [];
	let bytes = 0;
	return new Promise((resolve) => {
		const end = (error) => {
			clearTimeout(timer);
			resolve({
				begun: response && toAnswer(response, chunks),
				error
			});
		};
		const timeOut = () => {
			const what = mayHaveArrived() ? "answer" : "connection";
			end(/* @__PURE__ */ new Error(`no ${what} within ${Math.ceil(timeoutMillis)} ms`));
			request.destroy();
		};
		const timer = setTimeout(() => setImmediate(timeOut), timerMillis(timeoutMillis)).unref();
		request.on("error", (error) => setImmediate(end, error));
		request.on("close", () => setImmediate(end, CLOSED));
		request.on("response", (begun) => {
			if ((begun.statusCode ?? 0) < 200) return void request.destroy();
			response = begun;
			begun.on("data", (chunk) => {
				chunks.push(chunk);
				bytes += chunk.length;
				if (bytes < MAX_ANSWER_BYTES) return;
				end();
				request.destroy();
			});
			begun.on("end", () => end()).on("error", end);
		});
		request.end(body);
	});
}
function toAnswer({ statusCode = 0, headers }, chunks) {
	const body = Buffer.concat(chunks).subarray(0, MAX_ANSWER_BYTES);
	return {
		kind: "answer",
		status: statusCode,
		contentType: headers["content-type"] ?? "",
		body: body.toString("utf8"),
		location: headers.location,
		retryAfter: headers["retry-after"],
		authenticate: headers["www-authenticate"]
	};
}
/**
* Opens POST requests to a server. A connection is used again only if one was idle for a second before, and the server did not close it:
* what is sent while a server closes a connection without notice is lost, and its result is unknown.
*/
function createPoster(url, proxy) {
	const isForwarded = proxy?.isTunnel === false;
	const first = new URL(isForwarded ? proxy.url : url);
	const kept = createAgent(first, {
		keepAlive: true,
		timeout: IDLE_MILLIS
	});
	const single = createAgent(first);
	let tunnel;
	let isReusable = false;
	function createConnection(options, onSocket) {
		tunnel = openTunnel(url, proxy, options, onSocket);
	}
	if (proxy?.isTunnel) for (const agent of [kept, single]) Object.assign(agent, { createConnection });
	return {
		proxyUrl: proxy?.url,
		/** `target`: a URL on the same server. */
		open(headers, target = url) {
			const agent = Object.keys(kept.freeSockets).length > 0 && !isReusable ? single : kept;
			const path = isForwarded ? target.href : target.pathname + target.search;
			const own = {
				...headers,
				host: url.host,
				...isForwarded && proxy.headers
			};
			const request = openRequest({
				...addressOf(first),
				agent,
				method: "POST",
				path
			}, own);
			request.on("close", () => tunnel?.destroy()).on("error", () => isReusable = false);
			return request.on("socket", (socket) => {
				if (agent === single || request.reusedSocket) return;
				socket.on("end", () => isReusable = false);
				socket.on("timeout", () => isReusable ||= socket.destroyed);
			});
		},
		close() {
			tunnel?.destroy();
			for (const agent of [kept, single]) agent.destroy();
		}
	};
}
/**
* Opens a request that nothing else takes part in: subscribers of `http.client.request.created`, such as Sentry, add headers and listeners.
* `options` have no headers: Node.js shows them with NODE_DEBUG=http.
*/
function openRequest(options, headers) {
	const request = new ClientRequest({
		...options,
		setHost: false
	}).removeAllListeners();
	for (const name of request.getHeaderNames()) request.removeHeader(name);
	for (const name of Object.keys(headers)) request.setHeader(name, headers[name]);
	return request.on("socket", (socket) => {
		socket.unref();
		if (socket.connecting) socket.on("connectionAttempt", () => socket.unref());
	});
}
/** TLS is loaded only if it is needed. */
function createAgent({ protocol }, options = {}) {
	if (protocol === "https:") return new (builtin("node:https")).Agent(options);
	return Object.assign(new Agent(options), { createConnection: connect });
}
/** As `net.connect`, which calls what a mock may have put into the prototype of sockets. */
function connect(options) {
	const socket = new Socket(options);
	if (options.timeout) socket.setTimeout(options.timeout);
	return Reflect.apply(connectSocket, socket, [options]);
}
function addressOf({ protocol, hostname, port }) {
	return {
		protocol,
		host: hostname.replace(/^\[|\]$/g, ""),
		port: port || (protocol === "https:" ? 443 : 80)
	};
}
/** Asks a proxy for a connection to a server, over which TLS is spoken if the server does. `options`: of an agent. */
function openTunnel(server, { url, headers }, options, onSocket) {
	const { protocol, host, port } = addressOf(server);
	const path = `${host.includes(":") ? `[${host}]` : host}:${port}`;
	const first = new URL(url);
	const request = openRequest({
		...addressOf(first),
		agent: createAgent(first),
		method: "CONNECT",
		path
	}, {
		...headers,
		host: path
	});
	request.on("connect", ({ statusCode }, socket) => {
		if (statusCode !== 200) {
			socket.destroy();
			onSocket(/* @__PURE__ */ new Error(`the proxy answered ${statusCode}`));
		} else if (protocol === "https:") onSocket(null, process.getBuiltinModule("node:tls").connect({
			...options,
			socket
		}));
		else onSocket(null, socket);
	});
	return request.on("error", onSocket).end();
}
// src/version.ts
/** Version of this package. A test compares it with package.json. */
const VERSION = "0.1.0";
// src/tracker/create-delivery.ts
init_messages();
init_otel_global();
init_timers();
const OWN_KEY = "visitorKey is daily and there is no spool. Each process has its own key, so a client of two processes counts as two visitors. Set spool if several processes share the clients.";
/** A claim of a process that is older than this and the time-out of a request is that of a dead one. */
const DEAD_MILLIS = 6e4;
/** How long hits wait for the key of visitor IDs. */
const MAX_KEY_MILLIS = 1e3;
/** What requests to Matomo say of themselves. Matomo takes it for no bot. */
const USER_AGENT = `opentelemetry-matomo/${VERSION}`;
/** Delivery as the options want it, and what depends on whether there is a spool. */
function createDelivery(options, diagnostics) {
	const transport = createWayToMatomo(options, diagnostics);
	const dailyKeys = options.visitorKey === "daily" ? new DailyKeys() : void 0;
	const ownKey = dailyKeys?.keyOf ?? stableVisitorKey(options);
	const spoolKey = ownKey === void 0 ? new StableKey() : void 0;
	const keys = dailyKeys ?? spoolKey;
	const hasSpool = options.spool !== void 0 && !options.dryRun;
	if (dailyKeys && !hasSpool) diagnostics.warnOnce("daily", coded("visitor-key-not-shared", OWN_KEY));
	const randomKey = randomBytes(32);
	const budget = new EndBudget(options.shutdownTimeoutMillis);
	const { lines } = diagnostics;
	const delivery = new Delivery({
		options: {
			...options,
			onTracked: () => reportTracking(options, diagnostics)
		},
		transport,
		diagnostics,
		lines,
		openSpool: hasSpool ? (opening) => openSpool(toSpoolOptions(options, keys, opening), lines) : void 0,
		hold: (sending) => budget.hold(sending)
	});
	return {
		delivery,
		budget,
		exitFlush: createExitFlush(delivery, options, USER_AGENT, transport, budget),
		/** Returns the secret of visitor IDs. An open spool may provide it: until then it is another one. */
		visitorKey: () => ownKey ?? spoolKey?.find() ?? randomKey,
		/** Resolves when a spool has provided it, or after a second at the latest; `undefined` if none will. */
		visitorKeyFound: (isBackground = false) => keys && delivery.isOpening ? withTimeout(MAX_KEY_MILLIS, delivery.opened, isBackground) : void 0,
		/** Stops what does not belong to delivery. */
		close: () => dailyKeys?.close()
	};
}
function toSpoolOptions(options, keys, delivery) {
	const { spool = "", maxSpoolBytes, url, tokenAuth, exportTimeoutMillis } = options;
	return {
		...options,
		place: spool,
		matomoUrl: url.href,
		maxBytes: maxSpoolBytes,
		deadMillis: exportTimeoutMillis + DEAD_MILLIS,
		hasToken: tokenAuth !== void 0,
		keys,
		counts: delivery.counts,
		keep: (hits) => delivery.keep(hits)
	};
}
function createWayToMatomo(options, diagnostics) {
	if (options.dryRun) return createDryRunTransport((line) => diagnostics.print(line));
	const transport = createTransport({
		...options,
		userAgent: USER_AGENT
	});
	return {
		...transport,
		send: (body, timeoutMillis) => withoutTracing(() => transport.send(body, timeoutMillis))
	};
}
/** Whether this process has logged the line, whichever copy of the package did. */
const KEY$2 = Symbol.for("opentelemetry-matomo.tracking.1");
/** Levels of `OTEL_LOG_LEVEL` at which the line is not written. */
const QUIET = /^(?:warn|error|none)$/i;
/** Logs once per process that Matomo has tracked hits: otherwise a correct setup logs as little as one that was never loaded. */
function reportTracking({ url, siteId }, diagnostics) {
	const line = shared(KEY$2, () => ({ isLogged: false }));
	if (line.isLogged) return;
	line.isLogged = true;
	if (QUIET.test(environment().OTEL_LOG_LEVEL?.trim() ?? "")) return;
	const base = url.href.replace(/\/(?:matomo|piwik)\.php$/, "");
	const site = typeof siteId === "number" ? `, site ${siteId}` : "";
	diagnostics.print(coded("tracking", `Tracking requests to ${base}${site}.`));
}
// src/tracker/first-requests.ts
init_messages();
/** If all of so many requests are ignored, or most of them come through a proxy, that is no coincidence. */
const ENOUGH = 20;
/** Reasons that do not show that pages reach this process. */
const NOISE = /* @__PURE__ */ new Set([
	"static",
	"prefetch",
	"mcp"
]);
/**
* Logs once if the first 20 requests were all ignored for reasons that usually concern only some of them; and once if more than half of the
* first 20 that were tracked came through a proxy with a private address, and `trustProxy` is not set: its clients are few visitors then.
* Returns a function to call for each request until it returns false.
*/
function createCountFirst(trustProxy, diagnostics) {
	const isPrivate = createIsInRanges([...NAMED_RANGES.keys()]);
	let noise = /* @__PURE__ */ new Map();
	let ignored = 0;
	let tracked = trustProxy === false ? 0 : ENOUGH;
	let forwarded = 0;
	function report(code, text) {
		diagnostics.warnOnce(code, coded(code, text));
	}
	return function countFirst({ address = "" }, request, reason) {
		if (!NOISE.has(reason)) noise = void 0;
		else if (noise && reason !== void 0) {
			noise.set(reason, (noise.get(reason) ?? 0) + 1);
			ignored += 1;
			if (ignored === ENOUGH) {
				report("all-ignored", allIgnored(noise));
				noise = void 0;
			}
		}
		if (reason === void 0 && tracked < ENOUGH) {
			tracked += 1;
			if (request.header("x-forwarded-for") !== void 0 && isPrivate(address)) forwarded += 1;
			if (tracked === ENOUGH && forwarded > ENOUGH / 2) report("proxy-not-trusted", notTrusted(forwarded));
		}
		return noise !== void 0 || tracked < ENOUGH;
	};
}
function allIgnored(counts) {
	const list = Array.from(counts, ([reason, count]) => `${reason}: ${count}`).join(", ");
	return `The first ${ENOUGH} requests were all ignored (${list}). Matomo has received nothing yet. If this process serves pages, check that their requests reach it; to track static files, set staticFiles to track.`;
}
function notTrusted(forwarded) {
	return `Of the first ${ENOUGH} requests, ${forwarded} came from a private or loopback address with X-Forwarded-For: a proxy is in front of this server, and trustProxy is not set. All of its clients with the same user agent are one visitor. Set MATOMO_TRUST_PROXY: 1 for one proxy, 2 for two; docs/proxies.md has more.`;
}
// src/tracker/metrics.ts
init_messages();
init_otel_global();
init_timers();
/** Interval for looking up the global meter provider, until there is one. */
const LOOKUP_MILLIS = 1e3;
/** How many components of each type this process has had, whichever copy of the package made them. */
const KEY$1 = Symbol.for("opentelemetry-matomo.components.1");
/** Names one more component of a type, as OpenTelemetry's semantic conventions want it. */
function nameComponent(type) {
	const counts = shared(KEY$1, () => ({}));
	const index = counts[type] ?? 0;
	counts[type] = index + 1;
	return {
		"otel.component.type": type,
		"otel.component.name": `${type}/${index}`
	};
}
const hits = (description, read) => ({
	unit: "{hit}",
	description,
	read
});
/**
* By kind and name. Every outcome and reason is observed from the start, with 0: an alert on an increase does not see a series that begins
* with its first loss.
*/
const INSTRUMENTS = {
	ObservableUpDownCounter: {
		"matomo.queue.size": hits("Pending hits in memory", ({ stats }) => stats.pending),
		"matomo.queue.capacity": hits("Hits that memory may contain", ({ capacity }) => capacity)
	},
	ObservableGauge: {
		"matomo.queue.oldest_age": {
			unit: "s",
			description: "Age of the oldest pending hit, 0 if there is none",
			read: ({ delivery }) => delivery.oldestAgeSeconds
		},
		"matomo.delivery.last_success_age": {
			unit: "s",
			description: "Time since a bulk last succeeded, or since the start",
			read: ({ delivery }) => delivery.lastSuccessAgeSeconds
		},
		"matomo.spool.hits": hits("Hits in the spool", ({ delivery }) => delivery.spool?.hits)
	},
	ObservableCounter: {
		"matomo.hits": hits("Hits by what became of them: tracked, accepted, invalid or lost", ({ stats: { tracked, accepted, invalid, lost } }) => [...byValue({
			tracked,
			accepted,
			invalid
		}, "matomo.hit.outcome"), ...byValue(lost, "error.type", { "matomo.hit.outcome": "lost" })]),
		"matomo.hits.additional": hits("Hits besides page views", ({ stats }) => stats.additionalHits),
		"matomo.hits.ai_chatbots": hits("Hits of AI chatbots", ({ stats }) => stats.aiChatbots),
		"matomo.hits.resent": hits("Hits that may be duplicated", ({ stats }) => stats.resent),
		"matomo.spool.stored": hits("Hits that went into the spool", ({ stats }) => stats.stored),
		"matomo.spool.claimed": hits("Hits that came out of the spool", ({ stats }) => stats.claimed),
		"matomo.hits.dropped": {
			unit: "{call}",
			description: "Calls for a hit besides the page view that made none, by reason",
			read: ({ stats }) => byValue(stats.dropped, "error.type")
		},
		"matomo.spans.unused": {
			unit: "{span}",
			description: "Spans that had no effect: too late for their request, or of none",
			read: ({ stats }) => stats.spans.unused
		},
		"matomo.requests.ignored": {
			unit: "{request}",
			description: "Requests that make no hit, by reason",
			read: ({ stats }) => byValue(stats.ignored, "matomo.ignore.reason")
		}
	}
};
function byValue(counts, attribute, more = {}) {
	return Object.entries(counts).map(([value, count]) => [count, {
		...more,
		[attribute]: value
	}]);
}
/**
* Reports to a meter provider, which reads the figures whenever it collects; if it is `global`, as soon as there is one. Returns a function
* that stops looking for it. `counters` are those of a component.
*/
function reportMetrics(provider, type, observe, counters, diagnostics) {
	const component = nameComponent(type);
	function register(meterProvider) {
		const meter = meterProvider.getMeter("opentelemetry-matomo", VERSION);
		for (const [kind, instruments] of Object.entries({
			...INSTRUMENTS,
			counters
		})) {
			const method = `create${kind === "counters" ? "ObservableCounter" : kind}`;
			for (const [name, { unit, description, read }] of Object.entries(instruments)) meter[method](name, {
				unit,
				description
			}).addCallback((result) => {
				const figure = read(observe());
				if (typeof figure === "number") result.observe(figure, component);
				else for (const [count, more] of figure ?? []) result.observe(count, {
					...more,
					...component
				});
			});
		}
	}
	if (provider !== "global") {
		register(provider);
		return () => void 0;
	}
	let looks = 0;
	function look() {
		looks += 1;
		const meterProvider = otelGlobal()?.metrics;
		if (meterProvider) {
			clearInterval(timer);
			register(meterProvider);
		} else if (looks === 2 && !otelGlobal()) diagnostics.error(coded("api-missing", NO_METRICS));
	}
	const timer = new AsyncScope("MatomoMetrics").runInAsyncScope(() => setInterval(look, LOOKUP_MILLIS).unref());
	look();
	return () => clearInterval(timer);
}
const NO_METRICS = "meterProvider is global, and nothing is registered with @opentelemetry/api, so there are no metrics yet. Set up metrics (npm install @opentelemetry/api @opentelemetry/sdk-metrics), or unset meterProvider and MATOMO_METRICS.";
// src/tracker/privacy.ts
init_messages();
/** Why the visitor of a request must not be tracked, as far as options say so. A choice that is not known counts as no. */
function privacyChecks({ doNotTrack, consent, capturedHeaders, ignoreAddresses, trustProxy }, diagnostics) {
	const checks = [];
	function reportUnknown(option, names) {
		diagnostics.warnOnce(`unknown ${option}`, () => coded("headers-not-captured", `A request does not say whether it had the headers that ${option} needs. Such requests are not tracked. Let the instrumentation capture these headers, and set MATOMO_CAPTURED_HEADERS=${names} or the option capturedHeaders.`));
	}
	if (ignoreAddresses.length > 0) {
		const isInRanges = createIsInRanges(ignoreAddresses);
		checks.push((http, request, _client, address) => {
			const known = [http.address, address].filter((each) => each !== void 0);
			if (known.length > 0 && !known.some(isInRanges)) return void 0;
			if (trustProxy === false && request.header("x-forwarded-for") !== void 0) diagnostics.warnOnce("proxy-ignored", () => coded("proxy-ignored", PROXY_IGNORED));
			return "address";
		});
	}
	if (doNotTrack) checks.push(({ optedOut }) => {
		if (optedOut === "unknown") reportUnknown("doNotTrack", "dnt,sec-gpc");
		return optedOut === "no" ? void 0 : "do_not_track";
	});
	if (consent) {
		const header = consent.source === "cookie" ? "cookie" : consent.name;
		checks.push((_http, request) => {
			const { incoming } = request;
			const current = request.header(header);
			const sent = incoming ? readRawHeader(incoming, header) : current;
			if (sent === void 0) {
				const isListed = capturedHeaders.includes(header.replaceAll("_", "-"));
				if (!incoming && !isListed) reportUnknown("consent", header);
				return "no_consent";
			}
			return hasConsent(consent, sent) && hasConsent(consent, current ?? sent) ? void 0 : "no_consent";
		});
	}
	return checks;
}
const PROXY_IGNORED = "A request with the header X-Forwarded-For was ignored: ignoreAddresses has the address of the proxy that sent it. If the proxy is yours, set MATOMO_TRUST_PROXY or the option trustProxy.";
/** Whether a header, of the request or with its cookies, has exactly this value. All cookies of the name must have it. */
function hasConsent({ source, name, value }, header) {
	if (source === "header") return header === value;
	const values = valuesOfCookie(header, name);
	return values.length > 0 && values.every((each) => each === value);
}
function valuesOfCookie(cookies, name) {
	return cookies.split(";").flatMap((cookie) => {
		const equals = cookie.indexOf("=");
		return equals >= 0 && cookie.slice(0, equals).trim() === name ? [cookie.slice(equals + 1).trim()] : [];
	});
}
// src/tracker/reasons.ts
init_messages();
/** Why a request makes no page view. In this order: the first reason that applies counts. */
const IGNORE_REASONS = [
	"attribute",
	"path",
	"method",
	"user_agent",
	"pattern",
	"address",
	"do_not_track",
	"no_consent",
	"predicate",
	"site",
	"ai_chatbot",
	"mcp",
	"prefetch",
	"static",
	"page_views",
	"sampled"
];
/**
* Makes what decides whether a request makes a page view, and to which site its hits are sent. It returns why there is none; without a site
* in `http`, the request makes no hit at all. `sampled` needs the visitor, see `pipeline.ts`.
*/
function createDecide(options, diagnostics, { findIgnored, ownSite, siteOf, parametersOf }) {
	const filters = filterChecks(options);
	const ofVisitors = privacyChecks(options, diagnostics);
	const kinds = kindChecks(options);
	return function decide(http, request) {
		const { address, client } = http;
		request.applyAnnotations();
		const { length } = http.annotations;
		let reason = length > 0 && http.annotations.some(({ ignored }) => ignored) ? "attribute" : first(filters, http, request, client, address);
		if (ofVisitors.length > 0) {
			const ofVisitor = first(ofVisitors, http, request, client, address);
			if (ofVisitor !== void 0) return reason ?? ofVisitor;
		}
		const ignored = reason === void 0 ? findIgnored?.(http, request) : void 0;
		if (ignored === "all") return "predicate";
		if (ignored === "page") reason = "predicate";
		http.site = (ownSite !== void 0 && request.span === void 0 ? ownSite : siteOf(http, request)) ?? 0;
		if (http.site === 0) return reason ?? "site";
		reason ??= first(kinds, http, request, client, address);
		if (reason === void 0) http.client?.remember();
		http.optionParameters = parametersOf?.(http, request);
		return reason;
	};
}
/** By index: this is called several times for each request. */
function first(checks, http, request, client, address) {
	for (let i = 0; i < checks.length; i++) {
		const reason = checks[i]?.(http, request, client, address);
		if (reason !== void 0) return reason;
	}
}
/** What options name, whatever the request is. */
function filterChecks(options) {
	const { ignorePaths, ignoreUserAgents, ignorePatterns, ignoredMethods, allowedMethods } = options;
	const checks = [];
	if (ignorePaths.length > 0) checks.push(pathCheck(ignorePaths));
	if (ignoredMethods.length > 0 || allowedMethods) {
		const ignored = new Set(ignoredMethods);
		const allowed = allowedMethods && new Set(allowedMethods);
		checks.push(({ method }) => {
			const upper = method.toUpperCase();
			return ignored.has(upper) || allowed?.has(upper) === false ? "method" : void 0;
		});
	}
	if (ignoreUserAgents.length > 0) checks.push((http, _request, client) => {
		return client && decided(client, options).isIgnored || http.client !== client && http.client && decided(http.client, options).isIgnored ? "user_agent" : void 0;
	});
	if (ignorePatterns.length > 0) checks.push(({ path }) => matchesPath(ignorePatterns, path) ? "pattern" : void 0);
	return checks;
}
/** A client, which remembers what options say about it. */
function decided(client, options) {
	if (client.decidedBy === options) return client;
	client.decidedBy = options;
	client.isIgnored = matchesAny(options.ignoreUserAgents, client.userAgent);
	client.isAiChatbot = options.aiChatbots === "separate" && isAiChatbot(client.userAgent);
	return client;
}
/** Matching the route too leaves no other spelling of the path that the application serves. */
function pathCheck(ignorePaths) {
	const paths = new Set(ignorePaths.map(withoutEndSlash));
	const plain = [...paths].map(plainRoute);
	const routes = new Set(plain.filter((path) => path !== "/" && !path.includes("*")));
	return function checkPath({ path, route }) {
		if (paths.has(withoutEndSlash(path))) return "path";
		if (routes.size === 0 || route === void 0) return void 0;
		return routes.has(withoutEndSlash(plainRoute(withSlash(route)))) ? "path" : void 0;
	};
}
function withoutEndSlash(path) {
	return path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
}
/** Whether one of the patterns matches a path as it came, or decoded. */
function matchesPath(patterns, path) {
	if (matchesAny(patterns, path)) return true;
	return path.includes("%") && matchesAny(patterns, decodePath(path.slice(0, 2048)));
}
/** Kinds of requests that are no page views. One of an AI chatbot that is sent as such is of no other kind. */
function kindChecks(options) {
	const { aiChatbots, mcp, staticFiles, pageViews } = options;
	const checks = [];
	if (aiChatbots === "separate") checks.push((http, request) => {
		const { client, method, operation } = http;
		if (!client || !decided(client, options).isAiChatbot) return void 0;
		if (!READS.test(method) || operation?.kind === "mcp") return void 0;
		if (!readsContent(http, request.header("cookie"), request.header("range"))) return "ai_chatbot";
		http.isAiChatbot = true;
		http.bodyBytes = readBodyBytes(request, method, http.statusCode);
	});
	checks.push(({ isAiChatbot, operation, isPrefetch, path, method, route }) => {
		if (isAiChatbot) return void 0;
		if (mcp !== "off" && operation?.mcp?.isProtocol) return "mcp";
		if (isPrefetch) return "prefetch";
		if (staticFiles === "ignore" && isStaticFile(path) && READS.test(method) && !isEndpoint(route)) return "static";
		return pageViews ? void 0 : "page_views";
	});
	return checks;
}
const REDIRECTS = /* @__PURE__ */ new Set([
	301,
	302,
	303,
	307,
	308
]);
/** Matomo does not count these as content, as static files. */
const MEDIA = /\.(?:mp[34]|webm)$/i;
/** Set by plugins for WordPress if a chatbot runs JavaScript: then the page tracks itself. */
const RUNS_JAVASCRIPT = /(?:^|;)\s*matomo_has_js=1\s*(?:;|$)/;
/** Whether a request by an AI chatbot reads content: not a redirect, a static file, or a later part of a document. */
function readsContent({ path, statusCode }, cookie = "", range = "") {
	if (REDIRECTS.has(statusCode) || isLaterPart(statusCode, range)) return false;
	return !isStaticFile(path) && !MEDIA.test(path) && !RUNS_JAVASCRIPT.test(cookie);
}
/** The methods that only read. */
const READS = /^(?:GET|HEAD)$/i;
/** Whether no option could exclude the visitor of a request of which nothing is known; logs if one could, which counts as a no. */
function createAllowsUnknown({ doNotTrack, consent, ignore, ignoreAddresses, siteId }, diagnostics) {
	const mayExclude = doNotTrack || consent || ignoreAddresses.length > 0 || ignore !== void 0 || typeof siteId !== "number";
	return function allowsUnknown() {
		if (mayExclude) diagnostics.warnOnce("unknown request", coded("request-unknown", NO_REQUEST));
		return !mayExclude;
	};
}
const NO_REQUEST = "An event, goal or order belongs to a span whose request is not known (any more), so that its visitor may have opted out. Such hits are not sent. Track them before their request ends.";
// src/tracker/stats.ts
init_messages();
init_timers();
init_counts();
function createHitCounts() {
	const dropped = {
		too_many: 0,
		no_visitor: 0,
		invalid: 0,
		predicate: 0
	};
	/** Without those of a gateway. */
	const spans = { unused: 0 };
	const none = IGNORE_REASONS.map((reason) => [reason, 0]);
	return {
		hits: 0,
		additionalHits: 0,
		aiChatbots: 0,
		dropped,
		ignored: Object.fromEntries(none),
		spans
	};
}
/** A copy that does not change any more. */
function toStats(counts, { counts: delivered, pending }, unusedElsewhere) {
	const { dropped, ignored, spans, ...made } = counts;
	return {
		...made,
		pending,
		...delivered,
		lost: { ...delivered.lost },
		ignored: { ...ignored },
		dropped: { ...dropped },
		spans: { unused: spans.unused + unusedElsewhere }
	};
}
/** Logs a line of JSON at the interval, until `stop`, and the last one at the end with `log`; without an interval, none. */
function createStatsLog(intervalMillis, read, diagnostics) {
	if (intervalMillis === void 0) return {
		log: () => void 0,
		stop: () => void 0
	};
	const ids = isMainThread ? { pid: process.pid } : {
		pid: process.pid,
		thread: threadId
	};
	const log = () => diagnostics.print(coded("stats", JSON.stringify({
		...ids,
		...read()
	})));
	const timer = new AsyncScope("MatomoStats").runInAsyncScope(() => setInterval(log, intervalMillis).unref());
	return {
		log,
		stop: () => clearInterval(timer)
	};
}
// src/tracker/worker-options.ts
init_messages();
/** What a thread passes to the workers that it starts. */
const KEY = "opentelemetry-matomo.options-in-code.1";
/** In the main thread: lets workers that start from now on know which privacy options are set in code. */
function announceOptions(inCode) {
	if (!isMainThread) return;
	const names = privacyOptionsIn(inCode);
	const added = Object.fromEntries(names.map((name) => [name, inEnvironment(name)]));
	setEnvironmentData(KEY, {
		...announced(),
		...added
	});
}
/**
* In a worker: why nothing is tracked. It has no privacy option of the main thread's code, neither in its own code nor in an environment
* of its own. The environment of the main thread does not count, because the code has replaced it there.
*/
function findWorkerProblem(inCode) {
	if (isMainThread) return void 0;
	const own = privacyOptionsIn(inCode);
	const missing = Object.entries(announced()).filter(([name, text]) => !own.includes(name) && inEnvironment(name) === text).map(([name]) => name);
	if (missing.length === 0) return void 0;
	return coded("worker-without-options", `The main thread has privacy options in code that this worker thread does not have (${missing.join(", ")}). Requests to this worker are not tracked. Set them in the environment, or call start() with them in the worker, too.`);
}
function announced() {
	return getEnvironmentData(KEY) ?? {};
}
function privacyOptionsIn(inCode) {
	return Object.entries(inCode).filter(([, value]) => value !== void 0).map(([name]) => name).filter((name) => DECLARATIONS[name]?.isPrivacy);
}
function inEnvironment(name) {
	return textOf$1(DECLARATIONS[name].env, environment());
}
// src/tracker/pipeline.ts
init_describe_error();
init_messages();
/** Of path, query and referrer, which may be kept after the end of a request. */
const MAX_SHARED_CHARACTERS = 1024;
/** If so many requests have no SERVER span, that is no coincidence. */
const REQUESTS_TO_JUDGE = 100;
/** From the end of requests to Matomo: read, decide, count, build, put. At the end of the process, what is left is sent. */
var Pipeline = class {
	options;
	reading;
	delivery;
	#diagnostics;
	#made;
	#callbacks;
	#report;
	#decide;
	#counts = createHitCounts();
	/** Only for the first requests. */
	#countFirst;
	#additional;
	#stopMetrics;
	#countUnused;
	#statsLog;
	#builder;
	/** What is built when the key of visitor IDs is known, which a spool may still provide. */
	#unbuilt;
	/** Whether requests without a SERVER span count. */
	countsAll = true;
	/** Those that did not. */
	#uncounted = 0;
	/** The requests that have not ended, and the spans of this process, if anything watches them. */
	ends;
	spans;
	listensToSignals = false;
	#hasExitFlush;
	#isFinishing = false;
	/** Nothing is left, so the end of the process is not listened for until there is another hit. */
	#isEnded = false;
	constructor(options, diagnostics, owner) {
		const { meterProvider, statsIntervalMillis, maxQueueSize: capacity } = options;
		const { component, counters = {}, countUnused = () => 0 } = owner;
		this.options = options;
		this.#diagnostics = diagnostics;
		this.#countUnused = countUnused;
		this.reading = createRequestReading(options, diagnostics);
		this.#made = createDelivery(options, diagnostics);
		const { delivery } = this.#made;
		this.delivery = delivery;
		const observe = () => ({
			stats: this.stats(),
			capacity,
			delivery
		});
		this.#stopMetrics = meterProvider && reportMetrics(meterProvider, component, observe, counters, diagnostics);
		this.#callbacks = createOptionCallbacks(options, diagnostics);
		this.#report = (key, message) => diagnostics.warnOnce(key, () => coded("parameter-invalid", message()));
		this.#decide = createDecide(options, diagnostics, this.#callbacks);
		this.#countFirst = createCountFirst(options.trustProxy, diagnostics);
		this.#additional = new AdditionalHits({
			options,
			delivery,
			counts: this.#counts,
			report: this.#report,
			builder: () => this.#builder,
			allowsUnknown: createAllowsUnknown(options, diagnostics),
			lose: (error) => this.lose(error),
			shareOpen: (request) => this.#shareOpen(request)
		});
		this.#statsLog = createStatsLog(statsIntervalMillis, () => this.stats(), diagnostics);
		this.#hasExitFlush = options.exitFlush;
		delivery.keepsForExit = options.exitFlush === true;
		joinProcessEnd(this);
		this.#builder = this.#createBuilder();
		const found = this.#made.visitorKeyFound(true);
		if (found) this.#unbuilt = [];
		found?.then(() => this.#buildUnbuilt());
	}
	#createBuilder() {
		const { beforeSend } = this.#callbacks;
		const hasToken = this.options.tokenAuth !== void 0;
		const visitorKey = this.#made.visitorKey();
		return createHitBuilder({
			...this.options,
			hasToken,
			visitorKey,
			beforeSend
		}, this.#report);
	}
	/** Whether an option is a function of the application. */
	get hasCallbacks() {
		return this.#callbacks.hasFunctions;
	}
	/** The end of a request: makes its hits, or counts why there are none, and releases it. Never throws. */
	end = (request) => {
		try {
			if (request.span) this.spans?.describe(request);
			const http = readRequest(request, this.reading);
			if (http === void 0) {
				this.#endWithoutHttp(request);
				return;
			}
			request.http = http;
			const hasPage = this.countsAll || request.span !== void 0;
			if (!hasPage) {
				this.#countUncounted();
				if (!request.hits) return;
			}
			const reason = this.#decide(http, request);
			if (hasPage && this.#countFirst?.(http, request, reason) === false) this.#countFirst = void 0;
			if (!this.#unbuilt) this.#build(request, http, hasPage, reason);
			else {
				request.hits ??= new AddedHits();
				this.#unbuilt.push(() => this.#build(request, http, hasPage, reason));
			}
		} catch (error) {
			this.#lose(request, error);
		} finally {
			request.release();
		}
	};
	#build(request, http, hasPage, decided) {
		try {
			const builder = this.#builder;
			const { sampleRate, pageViews } = this.options;
			const isSent = http.site > 0 && (sampleRate >= 1 || builder.isVisitorInSample(http, http.site));
			const reason = isSent ? decided : decided ?? "sampled";
			let page;
			if (hasPage && reason !== void 0) this.#counts.ignored[reason] += 1;
			else if (hasPage) {
				if (this.#counts.hits === 0 || this.#isEnded) this.#beforeHit();
				const nowMillis = Date.now();
				const built = builder.buildPageView(http, http.site, nowMillis);
				const hit = builder.finish(built, nowMillis);
				if (hit) {
					this.#counts.hits += 1;
					if (http.isAiChatbot) this.#counts.aiChatbots += 1;
					this.delivery.put(hit);
				} else this.#counts.ignored.predicate += 1;
				if (!http.isAiChatbot) page = built;
			}
			const mayHaveHits = page ?? request.hits ?? (pageViews ? void 0 : http);
			if (!isSent) request.shared = "none";
			else if (mayHaveHits) {
				const shared = page ?? builder.buildShared(http, http.site, Date.now());
				request.shared = isLong(http) ? shared.toSharedCopy() : shared;
			}
			if (request.hits) this.#additional.end(request.hits, request.shared);
		} catch (error) {
			this.#lose(request, error);
		}
	}
	/** An open request as it is now. Nothing is decided for its page view. */
	#shareOpen(request) {
		const http = readRequest(request, this.reading);
		if (!http) return void 0;
		http.statusCode = currentStatusOf(request) ?? 200;
		http.aborted = false;
		request.http = http;
		try {
			this.#decide(http, request);
			return http.site > 0 && this.#builder.isVisitorInSample(http, http.site) ? this.#builder.buildShared(http, http.site, Date.now()) : "none";
		} finally {
			request.http = void 0;
		}
	}
	/** It has turned out to be the call of a function, for instance. */
	#endWithoutHttp(request) {
		this.spans?.discard(request);
		if (request.hits) this.#additional.endWithoutHttp(request.hits);
		request.hits = void 0;
	}
	/** A processor alone may get no spans at all. */
	#countUncounted() {
		this.#uncounted += 1;
		if (this.#uncounted !== REQUESTS_TO_JUDGE) return;
		const { hits, ignored } = this.#counts;
		if (hits === 0 && Object.values(ignored).every((count) => count === 0)) this.#diagnostics.error(coded("nothing-tracked", NOTHING_TRACKED));
	}
	/** A hit besides page views. `unknown`: it belongs to a request of which nothing is known any more. */
	addHit(hit, request) {
		this.#beforeHit();
		this.#additional.add(hit, request);
		if (this.#hasExitFlush && !this.#isFinishing && isExiting()) this.finish();
	}
	#beforeHit() {
		if (!this.#hasExitFlush) return;
		if (this.#isEnded) {
			this.#isEnded = false;
			joinProcessEnd(this);
		}
		if (this.#counts.hits === 0 && isKilledBySigterm()) {
			const text = this.listensToSignals ? LISTENER_REMOVED : SIGNAL_NOT_HANDLED;
			this.#diagnostics.warnOnce("signal", coded("signal-not-handled", text));
		}
	}
	refuseHit(key, message) {
		this.#additional.refuse(key, message);
	}
	reportHit(key, message, code = "parameter-invalid") {
		this.#diagnostics.warnOnce(key, coded(code, message));
	}
	/** A request that cannot be read, because the application has replaced what is read. */
	#lose(request, error) {
		this.lose(error);
		if (request.hits) this.#additional.lose(request.hits, error);
		request.hits = void 0;
	}
	/** A hit that cannot be built. */
	lose(error) {
		this.#counts.hits += 1;
		this.delivery.counts.lost.rejected += 1;
		const text = `A hit could not be built (${describeError(error)}). It is lost and counted as rejected. Please report this.`;
		this.#diagnostics.warnOnce("to-hit", coded("internal-error", text));
	}
	countUnused() {
		this.#counts.spans.unused += 1;
	}
	stats() {
		return toStats(this.#counts, this.delivery, this.#countUnused());
	}
	/** Makes one attempt to send everything, see `Delivery.flush`. */
	async flush() {
		if (this.#unbuilt) await this.#made.visitorKeyFound();
		this.#endPending();
		return this.delivery.flush();
	}
	/** Sends everything. What is left or comes later is lost, or sent at the event `exit`. Never rejects. */
	async shutdown(deadlineMillis = this.options.shutdownTimeoutMillis) {
		const startMillis = performance.now();
		if (this.#unbuilt) await this.#made.visitorKeyFound();
		this.ends?.endOpen();
		this.#endPending();
		await this.delivery.shutdown(Math.max(0, deadlineMillis - (performance.now() - startMillis)));
		this.#made.budget.spendSince(startMillis);
		this.#statsLog.stop();
		this.listensToSignals = false;
		leaveProcessEnd(this);
		if (this.#hasExitFlush && this.delivery.pending > 0) joinProcessEnd(this);
		else this.#end();
		this.#stopMetrics?.();
		this.#made.close();
	}
	shutdownAtSignal() {
		return this.shutdown();
	}
	/** From now on, requests without a SERVER span count, and hits are also sent at signals and, unless `exitFlush` is off, at `exit`. */
	countAll() {
		this.countsAll = true;
		this.#hasExitFlush ??= true;
		this.delivery.keepsForExit = this.#hasExitFlush;
		this.listensToSignals = true;
		joinProcessEnd(this);
	}
	pause(millis) {
		this.delivery.pause(millis);
	}
	finish() {
		this.#isFinishing = true;
		if (this.#hasExitFlush) this.ends?.endOpen();
		this.#endPending();
		if (!this.#isEnded) {
			this.#made.exitFlush(this.delivery.keepsForExit ? void 0 : "exitFlush is off");
			this.#end();
		}
		this.#isFinishing = false;
	}
	#end() {
		this.#isEnded = true;
		leaveProcessEnd(this);
		this.#statsLog.log();
	}
	/** Makes the hits that wait for something. */
	#endPending() {
		this.ends?.endWaiting();
		this.#buildUnbuilt();
		this.#additional.endWaiting();
	}
	#buildUnbuilt() {
		if (!this.#unbuilt) return;
		const unbuilt = this.#unbuilt;
		this.#unbuilt = void 0;
		this.#builder = this.#createBuilder();
		for (const build of unbuilt) build();
	}
};
/** The connection of a request may stay idle, and must not keep a long URL in memory. */
function isLong({ path, query = "", referrer = "" }) {
	return path.length + query.length + referrer.length > MAX_SHARED_CHARACTERS;
}
/** The pipeline for options as a user gives them; `undefined` if nothing is to be tracked, which was logged. */
function createPipeline(options, diagnostics, owner) {
	const resolved = resolveOptions(options, environment(), diagnostics);
	if (!resolved) return void 0;
	const problem = findWorkerProblem(options);
	if (problem !== void 0) {
		diagnostics.error(problem);
		return;
	}
	announceOptions(options);
	return new Pipeline(resolved, diagnostics, owner);
}
const NOTHING_TRACKED = `${REQUESTS_TO_JUDGE} requests were served, and MatomoSpanProcessor got no spans of them. Matomo receives nothing. Start the SDK that has the processor, load the HTTP instrumentation before the server, and let the sampler record its spans; or load opentelemetry-matomo/register, which needs no spans.`;
const SIGNAL_NOT_HANDLED = "exitFlush is set, but nothing handles SIGTERM. The signal ends the process at once, and queued hits are lost. Call shutdown() in a handler of SIGTERM and SIGINT, or load opentelemetry-matomo/register.";
const LISTENER_REMOVED = "The application removed the listener of opentelemetry-matomo for SIGTERM. The signal ends the process at once, and queued hits are lost. Remove only listeners of the application.";
// test/contracts/doors/build.ts
init_log_lines();
init_messages();
/** A Friday noon in UTC. */
const NOON = Date.UTC(2026, 10, 20, 12);
const HEADERS$1 = {
	host: "shop.example.org",
	"user-agent": "curl/8.5.0",
	"accept-language": "sv-SE"
};
/** Headers that an instrumentation captures unless the options say otherwise. */
const CAPTURED = [
	"dnt",
	"sec-gpc",
	"cookie",
	"x-consent"
];
/** The hits of one request. */
function build(facts = {}, options = {}) {
	const builder = openBuilder(options);
	const built = builder.build(facts);
	builder.close();
	return built;
}
/** Makes the hits of one request after another with the same options, which has learned from those before. */
function openBuilder(options = {}) {
	let codes = /* @__PURE__ */ new Set();
	const diagnostics = diagnosticsTo((message) => codes.add(splitCode(message).code ?? message));
	const pipeline = createPipeline({
		url: "https://matomo.test/matomo.php",
		siteId: 1,
		visitorKey: "a-key-of-the-contract-tests",
		capturedHeaders: CAPTURED,
		...options
	}, diagnostics, { component: "contract" });
	if (!pipeline) throw new Error("the options do not track anything");
	const { reading } = pipeline;
	const queue = takeFrom(pipeline);
	return {
		build(facts) {
			codes = /* @__PURE__ */ new Set();
			const before = pipeline.stats();
			const { nowMillis = NOON + 1e3, callMillis = nowMillis, isOpen, isOutside } = facts;
			vi.setSystemTime(nowMillis);
			const span = spanOf(facts);
			const request = Request.ofSpan(span);
			withFunctions(pipeline, isOutside ? void 0 : request, callMillis, (call) => {
				facts.calls?.forEach(call);
				if (isOpen || isOutside) return;
				for (const below of facts.below ?? []) addFacts(request, childOf(below), reading);
				addFacts(request, span, reading);
				for (const hit of hitsOfEvents(span)) pipeline.addHit(hit, request);
				pipeline.end(request);
				facts.callsAfter?.forEach(call);
			});
			pipeline.flush();
			vi.useRealTimers();
			const hits = queue.splice(0);
			const after = pipeline.stats();
			return {
				hits: hits.map(({ kind, site, client, visitor, query }) => ({
					kind,
					site,
					client,
					visitor,
					parameters: parametersOf$3(query),
					text: query
				})),
				ignored: Object.keys(difference(before.ignored, after.ignored))[0],
				dropped: difference(before.dropped, after.dropped),
				counts: {
					hits: after.hits - before.hits,
					additional: after.additionalHits - before.additionalHits,
					chatbots: after.aiChatbots - before.aiChatbots
				},
				problems: [...codes].sort()
			};
		},
		close: () => void pipeline.shutdown(0)
	};
}
/** The hits that a pipeline gives to its delivery, which does not get them. */
function takeFrom({ delivery }) {
	const queue = [];
	Object.assign(delivery, {
		put: (hit) => queue.push(hit) > 0,
		flush: async () => void 0
	});
	return queue;
}
/** Calls what `run` passes as the application does, for one request at a time. */
function withFunctions(pipeline, request, atMillis, run) {
	const functions = createRequestFunctions({
		addHit: (hit) => pipeline.addHit({
			...hit,
			epochMillis: atMillis
		}, request),
		refuseHit: (key, message) => pipeline.refuseHit(key, message),
		reportHit: (key, message) => pipeline.reportHit(key, message)
	}, () => request);
	run(([name, ...args]) => {
		if (name === "timing") addTiming(request.ensureAdditions(), ...args);
		else functions[name](...args);
	});
}
function spanOf(facts) {
	const { method = "GET", path = "/users/42", query, route = "/users/:id", status = 200 } = facts;
	const { scheme, bodyBytes, peer = "192.0.2.10", attributes, service, events = [] } = facts;
	const all = {
		"http.request.method": method,
		"url.path": path,
		"url.query": query,
		"url.scheme": scheme,
		"http.route": route === "" ? void 0 : route,
		"http.response.status_code": status,
		"http.response.body.size": bodyBytes,
		"network.peer.address": peer === "" ? void 0 : peer,
		...headersOf("request", {
			...HEADERS$1,
			...facts.headers
		}),
		...headersOf("response", facts.responseHeaders),
		...attributes
	};
	return {
		...childOf({
			name: facts.spanName ?? method,
			attributes: withoutMissing(all)
		}),
		kind: 1,
		startTime: toTime(facts.startMillis ?? NOON),
		duration: toTime(facts.durationMillis ?? 12.4),
		...service && { resource: { attributes: service } },
		events: [...exceptionOf(facts.exception), ...events.map((parameters) => ({
			name: "matomo.hit",
			attributes: Object.fromEntries(Object.entries(parameters).map(([name, value]) => [`matomo.${name}`, value])),
			time: toTime(NOON)
		}))]
	};
}
function childOf({ name = "", attributes = {}, durationMillis = 1, exception }) {
	return {
		name,
		kind: 0,
		startTime: toTime(NOON),
		duration: toTime(durationMillis),
		attributes,
		status: { code: exception === void 0 ? 0 : 2 },
		events: exceptionOf(exception),
		spanContext: () => ({
			traceId: "1".repeat(32),
			spanId: "2".repeat(16),
			traceFlags: 1
		})
	};
}
function exceptionOf(type) {
	return type === void 0 ? [] : [{
		name: "exception",
		attributes: { "exception.type": type }
	}];
}
function headersOf(direction, headers = {}) {
	return Object.fromEntries(Object.entries(headers).map(([name, value]) => [`http.${direction}.header.${name}`, value === void 0 ? void 0 : [value]]));
}
function withoutMissing(values) {
	return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== void 0));
}
function toTime(millis) {
	const seconds = Math.floor(millis / 1e3);
	return [seconds, Math.round((millis - seconds * 1e3) * 1e6)];
}
function parametersOf$3(text) {
	const parameters = {};
	for (const [name, value] of new URLSearchParams(text)) {
		if (name in parameters) throw new Error(`"${name}" is in the text of a hit twice`);
		parameters[name] = value;
	}
	return parameters;
}
/** What was counted since. */
function difference(before, after) {
	const changed = Object.entries(after).map(([name, count]) => [name, count - (before[name] ?? 0)]);
	return Object.fromEntries(changed.filter(([, count]) => count !== 0));
}
function diagnosticsTo(say) {
	return {
		warn: say,
		error: say,
		print: say,
		lines: new LogLines(say),
		warnOnce: (_key, message) => say(typeof message === "string" ? message : message())
	};
}
// test/contracts/hit/callbacks.test.ts
/** What a callback must not return: a promise of a good value, one that rejects, and another thenable. */
const THENABLES = [
	["a promise", (value) => Promise.resolve(value)],
	["a promise that rejects", () => Promise.reject(/* @__PURE__ */ new Error("late"))],
	["a query builder", (value) => ({ then: (resolve) => resolve(value) })]
];
const EVENT$1 = { calls: [[
	"trackEvent",
	"a",
	"b"
]] };
test.each([
	[
		"actionName",
		(make) => ({ actionName: make }),
		"action_name",
		"GET /users/:id"
	],
	[
		"userId",
		(make) => ({ userId: make }),
		"uid"
	],
	[
		"dimensions[3]",
		(make) => ({ dimensions: { 3: make } }),
		"dimension3"
	]
].flatMap((row) => THENABLES.map(([what, make]) => [
	row,
	what,
	make
])))("%o: a result counts as missing if it is %s", ([, optionsOf, parameter, value], _what, make) => {
	const options = optionsOf(() => make("x"));
	const { hits, problems } = build(EVENT$1, options);
	expect(hits.map(({ parameters }) => parameters[parameter])).toEqual([value, void 0]);
	expect(problems).toEqual(["callback-failed"]);
});
test.each(THENABLES)("visitorId: the ID is made as without one if it returns %s", (_, make) => {
	const visitorId = () => make("0123456789abcdef");
	const cids = build(EVENT$1, { visitorId }).hits.map(({ parameters }) => parameters.cid);
	expect((/* @__PURE__ */ new Set([...cids, build().hits[0]?.parameters.cid])).size).toBe(1);
});
test.each([
	[
		"siteId",
		1,
		"site"
	],
	[
		"ignore",
		false,
		"predicate"
	],
	[
		"beforeSend",
		{},
		"predicate"
	]
].flatMap((row) => THENABLES.map((each) => [...row, ...each])))("%s (%o): no hit is made, which counts as %s, if it returns %s", (option, value, ignored, _what, make) => {
	const built = build(EVENT$1, { [option]: () => make(value) });
	expect(built).toMatchObject({
		hits: [],
		ignored,
		problems: ["callback-failed"]
	});
});
test("a function of dimensions returns any value of an attribute, and userId a number", () => {
	const { parameters } = build({}, {
		userId: () => 42,
		dimensions: {
			1: () => ["a", "b"],
			2: () => true,
			3: () => 0,
			4: () => void 0
		}
	}).hits[0] ?? {};
	expect(parameters).toMatchObject({
		uid: "42",
		dimension1: "a,b",
		dimension2: "true",
		dimension3: "0"
	});
	expect(parameters).not.toHaveProperty("dimension4");
});
// test/support/chatbots.ts
const CHATGPT = "Mozilla/5.0; compatible; ChatGPT-User/1.0; +https://openai.com/bot";
// test/support/words.ts
function words(text) {
	return text.trim().split(/\s+/);
}
// test/contracts/hit/golden.ts
const MADE_ID = "made of the request";
function page(differences = {}) {
	return {
		kind: "page",
		differences
	};
}
function chatbot(differences = {}) {
	return {
		kind: "chatbot",
		differences
	};
}
function additional(differences) {
	return {
		kind: "additional",
		differences
	};
}
function variables(status, method, others = {}) {
	const all = {
		http_status_code: String(status),
		http_method: method,
		...others
	};
	return JSON.stringify(Object.fromEntries(Object.entries(all).map((variable, i) => [i + 1, variable])));
}
/** Compares all parameters of all hits of each row. */
function golden(rows) {
	test.each(rows.map((row) => [nameOf(row), row]))("%s", (_name, row) => {
		const { facts = {}, options, before = [], ignored, dropped = {}, problems = [] } = row;
		const builder = openBuilder(options);
		for (const each of before) builder.build(each);
		const built = builder.build(facts);
		builder.close();
		const expected = hitsOf(row).map((hit) => ({
			kind: hit.kind === "chatbot" ? "chatbot" : "action",
			parameters: parametersOf$2(hit, facts)
		}));
		const isMade = (i) => expected[i]?.parameters.cid === MADE_ID;
		expect({
			hits: built.hits.map(({ kind, parameters }, i) => ({
				kind,
				parameters: isMade(i) ? withoutMadeId(parameters) : parameters
			})),
			ignored: built.ignored,
			dropped: built.dropped,
			problems: built.problems
		}).toEqual({
			hits: expected,
			ignored,
			dropped,
			problems
		});
		checkCounts(built);
	});
}
function nameOf({ name, facts = {}, options = {} }) {
	return name ?? JSON.stringify({
		...facts,
		options
	}, textOf).slice(0, 120);
}
function textOf(_key, value) {
	return typeof value === "function" || value instanceof RegExp ? String(value) : value;
}
function hitsOf({ hits, page: ofPage, chatbot: ofChatbot, ignored }) {
	if (hits) return hits;
	if (ofChatbot) return [chatbot(ofChatbot)];
	return ignored === void 0 ? [page(ofPage)] : [];
}
/** What a hit is expected to have: the facts as they are, with nothing configured. */
function parametersOf$2({ kind, differences }, facts) {
	const { method = "GET", path = "/users/42", route = "/users/:id", status = 200 } = facts;
	const headers = {
		"user-agent": "curl/8.5.0",
		...facts.headers
	};
	const ofEach = {
		idsite: "1",
		rec: "1",
		apiv: "1",
		bots: "1",
		cid: MADE_ID,
		ua: headers["user-agent"] ?? "-",
		lang: "sv-SE",
		url: `https://shop.example.org${path}${facts.query ? `?${facts.query}` : ""}`,
		cdt: String(NOON / 1e3)
	};
	const ofPage = {
		action_name: `${method} ${route === "" ? path : route}`,
		gt_ms: "12",
		pf_srv: "12",
		cvar: variables(status, method)
	};
	const ofKind = {
		page: ofPage,
		chatbot: {
			...ofPage,
			recMode: "1",
			http_status: String(status),
			bw_bytes: facts.bodyBytes === void 0 ? null : String(facts.bodyBytes),
			source: "opentelemetry-matomo"
		},
		additional: { cdt: String(NOON / 1e3 + 1) }
	};
	return withoutNull({
		...ofEach,
		...ofKind[kind],
		...differences
	});
}
/** Each hit is counted once, and names its site and its visitor. */
function checkCounts({ hits, ignored, counts }) {
	const pages = ignored === void 0 && hits.length > counts.additional ? 1 : 0;
	expect(counts).toEqual({
		hits: hits.length,
		additional: hits.length - pages,
		chatbots: hits.filter(({ kind }) => kind === "chatbot").length
	});
	for (const { site, visitor, parameters } of hits) {
		expect(String(site)).toBe(parameters.idsite);
		expect(visitor).toBe(parameters.uid ?? parameters.cid ?? "");
	}
}
function withoutMadeId(parameters) {
	expect(parameters.cid).toMatch(/^[\da-f]{16}$/);
	return {
		...parameters,
		cid: MADE_ID
	};
}
function withoutNull(parameters) {
	return Object.fromEntries(Object.entries(parameters).filter((entry) => entry[1] !== null));
}
// test/contracts/hit/chatbots.test.ts
const HEADERS = { "user-agent": CHATGPT };
const PAGE = "https://shop.example.org/users/42";
const bot = (what, more = {}, options = {}) => ({
	name: `an AI chatbot: ${what}`,
	facts: {
		headers: HEADERS,
		bodyBytes: 1234,
		responseHeaders: { "content-type": "text/html" },
		...more
	},
	options
});
const read = (what, more, differences = {}) => ({
	...bot(what, {
		route: "",
		...more
	}, { actionName: "read" }),
	chatbot: {
		action_name: "read",
		...differences
	}
});
const notRead = (what, more) => ({
	...bot(what, more),
	ignored: "ai_chatbot"
});
const withHeader = (name, value, more = {}) => [`${name}: ${value}`, {
	headers: {
		...HEADERS,
		[name]: value
	},
	...more
}];
const PART = {
	path: "/a",
	status: 206
};
golden([
	...[
		301,
		302,
		303,
		307,
		308
	].map((status) => notRead(`status ${status}`, { status })),
	...[
		300,
		400,
		404,
		499,
		503
	].map((status) => read(`status ${status}`, { status })),
	...words("/a.css /robots.txt /a.mp4").map((path) => notRead(path, { path })),
	...words("/llms.txt /a.md /feed.xml").map((path) => read(path, { path })),
	notRead(...withHeader("cookie", "a=b; matomo_has_js=1; c=d")),
	read(...withHeader("cookie", "matomo_has_js=10")),
	notRead(...withHeader("range", "bytes=10-", PART)),
	notRead(...withHeader("range", "bytes=-500", PART)),
	read(...withHeader("range", "Bytes = 00 - 5, 7-9", PART))
]);
golden([...words("utm_source UTM_ID mtm_campaign pk_kwd piwik_campaign matomo_kwd gclid fbclid").map((name) => read(`without ${name}`, { query: `a=1&${name}=x&b=2` }, { url: `${PAGE}?a=1&b=2` })), read("without campaigns and a fragment", { query: "a=1&utm_source=x&amp;utm_id=1&x=1#part" }, { url: `${PAGE}?a=1&x=1%23part` })]);
golden([
	[
		true,
		"/a",
		200,
		"Application/PDF; x=y"
	],
	[
		true,
		"/a.PDF",
		404,
		"text/html"
	],
	[
		true,
		"/a.pdf",
		200,
		"application/octet-stream"
	],
	[
		true,
		"/a.pdf",
		200,
		""
	],
	[
		false,
		"/a.pdf",
		200,
		"text/html"
	],
	[
		false,
		"/a.json",
		200,
		"application/json"
	],
	[
		false,
		"/a.json",
		404,
		""
	],
	[
		false,
		"/a",
		404,
		"application/pdf"
	],
	[
		false,
		"/pdf",
		200,
		"binary/octet-stream"
	]
].map(([isDocument, path, status, type]) => read(`${path} with ${status} and ${type} is a document: ${isDocument}`, {
	path,
	status,
	responseHeaders: { "content-type": type }
}, isDocument ? {
	url: null,
	download: `https://shop.example.org${path}`
} : {})));
const NAMES$1 = words(`
  http.response.body.size http.response_content_length http.response.header.content_length http.wrote_bytes response_size
`);
const sized = (value, size) => read(`a size of ${JSON.stringify(value)}`, {
	bodyBytes: void 0,
	attributes: { "http.response.body.size": value }
}, { bw_bytes: size });
golden([
	...NAMES$1.map((name, i) => {
		const facts = {
			bodyBytes: void 0,
			attributes: {
				...Object.fromEntries(NAMES$1.slice(i + 1).map((each) => [each, 9])),
				[name]: 5
			}
		};
		return read(`the size of ${name} wins`, facts, { bw_bytes: "5" });
	}),
	sized(0, "0"),
	sized(["17"], "17"),
	sized("4294967295", "4294967295"),
	...[
		"",
		-1,
		1.5,
		" 5",
		4294967296,
		true
	].map((value) => sized(value, null))
]);
const ALONE = {
	bots: null,
	cid: null,
	lang: null,
	action_name: null,
	gt_ms: null,
	cvar: null
};
const EVENT = { calls: [[
	"trackEvent",
	"a",
	"b"
]] };
const NOT_IN_SAMPLE = { sampleRate: 1e-9 };
golden([
	{
		...bot("HEAD", { method: "HEAD" }),
		chatbot: { bw_bytes: null }
	},
	{ ...bot("POST", { method: "POST" }) },
	{
		...bot("304", { status: 304 }),
		chatbot: { bw_bytes: null }
	},
	{
		...bot("capitals", { headers: {
			...HEADERS,
			host: "Shop.Example.org"
		} }),
		chatbot: {}
	},
	{
		...bot("a stream", { responseHeaders: { "content-type": "text/event-stream" } }),
		chatbot: {
			gt_ms: null,
			pf_srv: null
		}
	},
	{
		...bot("annotations", { calls: [["annotate", {
			http_status: 201,
			bw_bytes: 1,
			source: "x",
			pf_srv: 1,
			dimension1: "y"
		}], ["annotate", {
			url: "https://x.example/",
			download: "https://x.example/a"
		}]] }),
		chatbot: { dimension1: "y" }
	},
	{
		...bot("an event of an open request", {
			...EVENT,
			isOpen: true
		}, NOT_IN_SAMPLE),
		hits: [additional({
			e_c: "a",
			e_a: "b"
		})]
	},
	{
		...bot("an event of a document", {
			...EVENT,
			query: "a=1",
			responseHeaders: { "content-type": "application/pdf" }
		}),
		hits: [chatbot({
			url: null,
			download: PAGE
		}), additional({
			e_c: "a",
			e_a: "b"
		})]
	},
	{
		...bot("without page views", {}, { pageViews: false }),
		chatbot: ALONE
	},
	{ ...bot("aiChatbots: off", {}, { aiChatbots: "off" }) },
	{
		...bot("a sample", {}, NOT_IN_SAMPLE),
		chatbot: {}
	},
	{
		...bot("a name that is cut off", { headers: { "user-agent": `${"x".repeat(1024)}${CHATGPT}` } }),
		page: { ua: "x".repeat(1024) }
	},
	{
		...bot("beforeSend", {}, { beforeSend: (hit) => ({
			...hit,
			recMode: "0",
			http_status: 201
		}) }),
		chatbot: { http_status: "201" }
	},
	{
		...bot("beforeSend drops it", {}, { beforeSend: () => null }),
		ignored: "predicate"
	}
]);
// test/contracts/hit/client.test.ts
const HINTS = {
	"sec-ch-ua": "\"Chromium\";v=\"130\", \"Not?A_Brand\";v=\"99\"",
	"sec-ch-ua-mobile": "?0",
	"sec-ch-ua-platform": "\"Linux\""
};
/** As they are sent: in the order of the names. */
const NAMES = words("brand brands fullVersionList mobile model platform platformVersion version");
const SENT_HINTS = {
	brands: [{
		brand: "Chromium",
		version: "130"
	}, {
		brand: "Not?A_Brand",
		version: "99"
	}],
	mobile: false,
	platform: "Linux"
};
golden([
	[
		"user-agent",
		void 0,
		{ ua: "-" }
	],
	[
		"user-agent",
		" a\0b ",
		{ ua: "a b" }
	],
	[
		"user-agent",
		"x".repeat(1100),
		{ ua: "x".repeat(1024) }
	],
	[
		"user-agent",
		Buffer.from("Bär/1").toString("latin1"),
		{ ua: "Bär/1" }
	],
	[
		"user-agent",
		"Bär/1",
		{ ua: "Bär/1" }
	],
	[
		"accept-language",
		void 0,
		{ lang: null }
	],
	[
		"accept-language",
		"sv,".repeat(100),
		{ lang: "sv,".repeat(85) }
	]
].map(([name, value, sent]) => ({
	facts: { headers: { [name]: value } },
	page: sent
})));
golden([
	[HINTS, SENT_HINTS],
	[{
		...HINTS,
		"sec-ch-ua-mobile": "?1",
		"sec-ch-ua-full-version-list": "\"Chromium\";v=\"130.0.1\"",
		"sec-ch-ua-model": "\"Pixel \\\"9\\\"\"",
		"sec-ch-ua-platform-version": "\"6.1\""
	}, {
		...SENT_HINTS,
		fullVersionList: [{
			brand: "Chromium",
			version: "130.0.1"
		}],
		mobile: true,
		model: "Pixel \"9\"",
		platformVersion: "6.1"
	}],
	[{ "sec-ch-ua": "\"A\";v=\"1\"" }, { brands: [{
		brand: "A",
		version: "1"
	}] }],
	[{
		"sec-ch-ua": "\"A\";v=\"1\"; x, \"B\";v=\"2\"",
		"sec-ch-ua-mobile": "?0",
		"sec-ch-ua-platform": "Linux",
		"sec-ch-ua-model": "\"\""
	}, {
		brands: [{
			brand: "A",
			version: "1"
		}],
		mobile: false
	}],
	[{
		...HINTS,
		"user-agent": void 0
	}, SENT_HINTS],
	[{
		...HINTS,
		"sec-ch-ua": ""
	}, void 0]
].map(([headers, sent]) => ({
	facts: { headers },
	page: { uadata: sent === void 0 ? null : JSON.stringify(sent, NAMES) }
})));
golden([
	{
		name: "hints of a request before are not those of the next one",
		before: [{ headers: HINTS }]
	},
	{
		options: { trackBots: false },
		page: { bots: null }
	},
	{
		facts: { calls: [["annotate", {
			ua: "App/1",
			lang: "de",
			uadata: "{\"brands\":[]}"
		}]] },
		page: {
			ua: "App/1",
			lang: "de",
			uadata: "{\"brands\":[]}"
		}
	},
	{
		facts: { calls: [["annotate", {
			ua: "",
			lang: " "
		}]] },
		problems: ["parameter-invalid"]
	}
]);
// test/contracts/hit/dimensions.test.ts
const SOURCES = {
	1: "http.request.method",
	2: "http.response.status_code",
	3: "http.route",
	4: "url.full",
	5: "http.target",
	6: "url.path",
	7: "url.query",
	8: "url.scheme",
	9: "client.address",
	10: "user_agent.original",
	11: "http.request.header.referer",
	12: "matomo.failed_endpoint"
};
const MD5$1 = "d41d8cd98f00b204e9800998ecf8427e";
const MASKED = { anonymizeIp: 1 };
const MCP$1 = {
	method: "POST",
	path: "/mcp",
	route: "/mcp"
};
const TOOL$1 = {
	"mcp.method.name": "tools/call",
	"gen_ai.tool.name": "known_tool"
};
const header$1 = (name, value, options = {}) => ({
	name: `header ${name}: ${value}`.slice(0, 90),
	facts: { headers: { [name]: value } },
	options: {
		dimensions: { 1: `http.request.header.${name}` },
		...options
	}
});
const attribute = (name, value, options = {}) => ({
	name: `attribute ${name}: ${value}`.slice(0, 90),
	facts: { attributes: { [name]: value } },
	options: {
		dimensions: { 1: name },
		...options
	}
});
golden([
	{
		name: "what the hit knows itself",
		options: { dimensions: SOURCES },
		facts: {
			query: "a=1&token=x&q=y",
			headers: { referer: "https://ref.example/?token=x" }
		},
		page: {
			url: "https://shop.example.org/users/42?a=1&token=redacted",
			urlref: "https://ref.example/?token=redacted",
			dimension1: "GET",
			dimension2: "200",
			dimension3: "/users/:id",
			dimension4: "https://shop.example.org/users/42?a=1&token=redacted",
			dimension5: "/users/42?a=1&token=redacted",
			dimension6: "/users/42",
			dimension7: "a=1&token=redacted",
			dimension8: "https",
			dimension9: "192.0.2.10",
			dimension10: "curl/8.5.0",
			dimension11: "https://ref.example/?token=redacted"
		}
	},
	...[
		["http.method", "GET"],
		["http.status_code", "200"],
		["http.url", "https://shop.example.org/users/42"],
		["http.scheme", "https"],
		["http.user_agent", "curl/8.5.0"],
		["http.request.header.user-agent", "curl/8.5.0"],
		["trace_id", "1".repeat(32)],
		["span_id", "2222222222222222"],
		["user_agent.name", "curl"],
		["user_agent.version", "8.5.0"],
		...words("net.peer.ip http.client_ip network.peer.address net.sock.peer.addr").map((name) => [name, "192.0.2.10"])
	].map(([name, dimension1]) => ({
		options: { dimensions: { 1: name } },
		page: { dimension1 }
	})),
	{
		name: "what the hit knows of a failure",
		options: {
			dimensions: {
				1: SOURCES[1],
				3: SOURCES[3],
				9: SOURCES[9],
				12: SOURCES[12]
			},
			...MASKED
		},
		facts: {
			method: "FOO",
			status: 503,
			path: "/x",
			route: ""
		},
		page: {
			action_name: "_OTHER /x",
			cvar: variables(503, "_OTHER"),
			dimension1: "_OTHER",
			dimension9: "192.0.2.0",
			dimension12: "5xx _OTHER /x"
		}
	},
	{
		name: "a call of MCP that fails",
		options: { dimensions: {
			1: SOURCES[12],
			3: "gen_ai.tool.name",
			4: "mcp.method.name"
		} },
		facts: {
			...MCP$1,
			below: [{
				attributes: TOOL$1,
				exception: "ToolError"
			}]
		},
		before: [{
			...MCP$1,
			below: [{ attributes: TOOL$1 }]
		}],
		page: {
			action_name: "MCP tools/call known_tool",
			cvar: variables(200, "POST", { error_type: "ToolError" }),
			dimension1: "error MCP tools/call known_tool",
			dimension3: "known_tool",
			dimension4: "tools/call"
		}
	},
	{
		name: "functions",
		options: { dimensions: {
			1: (request) => request.header("X-Plan"),
			2: (request) => request.attributes["app.tier"],
			3: ({ protocol, host, address, userAgent, query }) => `${protocol} ${host} ${address} ${userAgent} ${query}`,
			4: ({ aborted, durationMillis, startTime }) => `${aborted} ${durationMillis} ${startTime}`
		} },
		facts: {
			query: "x=1",
			headers: { "x-plan": "pro" },
			attributes: { "app.tier": "gold" }
		},
		page: {
			dimension1: "pro",
			dimension2: "gold",
			dimension3: "https shop.example.org 192.0.2.10 curl/8.5.0 x=1",
			dimension4: "false 12.4 1795176000000"
		}
	},
	...[
		[
			"x-plan",
			" ",
			null
		],
		[
			"x-original-url",
			"#top",
			null
		],
		[
			"x-note",
			"",
			null
		],
		[
			"x-plan",
			"x".repeat(300),
			"x".repeat(250)
		],
		[
			"x-other",
			"Bearer abc",
			"redacted"
		],
		[
			"mcp-method",
			MD5$1,
			"redacted"
		],
		[
			"x-checksum",
			MD5$1,
			MD5$1
		],
		[
			"x-original-url",
			"token/9fK2mQ7x",
			"token/redacted"
		],
		[
			"x-text",
			"see a?token=1",
			"see a?token=redacted"
		],
		[
			"x-original-url",
			"/a/+4917612345678?b=1",
			"/a/redacted?b=1"
		]
	].map(([name, value, dimension1]) => ({
		...header$1(name, value),
		page: { dimension1 }
	})),
	{
		...header$1("x-forwarded-for", "198.51.100.23, 010.0.0.1:80, \"[2001:db8:1:2:3::1]:443\"", MASKED),
		page: { dimension1: "198.51.100.0, 10.0.0.0, 2001:db8:1:2::" }
	},
	{
		...header$1("x-note", "v1.2.3.4.5 at 198.51.100.23. or 198.51.100.24:", MASKED),
		page: { dimension1: "v1.2.3.4.5 at 198.51.100.0. or 198.51.100.0:" }
	},
	{
		...header$1("host", "u:p@shop.example.org/x"),
		page: {
			url: "https://localhost/users/42",
			dimension1: "shop.example.org"
		}
	},
	...[
		[
			"app.text",
			"a?token=1",
			"a?token=1"
		],
		[
			"app.number",
			7.5,
			"7.5"
		],
		[
			"app.flag",
			false,
			"false"
		],
		[
			"app.list",
			["a", "b"],
			"a,b"
		],
		[
			"error.type",
			"Ada was here",
			"_OTHER"
		],
		[
			"exception.type",
			"TypeError",
			"TypeError"
		],
		[
			"user_agent.name",
			"Own",
			"Own"
		]
	].map(([name, value, dimension1]) => ({
		...attribute(name, value),
		page: { dimension1 }
	})),
	{
		...attribute("app.number", NaN),
		problems: ["parameter-invalid"]
	},
	{
		options: { dimensions: { 1: () => [1, NaN] } },
		problems: ["parameter-invalid"]
	},
	{
		...attribute("app.ip", "198.51.100.23", MASKED),
		page: { dimension1: "198.51.100.0" }
	},
	{
		name: "an attribute of the service",
		options: { dimensions: {
			1: "service.name",
			2: "service.version"
		} },
		facts: {
			service: {
				"service.name": "shop",
				"service.version": "1"
			},
			attributes: { "service.version": "2" }
		},
		page: {
			dimension1: "shop",
			dimension2: "2"
		}
	},
	...[
		["python-requests (x)", { dimension2: "python-requests" }],
		["Mozilla/5.0 x/1", {}],
		[`${"p".repeat(70)}/${"1".repeat(25)}`, {
			ua: `${"p".repeat(40)}/${"1".repeat(25)}`,
			dimension2: "p".repeat(64),
			dimension3: "1".repeat(20)
		}]
	].map(([userAgent, sent]) => ({
		facts: { headers: { "user-agent": userAgent } },
		options: { dimensions: {
			2: "user_agent.name",
			3: "user_agent.version"
		} },
		page: {
			ua: userAgent,
			...sent
		}
	})),
	{
		name: "a header of the response",
		options: { dimensions: { 1: "http.response.header.x-cache" } },
		facts: { responseHeaders: { "x-cache": " HIT " } },
		page: { dimension1: "HIT" }
	}
]);
// test/contracts/hit/events.test.ts
const call = (name, ...args) => ({
	name: `${name}(${JSON.stringify(args).slice(1, -1)})`.slice(0, 110),
	facts: { calls: [[name, ...args]] }
});
const also = (differences) => ({ hits: [page(), additional(differences)] });
const REFUSED = {
	dropped: { invalid: 1 },
	problems: ["parameter-invalid"]
};
const NOBODY = {
	hits: [],
	dropped: { no_visitor: 1 },
	problems: ["parameter-invalid"]
};
/** Of a call outside of a request. */
const OUTSIDE = {
	lang: null,
	url: null,
	ua: "-"
};
const JOB = {
	isOutside: true,
	calls: [[
		"trackEvent",
		"a",
		"b",
		{ uid: "ada" }
	]]
};
({ ...OUTSIDE });
/** What annotate sets for all hits of a request, with a token, and for its page view. */
const SHARED = {
	idsite: "2",
	bots: "0",
	ua: "App/1",
	lang: "de",
	url: "https://x.example/",
	uid: "ada",
	urlref: "https://y.example/",
	_id: "abcdef0123456789",
	cip: "192.0.2.99",
	country: "de",
	region: "by",
	city: "x",
	lat: "1.5",
	long: "-2"
};
const OF_PAGE = {
	action_name: "x",
	dimension1: "x",
	e_c: "p",
	e_a: "q",
	cdt: "1795000000"
};
const TOKEN$5 = { tokenAuth: "0123456789abcdef0123456789abcdef" };
const SEARCH = {
	search: "shoes",
	search_cat: "a",
	search_count: "3"
};
const CONTENT = {
	c_n: "ad",
	c_p: "a.png",
	c_t: "/x",
	c_i: "click"
};
const TEA = { sku: "tea" };
const SENT_TEA = [
	"tea",
	"",
	"",
	0,
	1
];
const INVALID$1 = { problems: ["parameter-invalid"] };
golden([
	[
		"trackEvent",
		"",
		"buy"
	],
	[
		"trackEvent",
		"shop",
		" "
	],
	["trackGoal", 0],
	["trackOrder", {
		id: " ",
		revenue: 1
	}],
	["trackOrder", "A"],
	["trackOrder", {
		id: "x".repeat(120),
		revenue: 0x2386f26fc10000
	}],
	["trackHit", { uid: "ada" }],
	["trackHit", {}],
	["trackHit", { e_c: "a" }],
	["trackHit", { download: "a.pdf" }]
].map(([name, ...args]) => ({
	...call(name, ...args),
	...REFUSED
})));
golden([
	{
		...call("trackEvent", "shop", "buy", "x"),
		...also({
			e_c: "shop",
			e_a: "buy"
		}),
		problems: ["parameter-invalid"]
	},
	...[
		[[
			"trackEvent",
			7,
			8
		], {
			e_c: "7",
			e_a: "8"
		}],
		[[
			"trackEvent",
			"a",
			"b",
			{ idsite: 7 }
		], {
			idsite: "7",
			e_c: "a",
			e_a: "b"
		}],
		[[
			"trackGoal",
			"3",
			{ revenue: "19.5" }
		], {
			idgoal: "3",
			revenue: "19.5"
		}],
		[["trackHit", { link: "https://x.example/" }], { link: "https://x.example/" }],
		[["trackHit", { ping: true }], { ping: "1" }],
		[["trackHit", SEARCH], SEARCH],
		[["trackHit", CONTENT], CONTENT]
	].map(([[name, ...args], sent]) => ({
		...call(name, ...args),
		...also(sent)
	})),
	{
		...call("trackOrder", {
			id: "A-1",
			revenue: 59.9,
			subtotal: 40,
			tax: 9.57,
			shipping: 5,
			discount: 1,
			items: [{
				sku: "mug",
				name: "Mug",
				categories: ["a", "b"],
				price: 25.165,
				quantity: 2
			}, { sku: 7 }]
		}),
		...also({
			ec_st: "40",
			ec_tx: "9.57",
			ec_sh: "5",
			ec_dt: "1",
			ec_items: "[[\"mug\",\"Mug\",[\"a\",\"b\"],25.165,2],[\"7\",\"\",\"\",0,1]]",
			idgoal: "0",
			ec_id: "A-1",
			revenue: "59.9"
		})
	},
	...[
		[
			{ items: [
				{ name: "no sku" },
				{
					sku: "a",
					price: NaN
				},
				TEA,
				TEA,
				null
			] },
			[SENT_TEA, SENT_TEA],
			INVALID$1
		],
		[
			{ items: [
				{
					sku: "a",
					quantity: 7e4,
					categories: [..."1234560"]
				},
				{
					sku: "b",
					quantity: -1,
					categories: "c"
				},
				{
					sku: "c",
					quantity: 1.6
				}
			] },
			[
				[
					"a",
					"",
					[..."12345"],
					0,
					65535
				],
				[
					"b",
					"",
					"c",
					0,
					0
				],
				[
					"c",
					"",
					"",
					0,
					2
				]
			],
			{}
		],
		[
			{
				total: 2,
				taxes: 3
			},
			void 0,
			INVALID$1
		]
	].map(([order, items, more]) => ({
		...call("trackOrder", {
			id: "A",
			revenue: 1,
			...order
		}),
		...also({
			...items && { ec_items: JSON.stringify(items) },
			idgoal: "0",
			ec_id: "A",
			revenue: "1"
		}),
		...more
	})),
	{
		...call("trackHit", {
			action_name: "A page",
			url: "https://x.example/b"
		}),
		hits: [page(), page({
			gt_ms: null,
			pf_srv: null,
			cvar: null,
			url: "https://x.example/b",
			cdt: "1795176001",
			action_name: "A page"
		})]
	},
	{
		name: "a call whose clock is ahead",
		facts: {
			callMillis: 1795176009e3,
			calls: [["trackGoal", 1]]
		},
		...also({ idgoal: "1" })
	},
	{
		name: "outside of a request, with a visitor and a site",
		facts: {
			isOutside: true,
			calls: [[
				"trackGoal",
				1,
				{
					uid: "ada",
					idsite: 7
				}
			]]
		},
		hits: [additional({
			...OUTSIDE,
			cid: null,
			uid: "ada",
			idsite: "7",
			idgoal: "1"
		})]
	},
	{
		facts: {
			isOutside: true,
			calls: [[
				"trackEvent",
				"a",
				"b"
			]]
		},
		...NOBODY
	},
	{
		options: { privacy: "strict" },
		facts: JOB,
		...NOBODY
	},
	{
		options: { siteId: () => 3 },
		facts: JOB,
		hits: [],
		...REFUSED
	},
	{
		options: { beforeSend: () => null },
		facts: JOB,
		hits: [],
		dropped: { predicate: 1 }
	},
	{
		name: "annotate outside of a request",
		facts: {
			isOutside: true,
			calls: [["annotate", { uid: "ada" }], ["ignore"]]
		},
		hits: []
	},
	{
		name: "a hit of an open request",
		facts: {
			isOpen: true,
			calls: [[
				"trackEvent",
				"a",
				"b"
			]]
		},
		hits: [additional({
			e_c: "a",
			e_a: "b"
		})]
	},
	{
		name: "a hit has what annotate shares, and not what is of the page",
		options: TOKEN$5,
		facts: { calls: [["annotate", {
			...SHARED,
			...OF_PAGE,
			cvar: { a: 1 }
		}], ["trackGoal", 1]] },
		hits: [page({
			...SHARED,
			...OF_PAGE,
			cvar: variables(200, "GET", { a: "1" })
		}), additional({
			...SHARED,
			idgoal: "1"
		})]
	},
	{
		name: "a hit has no dimension of the request",
		options: {
			dimensions: {
				1: "url.path",
				2: () => "x"
			},
			userId: () => "ada"
		},
		facts: { calls: [["trackGoal", 1]] },
		hits: [page({
			dimension1: "/users/42",
			uid: "ada",
			dimension2: "x"
		}), additional({
			uid: "ada",
			idgoal: "1"
		})]
	},
	{
		name: "a hit after the end of an ignored request",
		options: {
			ignorePaths: ["/users/42"],
			userId: () => "ada"
		},
		facts: { callsAfter: [["trackGoal", 1]] },
		hits: [additional({
			uid: "ada",
			idgoal: "1"
		})],
		ignored: "path"
	},
	{
		name: "a span event",
		facts: { events: [{
			e_c: "a",
			e_a: "b",
			"cvar.plan": "pro"
		}, { idgoal: 1 }] },
		hits: [
			page(),
			additional({
				cdt: "1795176000",
				e_c: "a",
				e_a: "b",
				cvar: "{\"1\":[\"plan\",\"pro\"]}"
			}),
			additional({
				cdt: "1795176000",
				idgoal: "1"
			})
		]
	},
	{
		name: "a span event that is none",
		facts: { events: [{ e_c: "a" }] },
		...REFUSED
	},
	{
		name: "a request has 100 hits besides its page view",
		facts: { calls: Array.from({ length: 102 }, () => ["trackGoal", 1]) },
		hits: [page(), ...Array.from({ length: 100 }, () => additional({ idgoal: "1" }))],
		dropped: { too_many: 2 },
		problems: ["parameter-invalid"]
	}
]);
// test/contracts/hit/ignored.test.ts
const at$2 = (path, more = {}, options = {}) => ({
	facts: {
		path,
		route: "",
		...more
	},
	options
});
const TOOLS = {
	method: "POST",
	path: "/mcp",
	route: "/mcp",
	below: [{ attributes: { "mcp.method.name": "tools/list" } }]
};
const STREAM = "text/event-stream";
const throws = () => {
	throw new Error("x");
};
const agent = (text) => ({ headers: { "user-agent": text } });
golden([
	{
		options: { ignorePaths: ["/users/42/"] },
		ignored: "path"
	},
	{
		options: { ignorePaths: ["/users/:id"] },
		facts: { route: "users/:id" },
		ignored: "path"
	},
	{ options: { ignorePaths: [
		"/users",
		"/42",
		"/users/42/x"
	] } },
	{
		options: { ignorePaths: ["/"] },
		facts: {
			path: "/",
			route: "/"
		},
		ignored: "path"
	},
	{
		options: { ignorePaths: ["/"] },
		facts: {
			path: "/x",
			route: "/"
		},
		page: { action_name: "GET /x" }
	},
	{
		options: { ignorePaths: ["/users/*"] },
		facts: { route: "/users/*" },
		page: { action_name: "GET /users/:id" }
	},
	{
		options: { allowedMethods: ["post"] },
		ignored: "method"
	},
	{
		options: { ignoredMethods: ["GET"] },
		facts: { method: "get" },
		ignored: "method"
	},
	{ options: { ignoredMethods: ["OPTIONS"] } },
	...["Knative-Ingress-Probe", "synthetic-monitoring-agent/v0.24.2 (linux amd64; abc; def; +https://github.com/grafana/synthetic-monitoring-agent)"].map((text) => ({
		facts: agent(text),
		ignored: "user_agent"
	})),
	{
		options: { ignoreUserAgents: [/CURL/i] },
		ignored: "user_agent"
	},
	{
		options: { ignoreUserAgents: [/./] },
		facts: { headers: { "user-agent": void 0 } }
	},
	{
		options: { ignoreUserAgents: [/bad/] },
		facts: { calls: [["annotate", { ua: "bad/1" }]] },
		ignored: "user_agent"
	},
	{
		options: { ignoreUserAgents: [/curl/] },
		facts: { calls: [["annotate", { ua: "good/1" }]] },
		ignored: "user_agent"
	},
	{
		options: {
			ignoreAddresses: ["198.51.100.0/255.255.255.0"],
			tokenAuth: "f".repeat(32)
		},
		facts: { calls: [["annotate", { cip: "198.51.100.1" }], ["trackGoal", 1]] },
		ignored: "address"
	},
	{
		facts: agent("Prometheus/2.5"),
		ignored: "user_agent"
	},
	{
		options: { ignorePatterns: [/^\/users\//] },
		facts: {
			path: "/%75sers/42",
			route: ""
		},
		ignored: "pattern"
	},
	{
		options: { ignorePatterns: [/x=1/] },
		facts: { query: "x=1" }
	},
	{
		options: {
			ignoreAddresses: ["192.0.2.10"],
			anonymizeIp: 4
		},
		ignored: "address"
	},
	{ options: { ignoreAddresses: [
		"192.0.2.11",
		"::1",
		"loopback"
	] } },
	...["/run/app.sock", ""].map((peer) => ({
		name: `an address that is not known (${peer}) may be an ignored one`,
		options: { ignoreAddresses: ["192.0.2.11"] },
		facts: { peer },
		ignored: "address"
	})),
	...[["uniquelocal", "172.31.0.1"], ["2001:db8::/32", "2001:db8::1"]].map(([range = "", peer]) => ({
		options: { ignoreAddresses: [range] },
		facts: { peer },
		ignored: "address"
	})),
	{
		options: { ignoreAddresses: ["192.0.2.10"] },
		facts: { headers: { "x-forwarded-for": "198.51.100.1" } },
		ignored: "address",
		problems: ["proxy-ignored"]
	},
	...[
		[
			{ doNotTrack: true },
			{ dnt: "1" },
			"do_not_track"
		],
		[
			{ doNotTrack: true },
			{ "sec-gpc": "1" },
			"do_not_track"
		],
		[{ doNotTrack: true }, {
			dnt: "0",
			"sec-gpc": "0"
		}],
		[{}, { dnt: "1" }],
		[{ consent: "cookie:consent=yes" }, { cookie: "a=1; consent=yes" }],
		[
			{ consent: "cookie:consent=yes" },
			{ cookie: "consent=yesno" },
			"no_consent"
		],
		[
			{ consent: "cookie:consent=yes" },
			{ cookie: "consent=yes; consent=no" },
			"no_consent"
		],
		[
			{ consent: "cookie:consent=yes" },
			{},
			"no_consent"
		],
		[{ consent: "cookie:Consent=a=b" }, { cookie: "x;Consent=a=b ; Consent=a=b" }],
		[{ consent: "header:X-Consent=yes" }, { "x-consent": "yes" }],
		[
			{ consent: "header:x-consent=yes" },
			{ "x-consent": "yesno" },
			"no_consent"
		]
	].map(([options, headers, ignored]) => ({
		options,
		facts: { headers },
		...ignored !== void 0 && { ignored }
	})),
	...[[{
		doNotTrack: true,
		capturedHeaders: ["dnt"]
	}, "do_not_track"], [{
		consent: "cookie:consent=yes",
		capturedHeaders: []
	}, "no_consent"]].map(([options, ignored]) => ({
		options,
		ignored,
		problems: ["headers-not-captured"]
	})),
	{
		options: { doNotTrack: true },
		facts: {
			headers: { dnt: "1" },
			calls: [[
				"trackEvent",
				"a",
				"b"
			]],
			callsAfter: [["trackGoal", 1]],
			events: [{ idgoal: 2 }]
		},
		ignored: "do_not_track"
	},
	{
		name: "a request that is ignored twice counts under the first reason, and its events are private",
		options: {
			doNotTrack: true,
			ignorePaths: ["/users/42"]
		},
		facts: {
			headers: { dnt: "1" },
			calls: [[
				"trackEvent",
				"a",
				"b"
			]]
		},
		ignored: "path"
	},
	{
		name: "ignore: true",
		options: { ignore: () => true },
		facts: { calls: [[
			"trackEvent",
			"a",
			"b"
		]] },
		hits: [additional({
			e_c: "a",
			e_a: "b"
		})],
		ignored: "predicate"
	},
	{
		name: "ignore: a text",
		options: { ignore: () => "yes" },
		ignored: "predicate"
	},
	{
		name: "ignore: an event of an open request",
		options: { ignore: throws },
		facts: {
			isOpen: true,
			calls: [[
				"trackEvent",
				"a",
				"b"
			]]
		},
		hits: [],
		problems: ["callback-failed"]
	},
	...[
		{ "sec-purpose": "prefetch;prerender" },
		{ purpose: "prefetch" },
		{ "x-moz": "prefetch" },
		{ "next-router-prefetch": "1" }
	].map((headers) => ({
		...at$2("/a", { headers }),
		ignored: "prefetch"
	})),
	{ ...at$2("/a", { headers: { purpose: "other" } }) },
	...words(`
    /a.js /favicon.ico /a.woff2 /a.js.map /a.JSX /robots.txt //robots.txt /sitemap.xml /node_modules/.vite/x
    /@vite/client /@react-refresh /page-data/app-data.json /_next/static/x /_app/version.json
  `).map((path) => ({
		...at$2(path),
		ignored: "static"
	})),
	...words("/x/robots.txt /a.js/x /ajs /a.html /a.mp4").map((path) => at$2(path)),
	{ ...at$2("/a.js", { method: "POST" }) },
	{
		...at$2("/a.js", { method: "HEAD" }),
		ignored: "static"
	},
	{
		...at$2("/a.js", { route: "/a.js" }),
		ignored: "static"
	},
	{
		...at$2("/a.js", { route: "/:file.js" }),
		page: { action_name: "GET /:file.js" }
	},
	{
		...at$2("/assets/a.js", { route: "/assets/*" }),
		ignored: "static"
	},
	{
		...at$2("/assets/a.js", { route: "/assets" }),
		ignored: "static"
	},
	{ ...at$2("/a.js", {}, { staticFiles: "track" }) },
	{
		name: "MCP: a list",
		facts: TOOLS,
		ignored: "mcp"
	},
	{
		name: "MCP: off",
		options: { mcp: "off" },
		facts: TOOLS
	},
	{
		name: "MCP: a stream for an AI chatbot",
		facts: {
			path: "/mcp",
			route: "/mcp",
			headers: {
				"user-agent": CHATGPT,
				accept: STREAM
			}
		},
		ignored: "mcp"
	}
]);
const CAUSING = {
	dnt: "1",
	range: "bytes=5-"
};
const PREFETCH = {
	...CAUSING,
	purpose: "prefetch"
};
/** In the order in which they count: a reason, and what causes it. */
const CAUSES = [
	[
		"attribute",
		{},
		{ calls: [["ignore"]] }
	],
	["path", { ignorePaths: [
		"/a",
		"/a.js",
		"/a.pdf"
	] }],
	["method", { ignoredMethods: ["GET"] }],
	["user_agent", { ignoreUserAgents: [/./] }],
	["pattern", { ignorePatterns: [/a/] }],
	["address", { ignoreAddresses: ["192.0.2.10"] }],
	["do_not_track", { doNotTrack: true }],
	["no_consent", { consent: "cookie:consent=yes" }],
	["predicate", { ignore: () => true }],
	["site", { siteId: () => void 0 }],
	[
		"ai_chatbot",
		{},
		{
			method: "GET",
			headers: {
				...PREFETCH,
				"user-agent": CHATGPT
			}
		}
	],
	[
		"mcp",
		{},
		{
			method: "POST",
			below: [{ attributes: { "mcp.method.name": "tools/list" } }]
		}
	],
	[
		"prefetch",
		{},
		{ headers: PREFETCH }
	],
	[
		"static",
		{},
		{ path: "/a.js" }
	],
	["page_views", { pageViews: false }],
	["sampled", { sampleRate: 1e-9 }]
];
test("each reason has a cause", () => {
	expect(CAUSES.map(([reason]) => reason)).toEqual(IGNORE_REASONS);
});
test.each(CAUSES.map(([reason], i) => [reason, CAUSES.slice(i)]))("a request that is ignored for %s and all later reasons counts under the first", (reason, causes) => {
	const facts = {
		path: "/a",
		route: "",
		status: 206,
		headers: CAUSING
	};
	const reversed = [...causes].reverse();
	const { ignored, hits } = build(Object.assign({}, facts, ...reversed.map(([, , facts]) => facts)), Object.assign({}, ...reversed.map(([, options]) => options)));
	expect({
		ignored,
		hits
	}).toEqual({
		ignored: reason,
		hits: []
	});
});
// test/contracts/hit/layers.test.ts
const INVALID = { problems: ["parameter-invalid"] };
const UNTIMED = {
	gt_ms: null,
	pf_srv: null
};
const annotate = (parameters) => ({ calls: [["annotate", parameters]] });
const ofSpan = (values) => Object.fromEntries(Object.entries(values).map(([id, value]) => [`matomo.dimension${id}`, value]));
golden([
	{
		name: "the SERVER span wins over code, that over spans below, those over the service",
		facts: {
			service: ofSpan({
				1: "service",
				2: "service",
				3: "service",
				4: "service"
			}),
			below: [{ attributes: ofSpan({
				2: "first",
				3: "first",
				4: "first"
			}) }, { attributes: ofSpan({
				2: "below",
				3: "below",
				4: "below"
			}) }],
			calls: [["annotate", {
				dimension3: "first",
				dimension4: "first"
			}], ["annotate", {
				dimension3: "code",
				dimension4: "code"
			}]],
			attributes: ofSpan({ 4: "own" })
		},
		page: {
			dimension1: "service",
			dimension2: "below",
			dimension3: "code",
			dimension4: "own"
		}
	},
	{
		name: "routeDetails is weaker than the service, and stronger than options",
		options: {
			dimensions: {
				1: () => "option",
				2: () => "option"
			},
			routeDetails: { "/users/:id": {
				dimension1: "route",
				dimension3: "route"
			} }
		},
		facts: { service: { "matomo.dimension3": "service" } },
		page: {
			dimension1: "route",
			dimension2: "option",
			dimension3: "service"
		}
	},
	...[
		[
			{
				a: 1,
				b: 2,
				c: 3,
				d: 4
			},
			{
				a: "1",
				b: "2",
				c: "3"
			},
			5,
			INVALID
		],
		[
			{
				a: void 0,
				"": "x",
				b: "",
				c: NaN,
				d: "ok"
			},
			{ d: "ok" },
			5,
			{}
		],
		[
			"x",
			{},
			5,
			INVALID
		],
		[
			{ http_method: "X" },
			{ http_method: "X" },
			5,
			{}
		]
	].map(([cvar, sent, maxCustomVariables, more]) => ({
		facts: annotate({ cvar }),
		options: { maxCustomVariables },
		page: { cvar: variables(200, "GET", sent) },
		...more
	})),
	{
		options: { maxCustomVariables: 0 },
		facts: annotate({ cvar: { a: 1 } }),
		page: { cvar: null }
	},
	{
		options: { maxCustomVariables: 1 },
		page: { cvar: "{\"1\":[\"http_status_code\",\"200\"]}" },
		...INVALID
	},
	{
		name: "what is undefined replaces nothing",
		options: { routeDetails: { "/users/:id": {
			dimension1: void 0,
			cvar: { http_method: void 0 }
		} } },
		facts: { calls: [
			["annotate", {
				uid: "ann",
				action_name: void 0,
				cvar: { plan: "pro" }
			}],
			["annotate", {
				uid: void 0,
				cvar: {
					plan: void 0,
					http_method: void 0
				}
			}],
			[
				"trackOrder",
				{
					id: "A-1",
					revenue: 2,
					tax: 1
				},
				{ ec_tx: void 0 }
			],
			[
				"trackEvent",
				"a",
				"b",
				{
					name: "c",
					e_n: void 0,
					value: void 0
				}
			]
		] },
		hits: [
			page({
				uid: "ann",
				cvar: variables(200, "GET", { plan: "pro" })
			}),
			additional({
				uid: "ann",
				idgoal: "0",
				ec_id: "A-1",
				revenue: "2",
				ec_tx: "1"
			}),
			additional({
				uid: "ann",
				e_c: "a",
				e_a: "b",
				e_n: "c"
			})
		]
	},
	...[
		[{
			status: 500,
			exception: "TypeError"
		}, "TypeError"],
		[{
			status: 500,
			below: [{ exception: "First" }, { exception: "Last" }]
		}, "Last"],
		[{
			status: 500,
			exception: "Own",
			below: [{ exception: "Below" }]
		}, "Own"],
		[{
			status: 500,
			exception: "Ada was here"
		}, "_OTHER"],
		[{
			status: 500,
			attributes: { "error.type": "ECONNREFUSED" }
		}, "ECONNREFUSED"]
	].map(([facts, error_type]) => ({
		facts,
		page: { cvar: variables(facts.status, "GET", { error_type }) }
	})),
	{ facts: { exception: "TypeError" } },
	{ facts: {
		status: 500,
		attributes: { "error.type": "500" }
	} },
	{
		facts: {
			status: 500,
			exception: "TypeError"
		},
		options: {
			privacy: "strict",
			urlPaths: "full",
			anonymizeIp: 0
		}
	},
	...[
		{ attributes: { "matomo.ignore": "true" } },
		{ below: [{ attributes: { "matomo.ignore": true } }] },
		{ service: { "matomo.ignore": true } },
		{ calls: [["ignore"]] }
	].map((facts) => ({
		facts,
		ignored: "attribute"
	})),
	{ facts: { attributes: { "matomo.ignore": false } } },
	{
		facts: annotate({
			e_a: "buy",
			e_n: "x",
			e_v: 1
		}),
		...INVALID
	},
	...[
		{
			e_c: "shop",
			e_a: "buy",
			e_n: "x",
			e_v: "12.5"
		},
		{
			search: "shoes",
			search_cat: "a",
			search_count: "0"
		},
		{
			cdt: "1795000000",
			cdo: "5"
		}
	].map((parameters) => ({
		facts: annotate(parameters),
		page: parameters
	})),
	{
		name: "timings add up over all sources",
		facts: {
			durationMillis: 100,
			below: [{
				attributes: { "matomo.perf_key": "pf_dm1" },
				durationMillis: 10.4
			}, {
				attributes: { "matomo.perf_key": "pf_dm1" },
				durationMillis: 5.3
			}],
			calls: [[
				"timing",
				"pf_dm1",
				1
			]]
		},
		page: {
			gt_ms: "100",
			pf_srv: "83",
			pf_dm1: "17"
		}
	},
	...[
		[[[
			"timing",
			"pf_dm1",
			40
		]], {
			pf_srv: "0",
			pf_dm1: "40"
		}],
		[[[
			"timing",
			"pf_srv",
			3
		]], { pf_srv: "3" }],
		[[["annotate", { pf_dm2: 4 }]], {
			pf_srv: "8",
			pf_dm2: "4"
		}]
	].map(([calls, sent]) => ({
		facts: { calls },
		page: sent
	})),
	{
		facts: { durationMillis: 16777216 },
		page: UNTIMED
	},
	{
		facts: { durationMillis: .5 },
		page: {
			gt_ms: "1",
			pf_srv: "1"
		}
	},
	...[["POST", {
		gt_ms: "600",
		pf_srv: "600"
	}], ["GET", UNTIMED]].map(([method, timings]) => ({
		name: `a stream of a ${method} of an operation`,
		facts: {
			method,
			durationMillis: 600,
			path: "/graphql",
			route: "/graphql",
			attributes: { "graphql.operation.name": "CreateOrder" },
			responseHeaders: { "content-type": "text/event-stream" }
		},
		page: {
			action_name: `${method} /graphql CreateOrder`,
			...timings
		}
	})),
	{
		facts: { startMillis: 1795176005e3 },
		page: { cdt: "1795176001" }
	},
	{
		facts: { startMillis: 1795175999999 },
		page: { cdt: "1795175999" }
	},
	{
		name: "a client that left",
		facts: {
			status: 499,
			aborted: true,
			sentStatus: 200
		}
	}
]);
// test/contracts/hit/origin.test.ts
const FOR = "x-forwarded-for";
const HOST = "x-forwarded-host";
const PROTO = "x-forwarded-proto";
const TWO = { [FOR]: "198.51.100.1, 198.51.100.2" };
/** Behind as many addresses as are read. */
const FAR = `1.1.1.1, ${"10.0.0.2, ".repeat(100)}`;
golden([
	[
		false,
		{
			[FOR]: "198.51.100.1",
			[HOST]: "x.example",
			[PROTO]: "http"
		},
		"10.0.0.1"
	],
	[
		true,
		{
			[HOST]: "x.example, y.example",
			[PROTO]: "HTTP, https"
		},
		"10.0.0.1",
		"http://x.example"
	],
	[
		true,
		{ [HOST]: "localhost:3000" },
		"10.0.0.1",
		"http://localhost:3000"
	],
	[
		true,
		{
			[PROTO]: "ftp",
			[HOST]: ""
		},
		"10.0.0.1"
	],
	[
		true,
		{ [FOR]: "unknown, 10.0.0.2" },
		"10.0.0.2"
	],
	[
		true,
		{ [FOR]: "198.51.100.1, unknown, 10.0.0.2" },
		"10.0.0.2"
	],
	[
		true,
		{ [FOR]: "\"[2001:db8::1]:443\", 10.0.0.2:80" },
		"2001:db8::1"
	],
	[
		true,
		{ [FOR]: " , 198.51.100.1, ," },
		"198.51.100.1"
	],
	[
		true,
		{ [FOR]: "::ffff:198.51.100.1" },
		"198.51.100.1"
	],
	[
		true,
		{ [FOR]: FAR },
		"10.0.0.2"
	],
	[
		1,
		TWO,
		"198.51.100.2"
	],
	[
		2,
		TWO,
		"198.51.100.1"
	],
	[
		3,
		TWO,
		"198.51.100.1"
	],
	[
		["10.0.0.0/8"],
		{ [FOR]: "198.51.100.1, 203.0.113.1, 10.0.0.2" },
		"203.0.113.1"
	],
	[
		["10.0.0.0/255.0.0.0"],
		{ [FOR]: "198.51.100.1, 11.0.0.2" },
		"11.0.0.2"
	],
	[
		["uniquelocal", "loopback"],
		{ [FOR]: "198.51.100.1, 192.168.1.1, 127.0.0.1" },
		"198.51.100.1"
	],
	[
		["203.0.113.1"],
		{
			[FOR]: "198.51.100.1",
			[HOST]: "x.example"
		},
		"10.0.0.1"
	]
].map(([trustProxy, headers, cip, origin = "https://shop.example.org"]) => ({
	name: `trustProxy ${JSON.stringify(trustProxy)}, ${JSON.stringify(headers).slice(0, 120)}`,
	facts: {
		peer: "10.0.0.1",
		headers
	},
	options: {
		tokenAuth: "f".repeat(32),
		trustProxy
	},
	page: {
		cip,
		url: `${origin}/users/42`
	}
})));
golden(["fe80::1%eth0", ""].map((peer) => ({
	facts: {
		peer,
		headers: { [FOR]: "198.51.100.1" }
	},
	options: {
		tokenAuth: "f".repeat(32),
		trustProxy: peer === "" ? true : ["linklocal"]
	},
	page: { cip: "198.51.100.1" }
})));
// test/contracts/hit/parameters.test.ts
const LONG$1 = "y".repeat(5e3);
const LONGEST = JSON.stringify([["sk", 1], ...Array(3199).fill(["sku", 1])]);
const TOKEN$4 = { tokenAuth: "0123456789abcdef0123456789abcdef" };
const set = (parameters, options = {}) => ({
	name: Object.entries(parameters).map(([name, value]) => `${name} = ${typeof value === "string" ? JSON.stringify(value) : String(value)}`).join(", ").slice(0, 120),
	facts: { calls: [["annotate", parameters]] },
	options
});
golden([
	{
		...set({
			idsite: "7",
			new_visit: true,
			res: "1280x1024",
			h: 23,
			m: 59,
			s: 0,
			cookie: "1"
		}),
		page: {
			idsite: "7",
			new_visit: "1",
			res: "1280x1024",
			h: "23",
			m: "59",
			s: "0",
			cookie: "1"
		}
	},
	{
		...set({
			h: 1.5,
			m: "7",
			s: " "
		}),
		page: { m: "7" },
		problems: ["parameter-invalid"]
	},
	{
		...set({
			_rcn: "c",
			_rck: "k",
			_ref: "https://u:p@ref.example/",
			_refts: 17e8
		}),
		page: {
			_rcn: "c",
			_rck: "k",
			_ref: "https://ref.example/",
			_refts: "1700000000"
		}
	},
	{
		...set({
			pv_id: "abcdefgh",
			search_cat: "é".repeat(150)
		}),
		page: {
			pv_id: "abcdef",
			search_cat: "é".repeat(100)
		}
	},
	{
		...set({ res: "10000x10000" }),
		page: { res: "10000x100" }
	},
	{
		...set({
			idgoal: 0,
			ec_id: 7,
			ec_items: "[]",
			revenue: "1.50",
			ec_st: 0x38d7ea4c68000,
			ec_tx: -0x38d7ea4c68000,
			ec_sh: 0,
			ec_dt: 0x38d7ea4c68001
		}),
		page: {
			idgoal: "0",
			ec_id: "7",
			ec_items: "[]",
			revenue: "1.5",
			ec_st: "1000000000000000",
			ec_tx: "-1000000000000000",
			ec_sh: "0"
		},
		problems: ["parameter-invalid"]
	},
	{
		...set({
			ec_items: LONGEST,
			uadata: `{"brands":[]${" ".repeat(16372)}}`
		}),
		page: { ec_items: LONGEST },
		problems: ["parameter-invalid"]
	},
	{
		...set({
			_pkc: "a",
			_pkp: 1.5,
			_pks: 7,
			_pkn: "n"
		}),
		page: {
			_pkc: "a",
			_pkp: "1.5",
			_pks: "7",
			_pkn: "n"
		}
	},
	...[
		["e_c e_a e_n", 4096],
		["c_n c_p c_t c_i", 4096],
		["_pkc _pks _pkn", 4096],
		["search", 1024],
		["ec_id", 100],
		["_rck _rcn", 255]
	].map(([names, length]) => ({
		...set(Object.fromEntries(words(names).map((name) => [name, LONG$1]))),
		page: Object.fromEntries(words(names).map((name) => [name, LONG$1.slice(0, length)]))
	})),
	...[
		"urlref",
		"link",
		"url"
	].map((name) => ({
		...set({ [name]: `https://x.example/${"y/".repeat(600)}` }),
		page: { [name]: `https://x.example/${"y/".repeat(503)}` }
	})),
	{
		...set({
			city: LONG$1,
			region: LONG$1
		}, TOKEN$4),
		page: {
			cip: "192.0.2.10",
			city: "y".repeat(255),
			region: "yyy"
		}
	},
	...[
		[
			"search_count idgoal _refts idsite bw_bytes",
			4294967295,
			4294967296
		],
		[
			"cdo",
			631152e3,
			631152001
		],
		[
			"e_v revenue",
			-0x38d7ea4c68000,
			-0x3e871b540c000
		],
		[
			"http_status",
			599,
			600
		],
		[
			"http_status",
			100,
			99
		],
		[
			"_refts",
			0,
			-1
		]
	].flatMap(([names, fitting, other]) => [{
		...set(Object.fromEntries(words(names).map((name) => [name, fitting]))),
		page: Object.fromEntries(words(names).map((name) => [name, String(fitting)]))
	}, ...words(names).map((name) => ({
		...set({ [name]: other }),
		problems: ["parameter-invalid"]
	}))]),
	{
		...set({
			ping: 0,
			bots: false,
			source: "s".repeat(60)
		}),
		page: {
			bots: "0",
			ping: "0",
			source: "s".repeat(50)
		}
	},
	{
		...set({
			gt_ms: 12.6,
			pf_net: "3.4",
			pf_onl: 16777215,
			pf_tfr: 16777216
		}),
		page: {
			gt_ms: "13",
			pf_srv: "0",
			pf_net: "3",
			pf_onl: "16777215"
		},
		problems: ["parameter-invalid"]
	},
	{
		...set({
			dimension1: "x".repeat(260),
			dimension999: true,
			dimension2: 0,
			dimension3: false
		}),
		page: {
			dimension1: "x".repeat(250),
			dimension999: "true",
			dimension2: "0",
			dimension3: "false"
		}
	},
	...[
		{
			dimension0: "x",
			dimension1000: "x",
			dimension01: "x"
		},
		{
			dimension1: null,
			dimension2: {},
			dimension3: ["a"],
			dimension4: NaN,
			dimension5: ""
		},
		{
			action_nmae: "x",
			token_auth: "x"
		},
		{
			rec: 0,
			apiv: 2,
			rand: "x",
			ca: 1,
			send_image: 1,
			recMode: 1,
			ai_s: 1
		},
		{
			country: "de",
			lat: 1
		},
		{
			url: "x.example/a",
			urlref: ""
		},
		{
			e_c: "a",
			e_a: "0"
		},
		{ cdt: 631152e3 },
		{ cdt: 631152001.9 },
		{ cdt: 4294967296 },
		{
			h: 24,
			m: 60,
			s: -1,
			cookie: "yes",
			new_visit: 2
		},
		{
			idgoal: -1,
			revenue: Number.POSITIVE_INFINITY,
			ec_items: ""
		}
	].map((parameters) => ({
		...set(parameters),
		problems: ["parameter-invalid"]
	})),
	{
		...set({
			country: "de",
			region: "by",
			city: "x",
			lat: 90,
			long: -180
		}, TOKEN$4),
		page: {
			cip: "192.0.2.10",
			country: "de",
			region: "by",
			city: "x",
			lat: "90",
			long: "-180"
		}
	},
	{
		...set({ url: " HTTPS://u:p@x.example/a " }),
		page: { url: "HTTPS://x.example/a" }
	},
	{
		...set({ action_name: "<b>&\"'" }),
		page: { action_name: "<b>&\"'" }
	},
	{
		...set({ lang: `${"x".repeat(254)} y` }),
		page: { lang: "x".repeat(254) }
	},
	{
		...set({ e_n: "alone" }),
		page: { e_n: "alone" }
	}
]);
const STRICT = {
	tokenAuth: "0123456789abcdef0123456789abcdef",
	privacy: "strict"
};
/** Of an address and a path, with `privacy: strict`. */
const HIDDEN = {
	cip: "0.0.0.0",
	url: "https://shop.example.org/users/:id"
};
const full = {
	query: "a=1",
	headers: {
		referer: "https://ref.example/a?b=c",
		cookie: "_pk_id.1=abcdef0123456789.1",
		dnt: "0",
		"sec-gpc": "0"
	}
};
golden([
	{
		name: "privacy: strict",
		options: STRICT,
		facts: full,
		page: {
			...HIDDEN,
			urlref: "https://ref.example/"
		}
	},
	{
		name: "privacy: strict, the user of the option",
		options: {
			...STRICT,
			userId: (request) => request.header("x-user")
		},
		facts: {
			headers: { "x-user": "ada" },
			calls: [["annotate", { uid: "eve" }], [
				"trackEvent",
				"a",
				"b",
				{ uid: "eve" }
			]]
		},
		hits: [page({
			...HIDDEN,
			uid: "ada"
		}), additional({
			...HIDDEN,
			uid: "ada",
			e_c: "a",
			e_a: "b"
		})]
	},
	{
		name: "privacy: strict, and addresses that are kept",
		options: {
			...STRICT,
			anonymizeIp: 0
		},
		page: {
			...HIDDEN,
			cip: "192.0.2.10"
		}
	},
	{
		name: "privacy: strict, dimensions of the address",
		options: {
			...STRICT,
			dimensions: {
				1: "client.address",
				2: "http.request.header.x-forwarded-for"
			}
		},
		facts: { headers: { "x-forwarded-for": "198.51.100.1" } },
		page: {
			...HIDDEN,
			dimension1: "0.0.0.0",
			dimension2: "0.0.0.0"
		}
	},
	{
		name: "privacy: strict without a token",
		options: { privacy: "strict" },
		facts: full,
		page: {
			url: "https://shop.example.org/users/:id",
			urlref: "https://ref.example/"
		}
	},
	{
		name: "beforeSend drops the hit",
		options: { beforeSend: () => null },
		facts: { calls: [[
			"trackEvent",
			"a",
			"b"
		]] },
		ignored: "predicate",
		dropped: { predicate: 1 }
	},
	{
		name: "beforeSend changes parameters",
		options: { beforeSend: ({ lang, ...hit }) => ({
			...hit,
			action_name: " New\n",
			dimension1: 7,
			url: "https://x.example/token/9fK2mQ7x",
			cvar: "free"
		}) },
		page: {
			lang: null,
			url: "https://x.example/token/9fK2mQ7x",
			action_name: "New",
			cvar: "free",
			dimension1: "7"
		}
	},
	{
		name: "beforeSend sets invalid values",
		options: { beforeSend: (hit) => ({
			...hit,
			url: "x",
			pf_srv: -1,
			country: "de",
			rec: "0",
			ca: "1"
		}) },
		page: {
			url: null,
			pf_srv: null
		},
		problems: ["parameter-invalid"]
	},
	{
		name: "beforeSend returns nearly nothing",
		options: { beforeSend: () => ({ action_name: "x" }) },
		page: {
			bots: null,
			cid: null,
			lang: null,
			url: null,
			gt_ms: null,
			pf_srv: null,
			cvar: null,
			action_name: "x",
			ua: "-"
		}
	}
]);
const SHOP = { "service.name": "shop" };
const BLOG = { "service.name": "blog" };
golden([
	...[
		[
			7,
			{},
			"7"
		],
		[
			({ host }) => host === "shop.example.org" ? 3 : void 0,
			{},
			"3"
		],
		[
			() => " 4 ",
			{},
			"4"
		],
		[
			"shop=5,*=6",
			SHOP,
			"5"
		],
		[
			"shop=5,*=6",
			BLOG,
			"6"
		],
		[
			() => 3,
			{ "matomo.idsite": 9 },
			"9"
		],
		[
			3,
			{ "matomo.idsite": "9" },
			"9"
		]
	].map(([siteId, service, idsite]) => ({
		options: { siteId },
		facts: { service },
		page: { idsite }
	})),
	{
		options: { siteId: "shop=5" },
		facts: { service: BLOG },
		ignored: "site"
	},
	{
		options: { siteId: () => 0 },
		ignored: "site",
		problems: ["site-id-value"]
	},
	{
		name: "no site, and an event",
		options: { siteId: () => void 0 },
		facts: { calls: [[
			"trackEvent",
			"a",
			"b"
		]] },
		ignored: "site"
	},
	{
		name: "an ignored request with a site",
		options: {
			siteId: () => 3,
			ignorePaths: ["/users/42"]
		},
		facts: { calls: [["trackGoal", 1]] },
		hits: [additional({
			idsite: "3",
			idgoal: "1"
		})],
		ignored: "path"
	}
]);
// test/support/skips.ts
const SCRIPTS = new URL("../../scripts/", "file:///work/w/n1/test/support/skips.ts").href;
const { HOW_TO_GET_CHROMIUM, hasChromium, HOW_TO_GET_REDIS, REDIS_SERVER } = {
	...await import(`${SCRIPTS}chromium.mjs`),
	...await import(`${SCRIPTS}redis.mjs`)
};
`${REDIS_SERVER ?? "redis-server"}`;
(process.env.TEST_MUST_RUN ?? "").split(" ");
// test/support/child-process.ts
/** The repository's root, where children run unless told otherwise. */
const ROOT = fileURLToPath(new URL("../..", "file:///work/w/n1/test/support/child-process.ts"));
// test/contracts/hit/redaction.test.ts
const linesOf = (file) => readFileSync(`${ROOT}test/fixtures/${file}`, "utf8").trim().split("\n");
/** Tokens and keys as their services make them. */
const NPM = "npm_4fK2mQ7xT9vB1nL6pR3sW8zD5hJ0cY2aGt4E";
const DJANGO = "dilbc0-3f9a1c2b4d5e6f708192a3b4c5d6e7f8";
const SHA1 = "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12";
const UUID$1 = "123e4567-e89b-12d3-a456-426614174000";
const ULID = "01M8PJNRGESS0DCAGCW1W2CE2W";
const XID = "9m4e2mr0ui3e8a215n4g";
/** What is sent of a path in URLs, and in titles if that differs. */
const rowOf = (path, sent, title = sent) => ({
	path,
	sent,
	title
});
const SECRET = [
	...words(`
    /%E2%80%8Btoken /img/logo@2x.png /a%00b /a%E2%80%AEb /x/%252541 /x/a=b /x/{a} /x/a\\b
    /sk-hynix-memory-chips-2026 /pay/4111-1111-1111-1111 /a/sk_live_51abcdefghijklmn
    /about/a1b2c3d4e5g6h7i8j9k0a1b2c3d4e5g6h /about/token_${ULID} /about/key_${XID}
    /pw/7 /sso/7 /motdepasse/7 /authentication/7 /passwor-t/7 /tok-en/7 /to2ken/7 /x-pw/7 /APIKey/7 /token/v1234
    /verify-email/7 /session/42 /sessionState/42 /reset_password/${ULID} /reset_password/user_${XID}
  `).map((path) => rowOf(path, path.replace(/[^/]*$/, "redacted"))),
	rowOf(`/x/${"a b ".repeat(76)}`, "/x/redacted"),
	rowOf("/fetch/https://user:pw@intern/a", "/fetch/https://redacted/a"),
	rowOf("//user@intern:8080/a", "//redacted/a"),
	rowOf("/token=s3cret/a", "/redacted/a"),
	rowOf("/reset%2Dpassword/9fK2mQ7x", "/reset%2Dpassword/redacted", "/reset-password/redacted"),
	rowOf("/cod%C3%A9/7", "/cod%C3%A9/redacted", "/codé/redacted"),
	rowOf(`/email/verify/7/${SHA1}`, "/email/verify/redacted/redacted"),
	rowOf(`/accounts/reset/MTA1/${DJANGO}/`, "/accounts/reset/redacted/redacted/"),
	rowOf("/invite/abc123;rest/accept", "/invite/redacted/accept"),
	rowOf("/api/webhooks/1234567890/abc1_def/a/7", "/api/webhooks/redacted/redacted/a/7", "/api/webhooks/redacted/redacted/a/:id"),
	rowOf("/a;token=1&b=2;c/x", "/a/x"),
	rowOf("/a;v=1", "/a")
];
/** Paths, also in titles, and queries that are sent as they are. */
const KEPT_URLS = linesOf("kept-urls.txt");
const KEPT = [
	...KEPT_URLS.filter((url) => url.startsWith("/")).map((path) => rowOf(path, path)),
	...words("sessions email mail emails status-code private-beta sign-in/reset/hello users/oauth2").map((word) => rowOf(`/${word}/4`, `/${word}/4`, `/${word}/:id`)),
	...["/queue/email", "/items"].map((path) => rowOf(`${path}/${UUID$1.toUpperCase()}`, `${path}/${UUID$1.toUpperCase()}`, `${path}/:uuid`)),
	...words(`
    ${SHA1} 507f1f77bcf86cd799439011 ${ULID} ${XID} prod_${ULID} cus_${XID}
    jxn8odzg4qvcyb3fdi46jimz cjld2cjxh0000qzrmn831i7rn user_01h455vb4pex5vsknk084sn02q
  `).map((id) => rowOf(`/commits/${id}`, `/commits/${id}`, "/commits/:id")),
	rowOf(`/static/main.${SHA1}.chunk.css`, `/static/main.${SHA1}.chunk.css`),
	rowOf("/c++/17", "/c++/17", "/c++/:id"),
	rowOf("/tags/c%23", "/tags/c%23", "/tags/c#"),
	rowOf("/call/+12345", "/call/+12345"),
	rowOf("/100%25", "/100%25", "/100%"),
	rowOf("/a/%22b%22", "/a/%22b%22", "/a/\"b\"")
];
const ORIGIN = "https://shop.example.org";
function parametersOf$1(facts, options = {}) {
	return build({
		route: "",
		...facts
	}, options).hits[0]?.parameters ?? {};
}
test.each([...SECRET, ...KEPT])("of the path $path, $sent is sent", ({ path, sent, title }) => {
	const facts = {
		path,
		headers: { referer: `https://ref.example${path}` }
	};
	expect(parametersOf$1(facts, {
		dimensions: {
			1: "url.path",
			2: "http.request.header.referer"
		},
		staticFiles: "track"
	})).toMatchObject({
		url: ORIGIN + sent,
		urlref: `https://ref.example${sent}`,
		action_name: `GET ${title}`,
		dimension1: sent,
		dimension2: `https://ref.example${sent}`
	});
});
test("a value is marked behind its name wherever a URL has it", () => {
	const pair = "session_state=a1";
	const [page, event] = build({
		path: `/a;${pair}/${pair}/b`,
		route: "",
		query: `a=1;${pair}&${pair}&q=${encodeURIComponent(pair)}&next=${encodeURIComponent(`/a?${pair}`)}`,
		headers: { referer: `https://g.example/a?${pair}` },
		responseHeaders: { location: `/a?${pair}` },
		calls: [[
			"trackEvent",
			"a",
			"b",
			{ url: `https://g.example/a?${pair}` }
		]]
	}, {
		siteSearch: true,
		dimensions: { 1: "http.response.header.location" }
	}).hits;
	const session = "session_state=redacted";
	expect(page?.parameters).toMatchObject({
		url: `${ORIGIN}/a/redacted/b?a=redacted&${session}&q=redacted&next=redacted`,
		urlref: `https://g.example/a?${session}`,
		dimension1: `/a?${session}`
	});
	expect(event?.parameters.url).toBe(`https://g.example/a?${session}`);
});
const REDACTED_QUERIES = [
	["email=a&m=ada%40example.org&n=ada@example", "email=redacted&m=redacted&n=redacted"],
	["token=s3;cret==;b=2", "token=redacted"],
	["token=1;rest&amp;token=2", "token=redacted&token=redacted"],
	["a%5Btoken%5D=3&token[]=4", "a%5Btoken%5D=redacted&token[]=redacted"],
	["to%6ben%=1&%2574oken=s3cret", "redacted&redacted"],
	["ada@example.org&token=&=1&a", "redacted&token=redacted&=1&a"],
	["has%C5%82o=2&pa%C3%9Fwort=4", "has%C5%82o=redacted&pa%C3%9Fwort=redacted"],
	["x%3Ftoken%3Ds3cret=1&%3Ftoken%3Ds3cret", "redacted&redacted"],
	["Bearer%20s3cret&token:s3cret", "redacted&redacted"],
	["tokenizer=1;x=2", "tokenizer=redacted"],
	["t%E9l%E9phone=1", "t%E9l%E9phone=redacted"],
	...words(`
    https%3A%2F%2Fauth.example.org%3A8443%2Fcb //a.example:8080/users/42 https:/a.example %2Fx%3Fpage%3D2 city%20eq%20'Berlin'
    %7B%22a%22%3A1%7D %3Ca%3E1%3C/a%3E a%3Bb a=b a%5Cb eyJwYWdlIjoyfQ== %252541 x|token|abc1 sk-hynix-memory-chips-2026
    4111%201111%201111%201111 378282246310005 +4917612345678 whatsapp:+4917612345678 x/token/9fK2mQ7x /call/%2B49+151+12345678
  `).map((value) => [`x=${value}`, "x=redacted"]),
	[`x=${"a ".repeat(51)}`, "x=redacted"],
	["utm_content=/p/token:abcdef&gclid=token%3Aabcdef", "utm_content=redacted&gclid=redacted"],
	[`utm_id=${NPM}`, "utm_id=redacted"]
];
const KEPT_QUERIES = KEPT_URLS.filter((url) => url.startsWith("?")).map((url) => url.slice(1));
test.each([...REDACTED_QUERIES, ...KEPT_QUERIES.map((query) => [query, query])])("the query %s is sent as %s", (query, sent) => {
	expect(parametersOf$1({
		path: "/",
		query
	}).url).toBe(`${ORIGIN}/?${sent}`);
});
/** All that is between is encoded or not in one of them. */
const PATTERNS = [
	/[^/]+@[^/]+/,
	/\d{6,}/g,
	/[A-Z]{2}\d{2} \d+ \d+/,
	/ver\/é/,
	/^\/customer\/\d+\/a/
];
golden([
	["/u/ann@h/o/1234567/x/7654321", "/u/redacted/o/redacted/x/redacted"],
	["/d/%31%32%33%34%35%36/x", "/d/redacted/x"],
	["/d/a123456b/b%20c", "/d/aredactedb/b%20c"],
	["/d/a123456b%20c", "/d/redacted"],
	["/iban/DE89%203704%200044/x", "/iban/redacted/x"],
	["/over/%C3%A9e/x", "/oredactede/x"],
	["/f/a%2Fb/x%20y/z", "/f/a%2Fb/x%20y/z"],
	["/customer/7/%61", "/redacted"]
].map(([path = "", sent]) => ({
	name: path.slice(0, 40),
	facts: {
		path,
		route: "",
		headers: { referer: `https://ref.example${path}` }
	},
	options: {
		redactPathPatterns: PATTERNS,
		actionName: "x"
	},
	page: {
		url: ORIGIN + sent,
		urlref: `https://ref.example${sent}`,
		action_name: "x"
	}
})));
const OF_CUSTOMER = { redactPathPatterns: [/customer-\d+/] };
/** What is sent of `/a;token=s3cret` with a query. */
const withQuery = (query, option, sent) => ({
	facts: {
		path: "/a;token=s3cret",
		route: "/a",
		query
	},
	options: { query: option },
	page: { url: ORIGIN + sent }
});
golden([
	{
		name: "a secret of a path is in no route",
		facts: {
			path: "/token/kX3vQ9bT2mN7pL5wZ8rY/1a",
			route: "/token/kX3vQ9bT2mN7pL5wZ8rY/:id"
		},
		page: {
			url: `${ORIGIN}/token/redacted/redacted`,
			action_name: "GET /token/redacted/:id"
		}
	},
	{
		name: "patterns do not change routes",
		facts: {
			path: "/customer-7",
			route: "/customer-7"
		},
		options: OF_CUSTOMER,
		page: { url: `${ORIGIN}/redacted` }
	},
	{
		name: "with query: keep, patterns are redacted",
		facts: {
			path: "/customer-7/token/1a",
			route: "/x"
		},
		options: {
			query: "keep",
			...OF_CUSTOMER
		},
		page: {
			url: `${ORIGIN}/redacted/token/1a`,
			action_name: "GET /redacted/token/1a"
		}
	},
	withQuery("token=1", "keep", "/a%3Btoken=s3cret?token=1"),
	withQuery("a=1", "strip", "/a"),
	withQuery("token=1&a=2&filter=%7B%7D", ["token", "filter"], "/a?token=1&filter=%7B%7D")
]);
test.each([
	["https://a.example/x?token=1&b=2#top", "https://a.example/x?token=redacted&b=2#top"],
	["https://a.example/x#access_token=1", "https://a.example/x"],
	["https://a.example/#/reset-password/9fK2mQ7x", "https://a.example/"],
	["https://a.example/#a=/confirm/kX3vQ9bT2mN7pL5wZ8rY&b=1", "https://a.example/"],
	["https://u:p@a.example/token/9fK2mQ7x", "https://a.example/token/redacted"],
	["https://token.example:8443/7?q=shoes#a", "https://token.example:8443/7?q=shoes#a"]
])("of the URL %s that the application sets, %s is sent", (url, sent) => {
	const facts = { calls: [["annotate", { url }]] };
	expect(parametersOf$1(facts).url).toBe(sent);
	expect(parametersOf$1(facts, { query: "strip" }).url).toBe(sent);
	expect(parametersOf$1(facts, { query: "keep" }).url).toBe(url.replace("u:p@", ""));
});
test("of 170 usual searches, three are marked, as a value, as a search and as a segment", () => {
	const searches = linesOf("usual-searches.txt");
	expect(searches).toHaveLength(170);
	const places = [
		(search) => ({ query: `term=${encodeURIComponent(search)}` }),
		(search) => ({ query: String(new URLSearchParams({ q: search })) }),
		(search) => ({ path: `/search/${encodeURIComponent(search)}/2` })
	];
	for (const place of places) {
		const urlOf = (search) => parametersOf$1(place(search), { siteSearch: true }).url;
		const marked = searches.filter((search) => urlOf(search)?.includes("redacted"));
		expect(marked).toEqual([
			"rock 'n' roll",
			"oauth2 bearer token",
			"std::vector<int>"
		]);
	}
});
// test/contracts/hit/refused.test.ts
const TOKEN$2 = { tokenAuth: "0123456789abcdef0123456789abcdef" };
const IPHONE = "/4.2.1 (iPhone; iOS 17.4; Scale/3.00)";
const electron = (name) => `Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) ${name}/1.2.3 Chrome/130.0.0.0 Electron/33.0.1 Safari/537.36`;
const android = (version) => `Dalvik/2.1.0 (Linux; Android ${version})`;
const mac = (patch) => `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_${patch}) Safari/1`;
const hints = (more) => JSON.stringify({
	brands: [{
		brand: "A",
		version: "1"
	}],
	...more
});
const n = (count, text = "n") => text.repeat(count);
const ITEM = [
	"mug",
	"Mug",
	["Kitchen", "Cups"],
	9.5,
	2
];
const item = (...values) => JSON.stringify([values.concat(ITEM.slice(values.length))]);
/** A value with which a Matomo 5.2 with MariaDB in strict mode failed with the whole bulk, and what is sent instead; `null`: nothing. */
const BAD = [
	...[
		[`Acme Logistics Warehouse Inventory for Drivers${IPHONE}`, `Acme Logistics Warehouse Inventory for D${IPHONE}`],
		[`${n(41)}${IPHONE}`, `${n(40)}${IPHONE}`],
		[`${n(5, "%E4%BD%A0")}${IPHONE}`, `${n(5, "%E4%BD%A0").slice(0, 40)}${IPHONE}`],
		[`App/1.0 ${n(60)}${IPHONE}`, `App/1.0 ${n(36)}${IPHONE}`],
		[electron(n(41)), electron(n(40))],
		[electron(`${n(60)}-desktop`), electron(`${n(40)}-desktop`)],
		[`AppVersion/1.0 x appname/${n(41)}`, `AppVersion/1.0 x appname/${n(40)}`],
		[android(n(101, "9")), android(n(100, "9"))],
		[mac(n(150, "1")), mac(n(97, "1"))],
		[android("9; Phone 😀"), android("9; Phone ")]
	].map(([value, sent]) => [
		"ua",
		value,
		sent
	]),
	[
		"uadata",
		hints({ platformVersion: n(101, "9") }),
		hints({ platformVersion: n(100, "9") })
	],
	[
		"uadata",
		hints({ platformVersion: "😀1" }),
		hints({ platformVersion: "1" })
	],
	[
		"uadata",
		hints({ model: "Phone 😀" }),
		hints({ model: "Phone" })
	],
	...[
		{ brands: "A" },
		{ brands: {} },
		{ formFactors: "Desktop" }
	].map((wrong) => [
		"uadata",
		hints(wrong),
		null
	]),
	...[
		"platform",
		"model",
		"platformVersion"
	].map((name) => [
		"uadata",
		hints({ [name]: ["x"] }),
		null
	]),
	..."e_n c_p c_t c_i _pks _pkn _pkc".split(" ").map((name) => [
		name,
		n(4097),
		n(4096)
	]),
	[
		"ec_items",
		item(n(4097)),
		item(n(4096))
	],
	[
		"ec_items",
		item("mug", n(4097)),
		item("mug", n(4096))
	],
	[
		"ec_items",
		item("mug", "Mug", [n(4097)]),
		item("mug", "Mug", [n(4096)])
	],
	[
		"ec_items",
		item("mug", "Mug", n(4097)),
		item("mug", "Mug", n(4096))
	],
	[
		"ec_items",
		item(["mug"]),
		item("")
	],
	[
		"ec_items",
		item("mug", { de: "Becher" }),
		item("mug", "")
	],
	[
		"ec_items",
		item("mug", "Mug", [["Kitchen"]]),
		item("mug", "Mug", [""])
	],
	[
		"ec_items",
		item("mug", "Mug", "Kitchen", { amount: 9 }),
		item("mug", "Mug", "Kitchen", "")
	],
	..."search_count=4294967296 e_v=1e999 _pkp=1e999 lat=1e9 long=east pv_id=😀 ca=1".split(" ").map((pair) => [...pair.split("="), null])
];
/** What Matomo stores, and is sent as it is. */
const GOOD = [
	["ua", `${n(40)}${IPHONE}`],
	["ua", electron(`${n(40)}-desktop`)],
	["ua", android(n(100, "9"))],
	["ua", `${n(60)} without a slash`],
	["ua", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4_1 like Mac OS X) Mobile/15E148 Safari/604.1"],
	["ua", "Mozilla/5.0 (KHTML; compatible; OAI-SearchBot/1.0; +https://openai.com/searchbot)"],
	["uadata", hints({
		mobile: true,
		model: "é".repeat(100),
		platformVersion: n(100, "9")
	})],
	["uadata", hints({
		platform: "Linux",
		formFactors: ["Desktop"]
	})],
	["search_count", "4294967295"],
	["ec_items", item(7, n(4096), n(4096))],
	["ec_items", item("mug", "😀")],
	["lat", "89.5"]
].map(([name, value]) => [
	name,
	value,
	value
]);
/** What makes a hit have other parameters, too. */
const BESIDE = {
	e_n: {
		e_c: "c",
		e_a: "a"
	},
	ec_items: {
		idgoal: 0,
		ec_id: "1",
		revenue: 1
	}
};
const parametersOf = (facts, options = {}) => build(facts, options).hits[0]?.parameters;
test.each([...BAD, ...GOOD])("%s = %j is sent as %j", (name, value, sent) => {
	const facts = { calls: [["annotate", {
		...BESIDE[name],
		[name]: value
	}]] };
	expect(parametersOf(facts, TOKEN$2)?.[name] ?? null).toBe(sent);
});
const header = (text) => Buffer.from(text).toString("latin1");
test.each([...BAD, ...GOOD].filter(([name]) => name === "ua"))("%s = %j of a client is sent as %j", (_name, value, sent) => {
	expect(parametersOf({ headers: { "user-agent": header(value) } })?.ua).toBe(sent);
});
test.each([
	[{ "platform-version": n(101, "9") }, { platformVersion: n(100, "9") }],
	[{ "platform-version": "😀1" }, { platformVersion: "1" }],
	[{ model: n(101) }, { model: n(100) }],
	[{ model: "Phone 😀" }, { model: "Phone" }]
])("client hints %j of a client are sent as %j", (given, sent) => {
	const headers = Object.entries(given).map(([name, value]) => [`sec-ch-ua-${name}`, header(JSON.stringify(value))]);
	const facts = { headers: {
		"sec-ch-ua": "\"A\";v=\"1\"",
		...Object.fromEntries(headers)
	} };
	expect(parametersOf(facts)?.uadata).toBe(hints(sent));
});
test.each([
	[
		"trackEvent",
		n(5e3),
		n(5e3),
		{
			uid: "ann",
			name: n(5e3)
		}
	],
	["trackHit", {
		uid: "ann",
		c_n: n(5e3)
	}],
	[
		"trackOrder",
		{
			id: 1,
			revenue: 1,
			items: [{
				sku: n(5e3),
				name: n(5e3)
			}]
		},
		{ uid: "ann" }
	]
])("texts of %s end where their columns do", (...call) => {
	const texts = Object.values(parametersOf({
		isOutside: true,
		calls: [call]
	}) ?? {});
	expect(texts.map((text) => text.match(/n+/g)?.map(({ length }) => length) ?? [])).toContainEqual(expect.arrayContaining([4096]));
	expect(texts.join(" ")).not.toContain(n(4097));
});
// test/contracts/hit/sampling.test.ts
const CLIENTS = Array.from({ length: 80 }, (_, i) => i);
/** For each client, how many hits its two requests and their events make. */
function hitsByClient(options, factsOf) {
	const builder = openBuilder(options);
	const counts = CLIENTS.map((client) => {
		return ["/a", "/b"].map((path) => builder.build({
			path,
			route: "",
			calls: [[
				"trackEvent",
				"a",
				"b"
			]],
			...factsOf(client)
		})).reduce((sum, { hits }) => sum + hits.length, 0);
	});
	builder.close();
	return counts;
}
const byAgent = (client) => ({ headers: { "user-agent": `client${client}/1` } });
test.each([
	[
		"the visitor ID",
		{},
		byAgent
	],
	[
		"the visitor ID that is not sent",
		{ visitorId: "none" },
		byAgent
	],
	[
		"the user of annotate",
		{},
		(client) => ({ calls: [["annotate", { uid: `user${client}` }], ["trackGoal", 1]] })
	],
	[
		"the user of an attribute",
		{ userId: "enduser.id" },
		(client) => ({ attributes: { "enduser.id": `user${client}` } })
	]
])("all hits of a visitor are in the sample or none is, by %s", (_what, options, factsOf) => {
	const counts = hitsByClient({
		...options,
		sampleRate: .5
	}, factsOf);
	expect(new Set(counts)).toEqual(/* @__PURE__ */ new Set([0, 4]));
	const share = counts.filter((count) => count > 0).length / CLIENTS.length;
	expect(share).toBeGreaterThan(.3);
	expect(share).toBeLessThan(.7);
	expect(new Set(hitsByClient({
		...options,
		sampleRate: 1
	}, factsOf))).toEqual(/* @__PURE__ */ new Set([4]));
});
test("the sample of a user does not depend on keys, options or versions of the package", () => {
	const taken = (sampleRate) => [
		"ann",
		"bob",
		"cid",
		"dan",
		"eve",
		"fay",
		"gus",
		"hal"
	].filter((uid) => {
		const builder = openBuilder({ sampleRate });
		const { hits } = builder.build({ calls: [["annotate", { uid }]] });
		builder.close();
		return hits.length > 0;
	});
	expect({
		half: taken(.5),
		quarter: taken(.25)
	}).toEqual({
		half: [
			"ann",
			"cid",
			"gus",
			"hal"
		],
		quarter: ["hal"]
	});
});
const byUsers = (ofRequest, ofEvent) => ({ calls: [["annotate", { uid: ofRequest }], [
	"trackEvent",
	"a",
	"b",
	{ uid: ofEvent }
]] });
golden([
	{
		options: { sampleRate: .5 },
		facts: byUsers("ann", "cid"),
		hits: [page({ uid: "ann" }), additional({
			uid: "cid",
			e_c: "a",
			e_a: "b"
		})]
	},
	{
		options: { sampleRate: .5 },
		facts: byUsers("ann", "bob"),
		page: { uid: "ann" }
	},
	{
		options: { sampleRate: .5 },
		facts: byUsers("bob", "ann"),
		ignored: "sampled"
	}
]);
// test/support/long.ts
/** Which tests run: those of `npm test`, or the long ones. */
const testLength = process.env.TEST_LENGTH ?? "";
/** How many of something: a few in general, all with `TEST_NIGHTLY=1`. */
function sampled(few, all) {
	return process.env.TEST_NIGHTLY === "1" ? all : few;
}
// test/support/seed.ts
const SEED = readSeed(process.env.TEST_SEED);
/** The seed of this run. If the test that takes it fails, the command that repeats it is printed. */
function takeSeed() {
	relative(ROOT, expect.getState().testPath ?? "").replaceAll("\\", "/");
	testLength === "" || `${testLength}`;
	return SEED;
}
function seededRuns(numRuns = 100) {
	return {
		seed: takeSeed(),
		numRuns
	};
}
/** A fixed number unless the environment gives another, or asks for a random one. */
function readSeed(text = "1") {
	const seed = text === "random" ? Date.now() % 2 ** 31 : Number(text);
	if (Number.isSafeInteger(seed)) return seed;
	throw new TypeError(`TEST_SEED must be an integer or "random", not "${text}"`);
}
// test/contracts/hit/secrets.test.ts
const OF_URLS = /^(?:url|urlref|_ref|download|action_name|dimension\d)$/;
/** Sends URLs in all places that have one, and returns what is sent there, decoded until nothing changes. */
function openPlaces() {
	const builder = openBuilder({
		actionName: "{method} {route} {path}",
		siteSearch: true,
		dimensions: {
			1: "url.full",
			2: "http.target",
			3: "http.request.header.referer",
			4: "http.request.header.x-url",
			5: "app.url"
		}
	});
	onTestFinished(() => builder.close());
	return function sentOf({ path, query }) {
		const url = `https://x.example${path}${query === void 0 ? "" : `?${query}`}`;
		const { hits } = builder.build({
			path,
			...query !== void 0 && { query },
			route: "",
			headers: {
				host: "x.example",
				referer: url,
				"x-url": url
			},
			attributes: { "app.url": url },
			calls: [
				["annotate", { _ref: url }],
				[
					"trackOrder",
					{
						id: 1,
						revenue: 1
					},
					{ url }
				],
				["trackHit", {
					download: url,
					urlref: url
				}]
			]
		});
		expect(hits).toHaveLength(3);
		return decoded(hits.flatMap(({ parameters }) => Object.entries(parameters).flatMap(([name, value]) => OF_URLS.test(name) ? value : [])).join("\n"));
	};
}
function decoded(text) {
	const next = text.replace(/%([\da-f]{2})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
	return next === text ? text : decoded(next);
}
const runsOf = (text) => new Set(text.match(/[\p{L}\p{N}]{2,}/gu));
function expectHidden(sent, { secrets, ...planted }) {
	const runs = runsOf(sent);
	const leaks = secrets.filter((secret) => runs.has(secret) || secret.length > 3 && sent.includes(secret));
	expect(leaks, JSON.stringify(planted)).toEqual([]);
}
test("no planted secret is sent", () => {
	const sentOf = openPlaces();
	const rows = readFileSync(`${ROOT}test/fixtures/planted-secrets.jsonl`, "utf8").trim().split("\n").map((line) => JSON.parse(line));
	for (const row of rows) expectHidden(sentOf(row), row);
});
const LOWER = "abcdefghijklmnopqrstuvwxyz";
const DIGITS = "0123456789";
const ALL = LOWER + LOWER.toUpperCase() + DIGITS;
const text = (letters, min, max = min) => fc.string({
	unit: fc.constantFrom(...letters),
	minLength: min,
	maxLength: max
});
/** A value that no rule may miss where it stands, and that no other text contains. */
const secret = fc.stringMatching(/^[a-z]{3}\d[A-Z]{3}\d[a-z]{3}\d[A-Z]{3}\d[a-z]{3}\d[A-Z]{3}\d$/).map((value) => `${value}Zq9`);
const short = fc.tuple(text(LOWER, 2), text(DIGITS, 1), text(ALL, 6)).map((parts) => parts.join(""));
const SECRET_NAMES = words(`
  token access_token X-Api-Key sessionId password mdp sig code credit_card csrfmiddlewaretoken reset_token passwort otp
`);
const encoded = (value, times) => times === 0 ? value : encodeURIComponent(encoded(value, times - 1));
const named = fc.record({
	value: fc.oneof(secret, short),
	name: fc.constantFrom(...SECRET_NAMES),
	times: fc.nat(7),
	before: fc.constantFrom("", "a=1&", "x[]=2&", "b;", "a=1;", "b&amp;", "&lt;", "x==;"),
	start: fc.constantFrom("", "/a", "/users/42", "/a%20b", "/v2"),
	after: fc.constantFrom("", "&a=1", ";a=1", ";", "%", "&amp;b")
}).chain(({ value, name, times, before, start, after }) => {
	const path = start || "/";
	const inner = encodeURIComponent(encoded(`/x?${name}=${value}`, times));
	return fc.constantFrom(...[
		{ path: `${start}/token/${value}` },
		{ path: `${start}/${name}=${value}/x` },
		{ path: `${start}/x;${name}=${value}` },
		{ path: `${start}/${value}@x.example` },
		{ path: `${start}/reset/${value}/a` },
		{ path: `${start}/${name}:${value}` },
		{ path: `${start}/fetch/https://user:${value}@x.example/` },
		{
			path,
			query: `${before}${name}=${value}${after}`
		},
		{
			path,
			query: `${before}${encodeURIComponent(name)}=${encoded(value, times)}&z=1`
		},
		{
			path,
			query: `${before}next=${inner}${after}`
		},
		{
			path,
			query: `${before}x=${value}%40x.example`
		},
		{
			path,
			query: `f=${encodeURIComponent(`{"${name}":"${value}"}`)}`
		},
		{
			path,
			query: `x=${encodeURIComponent(`https://h.example/${name}/${value}`)}`
		},
		{
			path,
			query: `h=Bearer%20${value}`
		}
	].map((target) => ({
		...target,
		secrets: [value]
	})));
});
/** Keys as services make them: what they begin with, of what, and how long they are at least. */
const KEYS = [
	...words("sk-proj- sk-ant- sk- whsec_ ghp_ ghs_ github_pat_ npm_ hf_ shpat_ dop_v1_").map((prefix) => [
		prefix,
		ALL,
		24
	]),
	...words("sk_live_ rk_live_ sk_test_").map((prefix) => [
		prefix,
		ALL,
		8
	]),
	...words("AKIA ASIA").map((prefix) => [
		prefix,
		LOWER.toUpperCase() + DIGITS,
		16
	]),
	[
		"AIza",
		ALL,
		35
	],
	[
		"private-",
		`abcdef${DIGITS}`,
		32
	],
	[
		"bot71234567:",
		ALL,
		35
	],
	[
		"%2B49",
		DIGITS,
		8
	],
	[
		"+49",
		DIGITS,
		8
	],
	[
		"Bearer%20",
		ALL,
		4
	],
	[
		"token:",
		LOWER,
		20
	]
];
/** Something that is a secret by itself, where anything may stand. */
const key = fc.oneof(...KEYS.map(([prefix, letters, length]) => text(letters, length, length + 8).map((body) => ({
	prefix,
	body
}))), secret.map((body) => ({
	prefix: "",
	body
}))).chain(({ prefix, body }) => {
	const value = prefix + body;
	const name = fc.constantFrom(...words("x utm_content gclid mtm_cid ref id next"));
	const path = fc.constantFrom({ path: `/a/${value}` }, { path: `/${value}/b` });
	const query = name.chain((each) => fc.constantFrom(...[
		value,
		encodeURIComponent(decodeURIComponent(value)),
		`/p/${value}`
	].map((sent) => ({
		path: "/",
		query: `${each}=${sent}`
	})), {
		path: "/",
		query: `${each}=https://h.example/${value}`
	}));
	const isToken = prefix === "";
	return fc.oneof(path, query).filter((target) => !isToken || !/=?(?:utm|gclid|mtm)/.test(target.query ?? "")).map((target) => ({
		...target,
		secrets: [body]
	}));
});
test.each([["behind its name", named], ["by its form", key]])("no generated secret that is one %s is sent", (_what, planted) => {
	const sentOf = openPlaces();
	fc.assert(fc.property(planted, (each) => expectHidden(sentOf(each), each)), seededRuns(sampled(200, 3e3)));
});
// test/support/jwt.ts
/** A JSON Web Token with these claims, whose signature nobody can verify. */
function jwt(claims) {
	const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
	return `${encode({
		alg: "RS256",
		typ: "JWT"
	})}.${encode(claims)}.c2lnbmF0dXJl`;
}
// test/contracts/hit/title.test.ts
const at$1 = (path, status = 200, more = {}) => ({
	name: `path ${path.slice(0, 70)}, ${status}`,
	facts: {
		path,
		route: "",
		status,
		...more
	}
});
const MCP = {
	"mcp.method.name": "tools/call",
	"gen_ai.tool.name": "find_order"
};
const TOOL = "MCP tools/call find_order";
const graphql = (name) => ({ "graphql.operation.name": name });
const rpc = (name) => ({
	"rpc.system.name": "jsonrpc",
	"rpc.method": name
});
/** A request with spans below that have these attributes. */
const posted = (path, ...below) => ({
	method: "POST",
	path,
	route: path,
	below: below.map((attributes) => ({ attributes }))
});
const JSON_ANSWER = { responseHeaders: { "content-type": "application/json" } };
/** A request with this title. */
const titled = (name, facts, action_name, options = {}, before = []) => ({
	name,
	facts,
	options,
	before,
	page: { action_name }
});
const SCRIPT = "text/x-script";
golden([
	...[
		["/users/3f2504e0-4f89-11d3-9a0c-0305e82c3301", "/users/:uuid"],
		["/users/7/orders/42/", "/users/:id/orders/:id/"],
		["/a/0123abcd/deadbeef/01ARZ3NDEKTSV4RRFFQ69G5FAV", "/a/:id/deadbeef/:id"],
		["/4%32/caf%C3%A9/a%2Fb/x", "/:id/café/a%2Fb/x"],
		["/posts/jxn8odzg4qvcyb3fdi46jimz/edit", "/posts/:id/edit"],
		["/posts/9m4e2mr0ui3e8a215n4g", "/posts/:id"],
		["/users/user_01h455vb4pex5vsknk084sn02q", "/users/:id"],
		["/products/prod_01M8PJNRGESS0DCAGCW1W2CE2W", "/products/:id"],
		["/posts/internationalization/part2", "/posts/internationalization/part2"],
		["/api/1/items/v2/2.0/a1", "/api/1/items/v2/2.0/a1"],
		["/jira/rest/API/3/issues/12", "/jira/rest/API/3/issues/:id"],
		["/api/1/", "/api/:id/"],
		["/api/123/items", "/api/:id/items"],
		["/api/1/2/items", "/api/1/:id/items"],
		["/api/users/1/items", "/api/users/:id/items"],
		["/data.json", "/data.json"],
		["/posts/7.data", "/posts/7.data"],
		["/posts/7/__data.json", "/posts/:id"],
		["/posts/7/_payload.json", "/posts/:id"],
		["/posts/7/q-data.json", "/posts/:id/"],
		["/_next/data/build/posts/7.json", "/posts/:id"],
		["/page-data/posts/7/page-data.json", "/posts/:id/"]
	].map(([path, title]) => ({
		...at$1(path),
		page: { action_name: `GET ${title}` }
	})),
	{
		...at$1("/posts/7.data", 200, { query: "_routes=a" }),
		page: { action_name: "GET /posts/:id" }
	},
	{
		...at$1("/posts/7.data", 200, { responseHeaders: { "content-type": SCRIPT } }),
		page: { action_name: "GET /posts/:id" }
	},
	{
		...at$1("/posts/7/_.data", 200, { headers: { accept: SCRIPT } }),
		page: { action_name: "GET /posts/:id/" }
	},
	...[["ada@example.org", ":email"], ["kX3vQ9bT2mN7pL5wZ8rY", ":token"]].map(([secret, title]) => ({
		...at$1(`/a/${secret}`),
		options: { query: "keep" },
		page: { action_name: `GET /a/${title}` }
	})),
	{
		...at$1("/users/42/x"),
		options: { titlePaths: "raw" }
	},
	{
		...at$1(`/${"a1/".repeat(700)}42`),
		page: {
			url: `https://shop.example.org${"/a1".repeat(333)}/`,
			action_name: `GET ${"/a1".repeat(340)}`
		}
	}
]);
golden([
	...[
		[400, "Bad Request"],
		[401, "Unauthorized"],
		[403, "Forbidden"],
		[404, "Not Found"],
		[405, "Method Not Allowed"]
	].map(([status, title]) => ({
		...at$1("/x", status),
		page: { action_name: `GET ${title}` }
	})),
	...[
		399,
		402,
		500
	].map((status) => at$1("/x", status)),
	titled("a 403 of a success", at$1("/x/7", 403).facts, "GET /x/:id", {}, [{
		path: "/x/8",
		route: ""
	}]),
	{
		name: "a 404 of a route",
		facts: { status: 404 }
	}
]);
const ORDER = {
	path: "/orders/7",
	route: "/orders/:order"
};
const others = (count) => Array.from({ length: count }, (_, i) => ({
	path: `/x${i}`,
	route: ""
}));
/** A request of `/orders/8` that a middleware refuses, after these requests. */
const refused = (what, before, place, { status = 401, ...more } = {}) => {
	const facts = {
		path: "/orders/8",
		route: "",
		status,
		...more
	};
	return titled(`${status} of ${what}`, facts, `${more.method ?? "GET"} ${place}`, {}, before);
};
golden([
	refused("an endpoint with a route", [ORDER], "/orders/:order"),
	refused("the same, whose body is invalid", [ORDER], "/orders/:order", { status: 400 }),
	refused("the same, which does not exist", [ORDER], "Not Found", { status: 404 }),
	refused("a wildcard", [ORDER], "/orders/:order", { route: "/*" }),
	refused("a route that has changed", [ORDER, {
		...ORDER,
		route: "/:any_order/:order"
	}], "/:any_order/:order"),
	refused("an endpoint that has failed", [{
		...ORDER,
		status: 500
	}], "Unauthorized"),
	refused("another method", [ORDER], "Unauthorized", { method: "PUT" }),
	refused("another path", [{
		...ORDER,
		path: "/orders/x"
	}], "Unauthorized"),
	refused("another service", [{
		...ORDER,
		service: { "service.name": "a" }
	}], "Unauthorized", { service: { "service.name": "b" } }),
	refused("another site", [{
		...ORDER,
		service: { "matomo.idsite": 2 }
	}], "Unauthorized"),
	refused("an operation", [{
		...ORDER,
		below: [{ attributes: graphql("Orders") }]
	}], "/orders/:order"),
	refused("the oldest of 501 endpoints", [ORDER, ...others(500)], "Unauthorized"),
	refused("the oldest of 501 endpoints, used again", [
		ORDER,
		...others(499),
		ORDER,
		{
			path: "/last",
			route: ""
		}
	], "/orders/:order"),
	{
		...refused("an endpoint, with urlPaths: template", [ORDER], "/orders/:order", { status: 400 }),
		options: { urlPaths: "template" },
		page: {
			url: "https://shop.example.org/orders/:order",
			action_name: "GET /orders/:order"
		}
	},
	{
		name: "the route of a wildcard, in a dimension",
		facts: {
			path: "/acme/orders/8",
			route: "/{tenant}/{proxy+}"
		},
		options: {
			dimensions: { 1: "http.route" },
			urlPaths: "template"
		},
		page: {
			url: "https://shop.example.org/%7Btenant%7D/orders/:id",
			action_name: "GET /{tenant}/orders/:id",
			dimension1: "/{tenant}/{proxy+}"
		}
	}
]);
golden([
	{
		name: "a method that a client invented succeeds",
		facts: { method: "FOO" }
	},
	titled("a template of the title", {
		path: "/users/42",
		status: 201,
		spanName: "users.show"
	}, "201 shop.example.org/users/42 [users.show] /users/:id GET!", { actionName: "{status} {host}{path} [{span}] {route} {method}!" }),
	titled("secrets of a span", { spanName: "GET /token/9fK2mQ7x" }, "GET /token/redacted", { actionName: "{span}" }),
	{
		name: "the host of a title",
		facts: { headers: { host: "u:p@shop.example.org:8080/x?y#z" } },
		options: { actionName: "{host}" },
		page: {
			url: "https://localhost/users/42",
			action_name: "shop.example.org:8080"
		}
	},
	titled("a function", {}, "GET /users/:id 200", { actionName: ({ method, route, statusCode }) => `${method} ${route} ${statusCode}` }),
	{ options: { actionName: () => void 0 } },
	...[
		["/users/:id", [
			"GET /users/:id",
			"/users/:id",
			"/users/42"
		]],
		["/users/:id", ["GET /users/42"]],
		["", ["/users/42"]],
		["/users/:id(\\d+)", ["/users/:id(\\d+)"]],
		["users/:id", ["/users/:id"]]
	].map(([route, [key, ...weaker]]) => {
		const others = weaker.map((each) => [each, { action_name: "another" }]);
		const routeDetails = {
			...Object.fromEntries(others),
			[key]: { action_name: "A" }
		};
		return titled(`routeDetails of ${route}: ${key}`, { route }, "A", { routeDetails });
	}),
	{
		name: "routeDetails of another method",
		options: { routeDetails: { "POST /users/:id": { action_name: "A" } } }
	},
	titled("GraphQL by a child span at the root", {
		...posted("/", graphql("CreateOrder2")),
		route: ""
	}, "GraphQL CreateOrder2"),
	{
		name: "GraphQL in a query",
		facts: {
			path: "/graphql",
			route: "",
			query: "query=x&operationName=Shops",
			...JSON_ANSWER
		},
		options: { dimensions: {
			1: "graphql.operation.name",
			2: "rpc.method"
		} },
		page: {
			url: "https://shop.example.org/graphql?operationName=Shops",
			action_name: "GET /graphql Shops",
			dimension1: "Shops"
		}
	},
	{
		name: "an operation that fails has no name unless it is known",
		facts: {
			...posted("/graphql", graphql("Invented")),
			status: 500
		}
	},
	titled("GraphQL within MCP", posted("/mcp", MCP, graphql("Inner")), TOOL),
	{
		name: "tRPC",
		facts: {
			path: "/trpc/user.byId",
			route: "",
			...JSON_ANSWER
		},
		options: { dimensions: { 1: "rpc.method" } },
		page: { dimension1: "user.byId" }
	},
	titled("a batch of more than 100 calls of tRPC", {
		path: `/trpc/${Array(101).fill("p")}`,
		route: "",
		query: "batch=1",
		...JSON_ANSWER
	}, "GET /trpc/p (100+)"),
	{
		name: "an empty route",
		facts: {
			path: "/",
			route: "/"
		}
	},
	...[["&é".repeat(300), "&é".repeat(146)], [" a\0\nb\ud800 ", "a b�"]].map(([given = "", sent = ""]) => titled(sent, { calls: [["annotate", { action_name: given }]] }, sent))
]);
golden(words(`
    ${jwt({ sub: "bob" })} user_d41d8cd98f00b204e9800998ecf8427e get/123e4567-e89b-12d3-a456-426614174000 01ARZ3NDEKTSV4RRFFQ69G5FAV
    kX3vQ9bT2mN/7pL5wZ8rYaB/3cD4 kX3vQ9bT2mN7pL5wZ8rY.call 1234567890123456
  `).map((name) => titled(name, posted("/rpc", rpc(name)), "POST /rpc redacted")));
golden(words(`
    textDocument/semanticTokens/full/delta tools/call v1.users.list GetCustomerByIdAndRegion2 sk-render deadbeef
    DynamoDB_20120810.GetItem AmazonEC2ContainerServiceV20141113.DescribeTaskDefinition
    AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken AWSCognitoIdentityProviderService.InitiateAuth
    google.pubsub.v1.Publisher/ListTopicSubscriptions create-pull-request-with-3-reviewers
  `).map((name) => titled(name, posted("/rpc", rpc(name)), `POST /rpc ${name}`)));
// test/contracts/hit/url.test.ts
const at = (path, query) => ({
	path,
	...query !== void 0 && { query },
	route: ""
});
/** Strict, but for what is no referrer. */
const ORIGINS = {
	privacy: "strict",
	urlPaths: "full",
	anonymizeIp: 0,
	visitorKey: "key"
};
const LONG = `a=1${`&b=${"x".repeat(90)}`.repeat(10)}`;
const NOT_ASSUMED = { assumeHttps: false };
golden([
	{ name: "the base hit" },
	{ facts: { query: "x=1&y=a%20b&z" } },
	{ facts: { query: "" } },
	{
		name: "escapes of a path stay, and what no URL may hold is encoded",
		facts: at("/a%2Fb/ü\"#|^$"),
		page: { url: "https://shop.example.org/a%2Fb/%C3%BC%22%23%7C%5E$" }
	},
	{
		facts: at("/-.~:!$&()*+,[]/%41"),
		page: { action_name: "GET /-.~:!$&()*+,[]/A" }
	},
	{
		name: "a request for the server as a whole",
		facts: {
			...at("*"),
			method: "OPTIONS"
		},
		page: { url: "https://shop.example.org/" }
	},
	{
		name: "matrix parameters are not sent",
		facts: at("/find;q=shoes;page=2/x;Keyword=a&k=b"),
		options: { siteSearch: true },
		page: {
			url: "https://shop.example.org/find/x",
			action_name: "GET /find/x"
		}
	},
	...[
		["q=1&Query=2&s=3&search=4&k=6&keyword=7&q[]=9&%71=10&kw=11&qq=12", "kw=11&qq=12"],
		["a=1&amp;q=2&amp;amp;b=3&lt;q=4;q=5;c=6", "a=1&b=3&redacted"],
		["EIO=4&transport=polling&t=abc", "EIO=4&transport=polling&t=abc"],
		[`${LONG}&c=${"y".repeat(60)}&d=2`, LONG],
		[
			"a=1&b=2&a[]=3&c;d&a=4;e;b=5&token=x",
			"a=1&a[]=3&a=4%3Be%3Bb=5&token=x",
			["a", "token"]
		]
	].map(([query, sent, names]) => ({
		name: `the query ${query.slice(0, 60)}`,
		facts: { query },
		options: names ? { query: names } : {},
		page: { url: `https://shop.example.org/users/42?${sent}` }
	})),
	{
		name: "a path that is too long is cut, and not inside of an escape",
		facts: at(`${"/a".repeat(498)}/a%41%42`, "x=1"),
		page: {
			url: `https://shop.example.org${"/a".repeat(498)}/a`,
			action_name: `GET ${"/a".repeat(498)}/aAB`
		}
	},
	{
		facts: { status: 404 },
		options: { urlPaths: "template" },
		page: { url: "https://shop.example.org/users/:id" }
	},
	...[
		[
			"http",
			"localhost:3000",
			{},
			"http://localhost:3000"
		],
		[
			"http",
			"10.1.2.3:80",
			{},
			"http://10.1.2.3"
		],
		[
			"http",
			"8.8.8.8",
			{},
			"https://8.8.8.8"
		],
		[
			"http",
			"[::1]:3000",
			{},
			"http://[::1]:3000"
		],
		[
			"http",
			"shop.example.org",
			NOT_ASSUMED,
			"http://shop.example.org"
		],
		[
			"https",
			"shop.example.org",
			NOT_ASSUMED,
			"https://shop.example.org"
		],
		[
			"http",
			"shop.example.org:443",
			{},
			"https://shop.example.org"
		],
		[
			"http",
			"shop.example.org:80",
			{},
			"https://shop.example.org"
		],
		[
			"http",
			"shop.example.org:443",
			NOT_ASSUMED,
			"http://shop.example.org:443"
		],
		[
			"http",
			"shop.example.org:8443",
			{},
			"https://shop.example.org:8443"
		],
		[
			"http",
			"a b/c",
			{},
			"https://localhost"
		],
		[
			"http",
			"shop.example.org:99999",
			{},
			"https://localhost"
		],
		[
			"http",
			void 0,
			{},
			"https://localhost"
		]
	].map(([scheme, host, options, origin]) => ({
		facts: {
			...scheme === "https" && { scheme },
			headers: { host }
		},
		options,
		page: { url: `${origin}/users/42` }
	})),
	...[
		[
			{},
			"api.example.org",
			8443,
			{},
			"https://api.example.org:8443"
		],
		[
			{},
			"api.example.org",
			443,
			NOT_ASSUMED,
			"http://api.example.org"
		],
		[
			{ scheme: "https" },
			"2001:db8::1",
			80,
			{},
			"https://[2001:db8::1]"
		]
	].map(([facts, address, port, options, origin]) => ({
		facts: {
			...facts,
			headers: { host: void 0 },
			attributes: {
				"server.address": address,
				"server.port": port
			}
		},
		options,
		page: { url: `${origin}/users/42` }
	})),
	{
		name: "baseUrl",
		facts: {
			path: "/a",
			route: "",
			headers: { host: "internal" },
			query: "x=1"
		},
		options: { baseUrl: "https://www.example.org/shop/" },
		page: { url: "https://www.example.org/shop/a?x=1" }
	},
	{
		name: "urlPaths: template without a route",
		facts: at("/users/42/ada@example.org/3f2504e0-4f89-11d3-9a0c-0305e82c3301"),
		options: { urlPaths: "template" },
		page: {
			url: "https://shop.example.org/users/:id/redacted/:uuid",
			action_name: "GET /users/:id/redacted/:uuid"
		}
	},
	...[
		[
			400,
			"/x",
			"/bad-request",
			"Bad Request"
		],
		[
			404,
			"/wp-login.php",
			"/not-found",
			"Not Found"
		],
		[
			405,
			"/x",
			"/method-not-allowed",
			"Method Not Allowed"
		],
		[
			403,
			"/x/7",
			"/x/:id?x=1",
			"Forbidden"
		]
	].map(([status, path, sent, title]) => ({
		facts: {
			...at(path, "x=1"),
			status
		},
		options: { urlPaths: "template" },
		page: {
			url: `https://shop.example.org${sent}`,
			action_name: `GET ${title}`
		}
	})),
	{
		name: "a GraphQL document is no search",
		facts: at("/graphql", "query=%7Ba%7D&x=1"),
		options: { siteSearch: true },
		page: { url: "https://shop.example.org/graphql?x=1" }
	},
	...[
		[
			"https://ref.example/a?x=1#f",
			{},
			"https://ref.example/a?x=1"
		],
		[
			"https://u:p@ref.example/token/9fK2mQ7x?q=shoes&token=1&_rsc=2",
			{ query: "keep" },
			"https://ref.example/token/redacted?q=shoes&token=redacted"
		],
		[
			"https://ref.example/a?x=1",
			{ query: "strip" },
			"https://ref.example/a"
		],
		[
			"https://ref.example/a?x=1&y=2",
			{ query: ["x"] },
			"https://ref.example/a?x=1"
		],
		[
			"https://u:p@ref.example:8080/a?x=1",
			ORIGINS,
			"https://ref.example:8080/"
		],
		[
			"android-app://com.example.app/",
			ORIGINS,
			"android-app://com.example.app/"
		],
		[
			"/a?x=1",
			ORIGINS,
			null
		],
		[
			"//token/9fK2mQ7x",
			{},
			"//token/redacted"
		],
		[
			Buffer.from("https://ref.example/ü").toString("latin1"),
			{},
			"https://ref.example/ü"
		],
		[
			`https://ref.example/${"a/".repeat(550)}`,
			{},
			`https://ref.example/${"a/".repeat(502)}`
		],
		[
			"",
			{},
			null
		]
	].map(([referer, options, urlref]) => ({
		facts: { headers: { referer } },
		options,
		page: { urlref }
	})),
	{
		facts: { calls: [["annotate", { url: "/a" }]] },
		problems: ["parameter-invalid"]
	}
]);
// test/contracts/hit/values.test.ts
const job = (...calls) => build({
	isOutside: true,
	calls
});
const USER = { uid: "ann" };
/** An object as libraries for decimal numbers have it. */
var Decimal = class {
	#text;
	constructor(text) {
		this.#text = text;
	}
	toString() {
		return this.#text;
	}
};
const SECONDS = NOON / 1e3 - 604800;
const ISO = (/* @__PURE__ */ new Date(SECONDS * 1e3)).toISOString();
const SPACED = ISO.replace("T", " ");
/** Forms in which a time is passed, all of the same second. */
const TIMES = [
	...[
		SECONDS,
		SECONDS + .9,
		String(SECONDS),
		` ${SECONDS} `
	],
	...[
		SECONDS * 1e3,
		SECONDS * 1e3 + 999,
		String(SECONDS * 1e3),
		BigInt(SECONDS * 1e3)
	],
	...[/* @__PURE__ */ new Date(SECONDS * 1e3), { toISOString: () => ISO }],
	...[
		ISO,
		ISO.replace(".000Z", ""),
		ISO.replace(".000Z", "+00:00")
	],
	...[
		SPACED.replace(".000Z", ""),
		SPACED.replace(":00.000Z", ""),
		SPACED.replace(".000Z", " UTC")
	],
	SPACED.replace(".000Z", ".123456+00"),
	(/* @__PURE__ */ new Date((SECONDS + 7200) * 1e3)).toISOString().replace(".000Z", "+02:00"),
	(/* @__PURE__ */ new Date((SECONDS - 18e3) * 1e3)).toISOString().replace(".000Z", "-0500")
];
test.each(TIMES)("the time %o is the one that was meant", (cdt) => {
	const { hits, problems } = job([
		"trackEvent",
		"Job",
		"done",
		{
			...USER,
			cdt
		}
	], ["trackHit", {
		...USER,
		action_name: "Old",
		cdt
	}], [
		"trackGoal",
		1,
		{
			...USER,
			cdt
		}
	], [
		"trackOrder",
		{
			id: 1,
			revenue: 1
		},
		{
			...USER,
			cdt
		}
	]);
	expect(hits.map(({ parameters }) => parameters.cdt)).toEqual(Array(4).fill(String(SECONDS)));
	expect(problems).toEqual([]);
	const page = build({ calls: [["annotate", { cdt }]] }).hits[0]?.parameters;
	expect(page?.cdt).toBe(String(SECONDS));
});
test.each([
	...[
		"",
		"yesterday",
		"20.11.2026",
		"2026-02-30 10:00:00"
	],
	...[
		"2026-11-20 25:00:00",
		"2026-11-20T10:00:00Zulu",
		/* @__PURE__ */ new Date(NaN)
	],
	...[
		NaN,
		Number.POSITIVE_INFINITY,
		0,
		-1,
		0x8ac7230489e80000,
		SECONDS * 1e6,
		NOON + 36e5
	],
	...[
		"2999-01-01 00:00:00",
		"1999-12-31 23:59:59",
		915148800,
		true,
		null,
		{},
		[],
		[SECONDS]
	]
])("a hit with the time %o is dropped, and a page view keeps its own time", (cdt) => {
	const { hits, dropped, problems } = job([
		"trackEvent",
		"Job",
		"done",
		{
			...USER,
			cdt
		}
	]);
	expect({
		hits,
		dropped,
		problems
	}).toEqual({
		hits: [],
		dropped: { invalid: 1 },
		problems: ["parameter-invalid"]
	});
	const page = build({ calls: [["annotate", { cdt }]] }).hits[0]?.parameters;
	expect(page?.cdt).toBe(String(NOON / 1e3));
});
const AMOUNTS = [
	["9.99", 9.99],
	[" 9.99 ", 9.99],
	[".5", .5],
	["1e3", 1e3],
	[7n, 7],
	[new Decimal("9.99"), 9.99],
	[Object("9.99"), 9.99]
];
test.each(AMOUNTS)("the amount %o is a number, wherever it is passed", (amount, read) => {
	const { hits, problems } = job([
		"trackOrder",
		{
			id: 17n,
			revenue: amount,
			subtotal: amount,
			tax: amount,
			shipping: amount,
			discount: amount,
			items: [{
				sku: "a",
				name: "A",
				categories: "C",
				price: amount,
				quantity: "2"
			}, [
				"b",
				"B",
				"C",
				amount,
				3n
			]]
		},
		USER
	], [
		"trackGoal",
		"1",
		{
			...USER,
			revenue: amount
		}
	], [
		"trackEvent",
		"a",
		"b",
		{
			...USER,
			value: amount
		}
	], ["trackHit", {
		...USER,
		idgoal: "2",
		revenue: amount,
		_pkp: amount
	}]);
	const text = String(read);
	expect(hits.map(({ parameters }) => parameters)).toMatchObject([
		{
			ec_id: "17",
			revenue: text,
			ec_st: text,
			ec_tx: text,
			ec_sh: text,
			ec_dt: text
		},
		{
			idgoal: "1",
			revenue: text
		},
		{ e_v: text },
		{
			idgoal: "2",
			revenue: text,
			_pkp: text
		}
	]);
	expect(JSON.parse(hits[0]?.parameters.ec_items ?? "")).toEqual([[
		"a",
		"A",
		"C",
		read,
		2
	], [
		"b",
		"B",
		"C",
		read,
		3
	]]);
	expect(problems).toEqual([]);
});
test.each([
	...[
		"9,99",
		"1.234,50",
		"1,000.00",
		"$9.99",
		"9.99 EUR",
		"",
		" ",
		"0x10",
		"NaN",
		"Infinity"
	],
	...[
		NaN,
		Number.POSITIVE_INFINITY,
		{},
		[],
		[9.99],
		true,
		/* @__PURE__ */ new Date(),
		new Decimal("9,99")
	],
	"9".repeat(200)
])("%o is no amount: what it is for is left out or dropped", (amount) => {
	const invalid = [{
		sku: "b",
		price: amount
	}, {
		sku: "c",
		quantity: amount
	}];
	const { hits, dropped, problems } = job([
		"trackOrder",
		{
			id: 1,
			revenue: amount
		},
		USER
	], [
		"trackGoal",
		1,
		{
			...USER,
			revenue: amount
		}
	], ["trackHit", {
		...USER,
		idgoal: 2,
		revenue: amount
	}], [
		"trackEvent",
		"a",
		"b",
		{
			...USER,
			value: amount
		}
	], [
		"trackOrder",
		{
			id: 2,
			revenue: 5,
			tax: amount,
			items: [{ sku: "a" }, ...invalid]
		},
		USER
	]);
	expect({
		dropped,
		problems
	}).toEqual({
		dropped: { invalid: 3 },
		problems: ["parameter-invalid"]
	});
	const [event, order, ...others] = hits.map(({ parameters }) => parameters);
	expect(others).toEqual([]);
	expect(order?.ec_items).toBe("[[\"a\",\"\",\"\",0,1]]");
	expect(order).not.toHaveProperty("ec_tx");
	expect(event).not.toHaveProperty("e_v");
});
const UUID = "3F2504E0-4F89-11D3-9A0C-0305E82C3301";
const CLIENT_ID = "123456789.1234567890";
const idOf$1 = (text) => createHash("sha256").update(text).digest("hex").slice(0, 16);
const OF_UUID = idOf$1(UUID.toLowerCase().replaceAll("-", ""));
test.each([
	["0123456789ABCDEF", "0123456789abcdef"],
	[UUID, OF_UUID],
	[UUID.toLowerCase(), OF_UUID],
	[UUID.replaceAll("-", ""), OF_UUID],
	[CLIENT_ID, idOf$1(CLIENT_ID)],
	[`GA1.1.${CLIENT_ID}`, idOf$1(CLIENT_ID)]
])("the visitor ID %s is sent as %s, however it is set", (cid, id) => {
	const built = [
		job([
			"trackEvent",
			"a",
			"b",
			{ cid }
		]),
		build({ attributes: { "matomo.cid": cid } }),
		build({ calls: [["annotate", { cid }]] }),
		build({}, { visitorId: () => cid }),
		build({}, { beforeSend: (parameters) => ({
			...parameters,
			cid
		}) })
	];
	expect(built.map(({ hits }) => hits[0]?.parameters.cid)).toEqual(Array(5).fill(id));
});
test.each([
	"customer-17",
	"0123456789",
	`${UUID}0`,
	"1.2",
	"GA1.1.x",
	"0123456789abcdefg",
	17
])("%s is no visitor ID", (cid) => {
	const { hits, dropped } = job([
		"trackEvent",
		"a",
		"b",
		{ cid }
	]);
	expect({
		hits,
		dropped
	}).toEqual({
		hits: [],
		dropped: { no_visitor: 1 }
	});
});
const fail = () => {
	throw new Error("of the application");
};
/** Values that no text is made of, or that throw. */
const UNSENDABLE = [
	Symbol("x"),
	{ toString: fail },
	new Proxy({}, {
		get: fail,
		ownKeys: fail
	})
];
test.each(UNSENDABLE)("what cannot be sent changes nothing else, and nothing throws: %#", (value) => {
	const { hits, problems } = build({ calls: [
		["annotate", {
			dimension1: value,
			cvar: {
				a: value,
				b: 10n
			},
			action_name: value
		}],
		["annotate", value],
		["trackHit", value],
		[
			"trackEvent",
			value,
			value
		],
		[
			"trackEvent",
			"a",
			"b",
			{ e_n: value }
		]
	] });
	expect(hits.map(({ parameters }) => parameters.action_name ?? parameters.e_a)).toEqual(["GET /users/:id", "b"]);
	expect(hits[0]?.parameters.cvar).toContain("\"b\",\"10\"");
	expect(hits[0]?.parameters).not.toHaveProperty("dimension1");
	expect(problems).toEqual(["parameter-invalid"]);
});
// test/contracts/hit/visitor.test.ts
const TOKEN$1 = { tokenAuth: "0123456789abcdef0123456789abcdef" };
const COOKIE = "_pk_id.1.1fff=abcdef0123456789.1700000000; _pk_id.2.1fff=ABCDEF9876543210.1; x=1";
const DAY = 864e5;
/** `{"sub":"ada","n":12345678901234567890}` */
const JWT = `eyJhbGciOiJub25lIn0.${Buffer.from("{\"sub\":\"ada\",\"azp\":12345678901234567890,\"client_id\":\"\"}").toString("base64url")}.x`;
const ADA = { "enduser.id": "ada" };
const EVE = { "enduser.id": "eve" };
const KEY_HEADER = { userId: "http.request.header.x-api-key" };
golden([
	{
		options: TOKEN$1,
		page: { cip: "192.0.2.10" }
	},
	{
		options: TOKEN$1,
		facts: { peer: "" }
	},
	...[
		[
			"198.51.100.23",
			1,
			"198.51.100.0"
		],
		[
			"::ffff:198.51.100.23",
			2,
			"198.51.0.0"
		],
		[
			"198.51.100.23",
			4,
			"0.0.0.0"
		],
		[
			"2001:db8:1:2:3:4:5:6",
			0,
			"2001:db8:1:2:3:4:5:6"
		],
		[
			"2001:db8:1:2:3:4:5:6",
			1,
			"2001:db8:1:2::"
		],
		[
			"2001:db8::6",
			3,
			"2001:db8::"
		],
		[
			"2001:db8::6",
			4,
			"::"
		],
		[
			"2002:c633:6417::1",
			1,
			"2002:c633:6400:0::"
		],
		[
			"2001:0:c633:6417:1::1",
			1,
			"2001:0:0:0::"
		],
		[
			"fe80::1%eth0",
			0,
			"fe80::1"
		]
	].map(([peer, anonymizeIp, cip]) => ({
		options: {
			...TOKEN$1,
			anonymizeIp
		},
		facts: { peer },
		page: { cip }
	})),
	{
		options: { visitorId: "none" },
		page: { cid: null }
	},
	...[
		[
			1,
			COOKIE,
			{ cid: "abcdef0123456789" }
		],
		[
			2,
			COOKIE,
			{ cid: "abcdef9876543210" }
		],
		[
			3,
			COOKIE,
			{}
		],
		[
			1,
			"_pk_id.1=abcdef0123456789%2E1700000000",
			{ cid: "abcdef0123456789" }
		],
		[
			1,
			"_pk_id.1=abcdef0123456789abc",
			{}
		]
	].map(([siteId, cookie, sent]) => ({
		options: {
			visitorId: "cookie",
			siteId
		},
		facts: { headers: { cookie } },
		page: {
			idsite: String(siteId),
			...sent
		}
	})),
	{
		options: { visitorId: ({ path }) => path === "/users/42" ? "ABCDEF0123456789" : void 0 },
		page: { cid: "abcdef0123456789" }
	},
	{ options: { visitorId: () => void 0 } },
	{ options: { userId: () => void 0 } },
	{
		options: { userId: () => "anonymous" },
		problems: ["parameter-invalid"]
	},
	...[
		[{ attributes: ADA }, "ada"],
		[{ below: [{ attributes: EVE }, { attributes: ADA }] }, "ada"],
		[{
			attributes: ADA,
			below: [{ attributes: EVE }]
		}, "ada"],
		[{
			attributes: ADA,
			calls: [["annotate", { uid: "eve" }]]
		}, "eve"],
		[{ attributes: { "enduser.id": "198.51.100.23" } }, "198.51.100.0"]
	].map(([facts, uid]) => ({
		options: {
			userId: "enduser.id",
			anonymizeIp: 1
		},
		facts,
		page: { uid }
	})),
	{
		facts: { calls: [["annotate", { uid: "0.0.0.0" }]] },
		problems: ["parameter-invalid"]
	},
	{
		facts: { calls: [["annotate", { uid: 42 }]] },
		page: { uid: "42" }
	},
	{
		facts: { calls: [["annotate", { uid: "x".repeat(300) }]] },
		page: { uid: "x".repeat(200) }
	},
	{
		facts: { calls: [["annotate", { cip: "192.0.2.99" }]] },
		problems: ["parameter-invalid"]
	},
	{
		name: "cip of annotate is masked",
		options: {
			...TOKEN$1,
			anonymizeIp: 1
		},
		facts: { calls: [["annotate", { cip: "192.0.2.99" }]] },
		page: { cip: "192.0.2.0" }
	},
	{
		name: "cip of annotate that is none",
		options: TOKEN$1,
		facts: { calls: [["annotate", { cip: "192.0.2.99, 10.0.0.1" }]] },
		page: { cip: "192.0.2.10" },
		problems: ["parameter-invalid"]
	}
]);
function idOf(facts, options = {}, name = "cid") {
	return build(facts, options).hits[0]?.parameters[name];
}
const BASE = {};
test.each([
	[
		"the same request later on the day",
		true,
		{
			startMillis: NOON + 396e5,
			nowMillis: NOON + DAY
		}
	],
	[
		"another language, path, host and query",
		true,
		{
			path: "/x",
			query: "y",
			headers: {
				"accept-language": "de",
				host: "x.example"
			}
		}
	],
	[
		"the next day",
		false,
		{
			startMillis: NOON + DAY,
			nowMillis: NOON + 2 * DAY
		}
	],
	[
		"a start in the future counts as now",
		true,
		{ startMillis: NOON + DAY }
	],
	[
		"another address",
		false,
		{ peer: "192.0.2.11" }
	],
	[
		"the same address in IPv6 notation",
		true,
		{ peer: "::ffff:192.0.2.10" }
	],
	[
		"another address with the same mask",
		true,
		{ peer: "192.0.2.11" },
		{ anonymizeIp: 1 }
	],
	[
		"another user agent",
		false,
		{ headers: { "user-agent": "curl/8.5.1" } }
	],
	[
		"another site",
		false,
		{},
		{},
		{ siteId: 2 }
	],
	[
		"another key",
		false,
		{},
		{},
		{ visitorKey: "another-key" }
	],
	[
		"another process, without a key",
		false,
		{},
		{ visitorKey: void 0 }
	],
	[
		"a key that comes from the token",
		true,
		{},
		{
			visitorKey: void 0,
			...TOKEN$1
		},
		{
			visitorKey: void 0,
			...TOKEN$1
		}
	],
	[
		"with and without a token",
		true,
		{},
		{},
		TOKEN$1
	],
	[
		"a site of annotate",
		false,
		{ calls: [["annotate", { idsite: 2 }]] }
	],
	[
		"no address",
		false,
		{ peer: "" }
	],
	[
		"the address of annotate that was read",
		true,
		{
			peer: "192.0.2.99",
			calls: [["annotate", { cip: "192.0.2.10" }]]
		},
		TOKEN$1
	],
	[
		"an address of beforeSend",
		false,
		{},
		TOKEN$1,
		{
			...TOKEN$1,
			beforeSend: (hit) => ({
				...hit,
				cip: "192.0.2.99"
			})
		}
	]
])("visitors: %s is the same one: %s", (_what, isSame, facts, options = {}, others = options) => {
	const id = idOf(BASE, options);
	expect(id).toMatch(/^[\da-f]{16}$/);
	const other = idOf(facts, others);
	expect(other).toMatch(/^[\da-f]{16}$/);
	expect(other === id).toBe(isSame);
});
test("one process keeps visitors, sites and days apart", () => {
	const builder = openBuilder({ siteId: (request) => request.path === "/2" ? 2 : 1 });
	const nowMillis = NOON + DAY;
	const visitors = ["/1", "/2"].flatMap((path) => [NOON, nowMillis].flatMap((startMillis) => ["192.0.2.1", "192.0.2.2"].map((peer) => ({
		path,
		peer,
		route: "",
		startMillis,
		nowMillis
	}))));
	const ids = [...visitors, ...visitors].map((facts) => builder.build(facts).hits[0]?.parameters.cid);
	builder.close();
	expect(new Set(ids).size).toBe(8);
	expect(ids.slice(0, 8)).toEqual(ids.slice(8));
});
test("with a daily key, visitors of different days are different", () => {
	const builder = openBuilder({ visitorKey: "daily" });
	const nowMillis = Date.now();
	const ids = [
		nowMillis,
		nowMillis,
		nowMillis - DAY
	].map((startMillis) => builder.build({
		startMillis,
		nowMillis
	}).hits[0]?.parameters.cid);
	builder.close();
	expect(ids[0]).toMatch(/^[\da-f]{16}$/);
	expect(ids[1]).toBe(ids[0]);
	expect(ids[2]).not.toBe(ids[0]);
});
test("with privacy: strict, visitor IDs are made of whole addresses if their keys are deleted", () => {
	const startMillis = Date.now();
	const of = (options) => {
		const builder = openBuilder({
			privacy: "strict",
			...options
		});
		const ids = ["192.0.2.1", "192.0.2.2"].map((peer) => builder.build({
			peer,
			startMillis,
			nowMillis: startMillis
		}).hits[0]?.parameters.cid);
		builder.close();
		return new Set(ids).size;
	};
	expect(of({ visitorKey: void 0 })).toBe(2);
	expect(of({})).toBe(1);
});
test("a session of MCP is one visitor at any address, and two sessions at one address are two", () => {
	const builder = openBuilder();
	const [first, moved, second] = [
		["session-1", "192.0.2.1"],
		["session-1", "192.0.2.2"],
		["session-2", "192.0.2.1"]
	].map(([session = "", peer]) => {
		const facts = {
			method: "POST",
			path: "/mcp",
			route: "/mcp",
			peer,
			headers: {
				"mcp-session-id": session,
				"mcp-protocol-version": "2025-06-18"
			}
		};
		const attributes = {
			"mcp.method.name": "tools/call",
			"mcp.session.id": session
		};
		return builder.build({
			...facts,
			below: [{ attributes }]
		}).hits[0]?.parameters.cid;
	});
	builder.close();
	expect(moved).toBe(first);
	expect(second).not.toBe(first);
});
const authorized = (authorization) => ({ headers: { authorization } });
const BY_CREDENTIALS = { userId: "http.request.header.authorization" };
/** A request with an API key, and what the application answered. */
const withKey = (key, status = 200) => ({
	status,
	headers: { "x-api-key": key }
});
const OPEN = {
	...withKey("key-6", 401),
	isOpen: true,
	calls: [[
		"trackEvent",
		"a",
		"b"
	]]
};
test.each([
	[
		"a key that was let in",
		withKey("key-1"),
		KEY_HEADER,
		true
	],
	[
		"a key and 304",
		withKey("key-1", 304),
		KEY_HEADER,
		true
	],
	[
		"a key that was refused",
		withKey("key-2", 401),
		KEY_HEADER,
		false
	],
	[
		"a key and a redirect",
		withKey("key-2", 302),
		KEY_HEADER,
		false
	],
	[
		"a key that failed later",
		withKey("key-3", 500),
		KEY_HEADER,
		true,
		withKey("key-3")
	],
	[
		"a response that has not begun",
		{
			...withKey("key-4", 499),
			sentStatus: 0,
			aborted: true
		},
		KEY_HEADER,
		false
	],
	[
		"an event of an open request, of a known key",
		OPEN,
		KEY_HEADER,
		true,
		withKey("key-6")
	],
	[
		"an event of an open request, of a new key",
		OPEN,
		KEY_HEADER,
		false
	],
	[
		"a preflight",
		{
			...withKey("key-5"),
			method: "OPTIONS"
		},
		KEY_HEADER,
		false
	],
	[
		"no key",
		{},
		KEY_HEADER,
		false
	],
	[
		"a token as a key",
		withKey(JWT),
		KEY_HEADER,
		false
	],
	[
		"a key that is too long",
		withKey("k".repeat(17e3)),
		KEY_HEADER,
		false
	],
	[
		"a claim",
		authorized(`Bearer ${JWT}`),
		{ userId: "jwt.sub" },
		true
	],
	[
		"a claim that is a number",
		authorized(`bearer ${JWT}`),
		{ userId: "jwt.azp" },
		true
	],
	[
		"a claim of a forged token, behind one of the same subject",
		{
			...authorized(`Bearer ${JWT}forged`),
			status: 401
		},
		{ userId: "jwt.sub" },
		false,
		authorized(`Bearer ${JWT}`)
	],
	[
		"an empty claim",
		authorized(`Bearer ${JWT}`),
		{ userId: "jwt.client_id" },
		false
	],
	[
		"basic credentials",
		authorized("Basic YTpi"),
		BY_CREDENTIALS,
		true
	],
	[
		"a scheme without credentials",
		authorized("Basic"),
		BY_CREDENTIALS,
		false
	],
	[
		"a key without a key for pseudonyms",
		withKey("key-1"),
		{
			...KEY_HEADER,
			visitorKey: void 0
		},
		false
	],
	[
		"a key with daily keys",
		withKey("key-1"),
		{
			...KEY_HEADER,
			visitorKey: "daily"
		},
		false
	]
])("pseudonyms: %s", (_what, facts, options, isNamed, before = void 0) => {
	const builder = openBuilder(options);
	if (before) builder.build(before);
	const { uid } = builder.build(facts).hits[0]?.parameters ?? {};
	builder.close();
	if (isNamed) expect(uid).toMatch(/^[\da-f]{16}$/);
	else expect(uid).toBeUndefined();
});
test("a pseudonym is the same for one value and key only", () => {
	const of = (key, options = {}) => idOf(withKey(key), {
		...KEY_HEADER,
		...options
	}, "uid");
	expect(of(" key-1 ")).toBe(of("key-1"));
	expect(of("key-2")).not.toBe(of("key-1"));
	expect(of("key-1", { visitorKey: "another-key" })).not.toBe(of("key-1"));
	const authorization = (value) => idOf(authorized(value), BY_CREDENTIALS, "uid");
	expect(authorization("Basic YTpi")).toBe(authorization("YTpi"));
	const ofClaim = (claim) => {
		const token = `Bearer x.${Buffer.from(claim).toString("base64url")}.x`;
		return idOf(authorized(token), { userId: "jwt.sub" }, "uid");
	};
	expect(ofClaim("{\"sub\":12345678901234567890}")).not.toBe(ofClaim("{\"sub\":12345678901234567891}"));
	expect(ofClaim("{\"sub\":\"ada\",\"x\":1}")).toBe(ofClaim("{\"x\":2,\"sub\":\" ada \"}"));
});
test("the client of a hit is a keyed hash of its unmasked address, which no option hides, else its visitor", () => {
	const clientOf = (facts, options = {}) => {
		const [hit] = build({
			headers: {},
			...facts
		}, options).hits;
		expect(hit?.text).not.toContain(hit?.client);
		return hit?.client;
	};
	const options = {
		...TOKEN$1,
		visitorKey: "k"
	};
	const client = clientOf({ peer: "198.51.100.23" }, options);
	expect(client).toMatch(/^[\da-f]{16}$/);
	const sameClient = {
		peer: "198.51.100.23",
		headers: { "user-agent": "another" }
	};
	for (const more of [
		{},
		{ anonymizeIp: 4 },
		{ visitorId: "none" }
	]) expect(clientOf(sameClient, {
		...options,
		...more
	})).toBe(client);
	expect(clientOf({ peer: "198.51.100.24" }, options)).not.toBe(client);
	expect(clientOf({ peer: "198.51.100.23" }, {
		...options,
		visitorKey: "l"
	})).not.toBe(client);
	const [unknown] = build({ peer: "" }, options).hits;
	expect(unknown?.client).toBe(unknown?.visitor);
});
// test/contracts/hit/ways.test.ts
const TOKEN = { tokenAuth: "f".repeat(32) };
const CHATBOT = { "user-agent": "ChatGPT-User/1.0" };
const HTML = { "content-type": "text/html" };
const PDF = { "content-type": "application/pdf" };
/** Every way in which the application sets parameters. */
const waysOf = (parameters) => [
	["annotate", { calls: [["annotate", parameters]] }],
	["attributes of the span", { attributes: Object.fromEntries(Object.entries(parameters).map(([name, value]) => [`matomo.${name}`, String(value)])) }],
	[
		"routeDetails",
		{},
		{ routeDetails: { "/users/:id": parameters } }
	],
	["an event", { calls: [[
		"trackEvent",
		"a",
		"b",
		parameters
	]] }],
	["an event of a job", {
		isOutside: true,
		calls: [[
			"trackEvent",
			"a",
			"b",
			parameters
		]]
	}]
];
const BEFORE_SEND = "beforeSend";
const beforeSend = (parameters) => [
	BEFORE_SEND,
	{},
	{ beforeSend: (hit) => ({
		...hit,
		...parameters
	}) }
];
const sentBy = ([, facts, options], more = {}) => build(facts, {
	...TOKEN,
	...options,
	...more
}).hits.map(({ text }) => text).join("\n");
/** Each has what no hit may contain in a place that a rule of its own protects. */
const URLS = [
	"https://user:hidden@x.example/reset/hidDen45fG7hI9jK1lM3",
	"https://user:hidden@x.example/token/hidden1",
	"https://user:hidden@x.example/customer-hidden",
	"https://user:hidden@x.example/a?token=hidden",
	"https://x.example/a?next=%2Fb%3Fpassword%3Dhidden",
	"https://x.example/hidden@x.example?m=hidden%40x.example",
	`https://x.example/${"a/".repeat(600)}?b=${"hidden".repeat(9)}`
];
/** Every way in which a URL comes into a hit. */
function waysOfUrl(url) {
	const { pathname, search, host } = new URL(url);
	const to = {
		path: pathname,
		query: search.slice(1),
		route: "",
		headers: { host }
	};
	const chatbot = {
		...to,
		headers: {
			host,
			...CHATBOT
		}
	};
	const graphql = {
		...to,
		method: "POST",
		attributes: { "graphql.operation.name": "Q" }
	};
	return [
		["the URL of a request", to],
		[
			"the template of a path",
			to,
			{ urlPaths: "template" }
		],
		[
			"a GraphQL request",
			graphql,
			{ siteSearch: true }
		],
		["an AI chatbot", {
			...chatbot,
			responseHeaders: HTML
		}],
		[
			"an AI chatbot alone",
			{
				...chatbot,
				responseHeaders: HTML
			},
			{ pageViews: false }
		],
		["a document of an AI chatbot", {
			...chatbot,
			responseHeaders: PDF
		}],
		["a referrer", { headers: { referer: url } }],
		[
			"the origin of a referrer",
			{ headers: { referer: url } },
			{ privacy: "strict" }
		],
		[
			"dimensions",
			{
				headers: {
					referer: url,
					"x-url": url
				},
				attributes: { "app.url": url }
			},
			{ dimensions: {
				1: "http.request.header.referer",
				2: "http.request.header.x-url",
				3: "app.url"
			} }
		],
		[
			"dimensions of the URL",
			to,
			{ dimensions: {
				1: "url.full",
				2: "http.target"
			} }
		],
		...[
			"url",
			"urlref",
			"link",
			"download",
			"_ref"
		].flatMap((name) => waysOf({
			[name]: url,
			uid: "ada"
		}).map(([way, ...given]) => [`${name} of ${way}`, ...given]))
	];
}
test.each(waysOfUrl("https://x.example/").map(([way], i) => [way, i]))("a URL by %s is sent without what options hide", (_way, i) => {
	for (const url of URLS) {
		const sent = sentBy(waysOfUrl(url)[i], { redactPathPatterns: [/customer-\w+/] });
		expect(sent).toContain("rec=1");
		expect(decodeURIComponent(sent).toLowerCase(), url).not.toContain("hidden");
	}
});
const WAYS = [...waysOf({}), beforeSend({})].map(([way], i) => [way, i]);
const wayOf = (parameters, i) => [...waysOf(parameters), beforeSend(parameters)][i];
test.each(WAYS)("%s names no user that is nobody, and no invalid visitor", (_way, i) => {
	for (const uid of [
		"",
		" ",
		"0",
		"null",
		"Anonymous",
		"undefined",
		"0.0.0.0",
		"::"
	]) expect(sentBy(wayOf({
		uid,
		cid: "no ID"
	}, i)), uid).not.toMatch(/&uid=|no%20ID/);
	expect(sentBy(wayOf({ uid: "ada" }, i))).toContain("&uid=ada");
});
test.each(WAYS)("with privacy: strict, %s names no user", (_way, i) => {
	const sent = sentBy(wayOf({
		uid: "ada",
		cid: "abcdef0123456789"
	}, i), { privacy: "strict" });
	expect(sent).toContain("rec=1");
	expect(sent).not.toContain("ada");
});
test.each(WAYS)("%s sends an address as masked as that of the client", (_way, i) => {
	for (const [cip, masked] of [
		["198.51.100.23", "198.51.0.0"],
		["::ffff:198.51.100.23", "198.51.0.0"],
		["2001:db8:1:2:3:4:5:6", "2001:db8:1::"]
	]) {
		const of = (options) => {
			const sent = sentBy(wayOf({
				cip,
				uid: "ada",
				cid: "abcdef0123456789"
			}, i), options);
			return Array.from(sent.matchAll(/&cip=([^&\n]*)/g), ([, address]) => address).at(-1);
		};
		expect(of({})).toBe(cip);
		expect(of({ anonymizeIp: 2 })).toBe(masked);
		expect(of({ privacy: "strict" })).toBe("0.0.0.0");
	}
});
test("a value that cannot even be looked at, such as a revoked proxy, is left out and costs no hit", () => {
	const { proxy, revoke } = Proxy.revocable({}, {});
	revoke();
	const { hits, problems } = build({ calls: [["annotate", {
		search_cat: proxy,
		uid: "ann"
	}]] });
	expect(hits[0]?.parameters.uid).toBe("ann");
	expect(problems).toEqual(["parameter-invalid"]);
});
// .fast-hit.ts
const r = await runAll({ bail: process.env.NO_BAIL !== "1" });
console.log("RESULT " + JSON.stringify(r));
process.exit(r.failed.length ? 1 : 0);
export {};
