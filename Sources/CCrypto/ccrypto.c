#include "ccrypto.h"

#include <dlfcn.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/opensslv.h>
#include <pthread.h>
#include <stdio.h>

// That of the headers: functions differ between versions.
#ifdef OPENSSL_SHLIB_VERSION
#define TEXT(number) #number
#define NAME(number) "libcrypto.so." TEXT(number)
static const char library[] = NAME(OPENSSL_SHLIB_VERSION);
#else
static const char library[] = "libcrypto.so." SHLIB_VERSION_NUMBER;
#endif

#define FUNCTIONS(each) each(EVP_sha256) each(EVP_md5) each(EVP_Digest) each(HMAC)

#define POINTER(name) __typeof__(name) *name;
static struct { FUNCTIONS(POINTER) } crypto;

static char problem[256];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void) {
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        snprintf(problem, sizeof problem, "%s", dlerror());
        return;
    }
#define LOAD(name)                                                                                                     \
    crypto.name = (__typeof__(name) *)dlsym(handle, #name);                                                            \
    if (!crypto.name) {                                                                                                \
        snprintf(problem, sizeof problem, "%s has no %s", library, #name);                                             \
        return;                                                                                                        \
    }
    FUNCTIONS(LOAD)
}

const char *ccrypto_load(void) {
    pthread_once(&once, load);
    return problem[0] ? problem : NULL;
}

bool ccrypto_sha256(const uint8_t *bytes, size_t count, uint8_t *result) {
    return !ccrypto_load() && crypto.EVP_Digest(bytes, count, result, NULL, crypto.EVP_sha256(), NULL) == 1;
}

bool ccrypto_md5(const uint8_t *bytes, size_t count, uint8_t *result) {
    return !ccrypto_load() && crypto.EVP_Digest(bytes, count, result, NULL, crypto.EVP_md5(), NULL) == 1;
}

bool ccrypto_hmac(const uint8_t *key, size_t key_count, const uint8_t *bytes, size_t count, uint8_t *result) {
    return !ccrypto_load()
        && crypto.HMAC(crypto.EVP_sha256(), key, (int)key_count, bytes, count, result, NULL) != NULL;
}
