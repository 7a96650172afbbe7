// Tells ThreadSanitizer what the contended half of Swift's Mutex does.
//
// The uncontended half is inlined into our code, where the sanitizer sees it. The other lies in
// libswiftSynchronization, which is not built for it: without this, whatever a contended Mutex guards is reported as a
// race. Preloaded; the two functions are called instead of the library's, and call those.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>

#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"
#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context)) void *

static void tell(const char *event, void *mutex) {
    void (*told)(void *) = (void (*)(void *))dlsym(RTLD_DEFAULT, event);
    if (told) told(mutex);
}

SWIFT void lock_slow(uint32_t thread, SELF mutex) __asm__(LOCK);
SWIFT void lock_slow(uint32_t thread, SELF mutex) {
    ((SWIFT void (*)(uint32_t, SELF))dlsym(RTLD_NEXT, LOCK))(thread, mutex);
    tell("__tsan_acquire", mutex);
}

SWIFT void unlock_slow(SELF mutex) __asm__(UNLOCK);
SWIFT void unlock_slow(SELF mutex) {
    tell("__tsan_release", mutex);
    ((SWIFT void (*)(SELF))dlsym(RTLD_NEXT, UNLOCK))(mutex);
}
