#!/usr/bin/env node
// Adapters of persistfs in JavaScript: node persist-adapter.mjs ./my-adapter.mjs [ARGUMENT...]
//
// The module needs to know nothing of this file. Its default export is an object, a class or a function that makes
// one (from the arguments), with four methods that may return promises:
//
//     export default class Memory {
//         values = new Map()
//         get(key) { return this.values.get(key) }
//         put(key, value) { this.values.set(key, value) }
//         delete(key) { this.values.delete(key) }
//         async *list(prefix) {
//             for (const [key, value] of this.values) if (key.startsWith(prefix)) yield { key, value }
//         }
//     }
//
// Mount exec:"node persist-adapter.mjs ./memory.mjs". Node 18 or later, no packages.
//
// Keys are strings (records/users/alice, kv/theme, blobs/photos/cat.jpg, events/orders/…, .persist/…): keep any of
// them, and take none apart. Values are Uint8Array, or what JSON.parse gives. get gives undefined or null for what is
// not there; so the document null is refused. list gives { key, value }, as an async or other iterable or a promise
// of one, in the order of the keys' UTF-8 bytes (Buffer.compare; JavaScript's own < is that of UTF-16).
// An entry of list that cannot be sent (no JSON, larger than 64 MiB) is left out, and logged; undefined means nothing.
// put must be durable when its promise is fulfilled, and replace a value as a whole. Calls overlap.
//
// Numbers become those of JavaScript. A document with one that those cannot hold (12345678901234567890, 1e400) is
// refused, loudly, rather than kept wrong; 1.0 becomes 1. A module that exports documents = "text" gets and gives
// the JSON text of values, in strings: nothing is parsed, refused or lost.
//
// Errors: one with the name Unavailable, the code -32001 or one of the network (ECONNREFUSED, ETIMEDOUT, …) may be
// well later, and is tried again. Any other is final; its message is shown to the user. What the module prints goes
// to the log of the mount.

import { Console } from "node:console"
import { once } from "node:events"
import path from "node:path"
import { setImmediate } from "node:timers/promises"
import { pathToFileURL } from "node:url"

const networkCodes = new Set([
    "EAI_AGAIN", "ECONNABORTED", "ECONNREFUSED", "ECONNRESET", "EHOSTUNREACH", "ENETDOWN", "ENETUNREACH", "ENOTFOUND",
    "EPIPE", "ETIMEDOUT", "UND_ERR_CONNECT_TIMEOUT", "UND_ERR_HEADERS_TIMEOUT", "UND_ERR_SOCKET",
])

// Whatever else the program prints must not get between the answers.
const output = process.stdout
const writeOutput = output.write.bind(output)
output.write = process.stderr.write.bind(process.stderr)
globalThis.console = new Console(process.stderr, process.stderr)
output.on("error", () => process.exit(0))

async function write(line) {
    if (!writeOutput(line)) await once(output, "drain")
}

async function load(file, parameters) {
    const module = await import(pathToFileURL(path.resolve(file)).href)
    let adapter = module.default
    if (typeof adapter === "function" && typeof adapter.get !== "function") {
        const isClass =
            /^class\b/.test(Function.prototype.toString.call(adapter)) || typeof adapter.prototype?.get === "function"
        adapter = isClass ? new adapter(...parameters) : await adapter(...parameters)
    }
    for (const method of ["get", "put", "delete", "list"]) {
        if (typeof adapter?.[method] !== "function") throw new TypeError(`${file}: the default export has no ${method}`)
    }
    return { adapter, isText: module.documents === "text" }
}

// --- values

/// The JSON text of the member of an object in `text`, which is valid, from `at` on.
function cut(text, at, name) {
    at = text.indexOf("{", at) + 1
    for (;;) {
        const key = end(text, skipSpace(text, at))
        const start = skipSpace(text, text.indexOf(":", key) + 1)
        const stop = end(text, start)
        if (JSON.parse(text.slice(skipSpace(text, at), key)) === name) return [start, stop]
        at = skipSpace(text, stop) + 1
    }
}

function skipSpace(text, at) {
    while (" \t\r\n".includes(text[at])) at++
    return at
}

/// Where the value ends that begins at `at`.
function end(text, at) {
    let depth = 0
    for (;;) {
        switch (text[at]) {
            case '"':
                for (at++; text[at] !== '"'; at++) if (text[at] === "\\") at++
                break
            case "{":
            case "[":
                depth++
                break
            case "}":
            case "]":
                depth--
                break
            default:
                if (depth === 0) {
                    while (at < text.length && !",:}] \t\r\n".includes(text[at])) at++
                    return at
                }
        }
        at++
        if (depth === 0) return at
    }
}

/// A number of JSON as digits and a power of ten, so that equal numbers are equal texts.
function canonical(number) {
    const [, sign, whole, fraction = "", exponent = "0"] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([-+]?\d+))?$/.exec(number)
    const digits = (whole + fraction).replace(/^0+/, "")
    const short = digits.replace(/0+$/, "")
    if (short === "") return "0"
    return sign + short + "e" + (BigInt(exponent) - BigInt(fraction.length) + BigInt(digits.length - short.length))
}

/// Refuses numbers that are not the same in JavaScript.
function checkNumbers(text) {
    for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g)) {
        if (token[0] === '"' || (token.length < 16 && !/[eE]/.test(token))) continue
        const number = Number(token)
        if (!Number.isFinite(number) || canonical(String(number)) !== canonical(token)) {
            throw new RangeError(`the number ${token} cannot be kept by this adapter: JavaScript would make it ${number}`)
        }
    }
}

function parseValue(parameters, line, isText) {
    if (parameters.bytes !== undefined) return new Uint8Array(Buffer.from(parameters.bytes, "base64"))
    const [start, stop] = cut(line, cut(line, 0, "params")[0], "value")
    const text = line.slice(start, stop)
    if (isText) return text
    if (parameters.value === null) throw new TypeError("this adapter cannot keep the document null: it means no value")
    if (typeof parameters.value !== "string") checkNumbers(text)
    return parameters.value
}

const valueBytesMax = 64 << 20

function isJSON(text) {
    try {
        JSON.parse(text)
        return !isDeep(text)
    } catch {
        return false
    }
}

/// Whether valid JSON nests deeper than any document may.
function isDeep(text) {
    let depth = 0
    for (let at = 0; at < text.length; at++) {
        switch (text[at]) {
            case '"':
                for (at++; text[at] !== '"'; at++) if (text[at] === "\\") at++
                break
            case "{":
            case "[":
                if (++depth > 512) return true
                break
            case "}":
            case "]":
                depth--
        }
    }
    return false
}

function bounded(size) {
    if (size > valueBytesMax) throw new RangeError(`a value of ${size} bytes: the most are ${valueBytesMax}`)
}

/// The key and value of a list's entry; undefined where there is nothing to show.
function item(entry, isText) {
    try {
        const { key, value } = entry
        if (typeof key !== "string") throw new TypeError("a key is no string")
        if (value === undefined || value === null) return undefined
        return `"key":${JSON.stringify(key)},${member(value, isText)}`
    } catch (error) {
        // One that cannot be sent must not keep all others from being seen.
        console.error(`left out of the list: ${String(entry?.key).slice(0, 200)}: ${error?.message}`)
        return undefined
    }
}

function member(value, isText) {
    if (ArrayBuffer.isView(value)) {
        bounded(value.byteLength)
        return '"bytes":"' + Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64") + '"'
    }
    if (value instanceof ArrayBuffer) return member(new Uint8Array(value))
    if (isText) {
        if (typeof value !== "string") throw new TypeError(`${typeof value} is no text of JSON, nor bytes`)
        bounded(value.length)
        // What somebody has put there that is no JSON must spoil no line: as bytes it is refused by itself.
        if (!isJSON(value)) return member(Buffer.from(value), isText)
        return '"value":' + value.replace(/[\r\n]/g, " ")
    }
    const text = JSON.stringify(value)
    if (text === undefined) throw new TypeError(`${typeof value} is no JSON`)
    bounded(text.length)
    if (isDeep(text)) throw new RangeError("it is nested more than 512 deep")
    return '"value":' + text
}

// --- requests

async function answer({ adapter, isText }, line) {
    let id = null
    try {
        const request = JSON.parse(line)
        id = request.id
        const { key, prefix } = request.params
        let result = "true"
        switch (request.method) {
            case "get": {
                const value = await adapter.get(key)
                result = value === undefined || value === null ? "null" : "{" + member(value, isText) + "}"
                break
            }
            case "put":
                await adapter.put(key, parseValue(request.params, line, isText))
                break
            case "delete":
                await adapter.delete(key)
                break
            case "list":
                let count = 0
                for await (const entry of await adapter.list(prefix)) {
                    // A module that waits for nothing would else keep other requests from being read.
                    if (++count % 64 === 0) await setImmediate()
                    const members = item(entry, isText)
                    if (members === undefined) continue
                    await write(`{"jsonrpc":"2.0","method":"item","params":{"id":${id},${members}}}\n`)
                }
                break
            default:
                throw new TypeError(`no such method: ${request.method}`)
        }
        await write(`{"jsonrpc":"2.0","id":${id},"result":${result}}\n`)
    } catch (error) {
        const cause = error?.cause ?? error
        const isUnavailable =
            error?.name === "Unavailable" || error?.code === -32001 || networkCodes.has(error?.code) ||
            networkCodes.has(cause?.code)
        if (!isUnavailable) console.error(error)
        const failure = { code: isUnavailable ? -32001 : -32000, message: String(error?.message || error) }
        await write(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"error":${JSON.stringify(failure)}}\n`)
    }
}

const [file, ...parameters] = process.argv.slice(2)
if (file === undefined) {
    console.error("usage: node persist-adapter.mjs ./my-adapter.mjs [ARGUMENT...]")
    process.exit(2)
}
const hosted = await load(file, parameters)
const pending = new Set()
let parts = []
for await (const part of process.stdin) {
    let start = 0
    // readline would take U+2028 for the end of a line.
    for (let end; (end = part.indexOf(10, start)) >= 0; start = end + 1) {
        parts.push(part.subarray(start, end))
        const call = answer(hosted, Buffer.concat(parts).toString("utf8"))
        parts = []
        pending.add(call)
        call.finally(() => pending.delete(call))
    }
    if (start < part.length) parts.push(part.subarray(start))
}
// A line without its newline was cut off: nobody waits for its answer.
await Promise.allSettled(pending)
process.exit(0)
