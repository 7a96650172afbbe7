// The sums of S3's protocol by libcrypto, which is loaded when it is first used (see CCurl).
#ifndef CCRYPTO_H
#define CCRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Any thread. NULL, or why libcrypto cannot be used.
const char *ccrypto_load(void);

/// 32 bytes; false where libcrypto cannot.
bool ccrypto_sha256(const uint8_t *bytes, size_t count, uint8_t *result);
/// 16 bytes; false where libcrypto has none, as one that keeps to FIPS.
bool ccrypto_md5(const uint8_t *bytes, size_t count, uint8_t *result);
/// HMAC with SHA-256 (RFC 2104), 32 bytes.
bool ccrypto_hmac(const uint8_t *key, size_t key_count, const uint8_t *bytes, size_t count, uint8_t *result);

#endif
