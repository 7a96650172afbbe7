// The smallest adapter: values in memory, gone when the mount ends.
// Mount exec:"node persist-adapter.mjs ./memory-adapter.mjs".

export default class MemoryAdapter {
    values = new Map()

    async get(key) {
        return this.values.get(key)
    }

    async put(key, value) {
        this.values.set(key, value)
    }

    async delete(key) {
        this.values.delete(key)
    }

    async *list(prefix) {
        const keys = [...this.values.keys()].filter((key) => key.startsWith(prefix))
        for (const key of keys.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))) {
            if (this.values.has(key)) yield { key, value: this.values.get(key) }
        }
    }
}
