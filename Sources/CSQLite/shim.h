#ifndef CSQLITE_SHIM_H
#define CSQLITE_SHIM_H

#include <sqlite3.h>

/// SQLite then counts no memory, for which each allocation would take a lock of the whole process. Variadic in C, which
/// Swift cannot call. Before the first connection; else it does nothing.
static inline void csqlite_count_no_memory(void) { sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); }

/// Of memory that other processes write.
static inline unsigned int csqlite_load_u32(const void *address) {
    return __atomic_load_n((const unsigned int *)address, __ATOMIC_ACQUIRE);
}

#endif
