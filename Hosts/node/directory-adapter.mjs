// An adapter that keeps each value in a file: exec:"node persist-adapter.mjs ./directory-adapter.mjs ./values".
//
// The key `kv/theme` is the file `kv/theme=`; a name in a directory never has `=`, so that a key may be the beginning
// of another: names may have 254 bytes. The first byte tells JSON from bytes. A put is durable when it is answered: the new file and the new
// name are synced, and rename(2) replaces the old one as a whole.

import { promises as fs } from "node:fs"
import path from "node:path"

export const documents = "text"

const json = Buffer.from("j")
const bytes = Buffer.from("b")

export default class DirectoryAdapter {
    #root
    #count = 0

    constructor(root) {
        this.#root = path.resolve(root)
    }

    async get(key) {
        try {
            return decode(await fs.readFile(this.#file(key)))
        } catch (error) {
            if (error.code === "ENOENT") return undefined
            throw error
        }
    }

    async put(key, value) {
        const file = this.#file(key)
        const directory = path.dirname(file)
        const temporary = path.join(this.#root, `new-${process.pid}-${this.#count++}`)
        await this.#makeDirectory(directory)
        const handle = await fs.open(temporary, "w")
        try {
            await handle.writeFile(Buffer.concat(typeof value === "string" ? [json, Buffer.from(value)] : [bytes, value]))
            await handle.sync()
        } finally {
            await handle.close()
        }
        await fs.rename(temporary, file)
        await sync(directory)
    }

    async delete(key) {
        const file = this.#file(key)
        await fs.rm(file, { force: true })
        await sync(path.dirname(file)).catch((error) => {
            if (error.code !== "ENOENT") throw error
        })
    }

    async *list(prefix) {
        const keys = []
        for (const file of await fs.readdir(this.#root, { recursive: true }).catch(() => [])) {
            if (!file.endsWith("=")) continue
            const key = file.slice(0, -1).split(path.sep).map(decodeName).join("/")
            if (key.startsWith(prefix)) keys.push(key)
        }
        for (const key of keys.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))) {
            const value = await this.get(key)
            if (value !== undefined) yield { key, value }
        }
    }

    #file(key) {
        return path.join(this.#root, ...key.split("/").map(encodeName)) + "="
    }

    async #makeDirectory(directory) {
        const first = await fs.mkdir(directory, { recursive: true })
        if (first === undefined) return
        for (let made = directory; made.length >= first.length; made = path.dirname(made)) await sync(path.dirname(made))
    }
}

function decode(content) {
    const value = content.subarray(1)
    return content[0] === json[0] ? value.toString("utf8") : value
}

async function sync(directory) {
    const handle = await fs.open(directory)
    try {
        await handle.sync()
    } finally {
        await handle.close()
    }
}

function encodeName(name) {
    if (name === "") return "%"
    return encodeURIComponent(name).replace(/^\.{1,2}$/, (dots) => "%2E".repeat(dots.length))
}

function decodeName(name) {
    return name === "%" ? "" : decodeURIComponent(name)
}
