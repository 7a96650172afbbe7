// libcurl, loaded when it is first used: linked, it and the 29 libraries behind it would cost every start of the command
// 12 ms. curl_easy_setopt and its kin are variadic, which Swift cannot call: one function for each type of argument.
#ifndef CCURL_H
#define CCURL_H

// Macros that check types, in the way of what is done here.
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#include <stddef.h>

/// Before anything else here; any thread. NULL, or why libcurl cannot be used.
const char *ccurl_load(void);

CURL *ccurl_easy_init(void);
void ccurl_easy_reset(CURL *easy);
void ccurl_easy_cleanup(CURL *easy);
const char *ccurl_easy_strerror(CURLcode code);

CURLM *ccurl_multi_init(void);
CURLMcode ccurl_multi_add_handle(CURLM *multi, CURL *easy);
CURLMcode ccurl_multi_remove_handle(CURLM *multi, CURL *easy);
CURLMcode ccurl_multi_perform(CURLM *multi, int *running);
CURLMcode ccurl_multi_poll(CURLM *multi, int milliseconds);
CURLMcode ccurl_multi_wakeup(CURLM *multi);
CURLMsg *ccurl_multi_info_read(CURLM *multi, int *left);
CURLMcode ccurl_multi_cleanup(CURLM *multi);
CURLMcode ccurl_multi_set_long(CURLM *multi, CURLMoption option, long value);

struct curl_slist *ccurl_slist_append(struct curl_slist *list, const char *line);
void ccurl_slist_free_all(struct curl_slist *list);

typedef size_t (*ccurl_transfer)(char *bytes, size_t size, size_t count, void *context);

CURLcode ccurl_set_string(CURL *easy, CURLoption option, const char *value);
CURLcode ccurl_set_long(CURL *easy, CURLoption option, long value);
CURLcode ccurl_set_size(CURL *easy, CURLoption option, curl_off_t value);
CURLcode ccurl_set_pointer(CURL *easy, CURLoption option, void *value);
CURLcode ccurl_set_list(CURL *easy, CURLoption option, struct curl_slist *value);
/// CURLOPT_WRITEFUNCTION, CURLOPT_HEADERFUNCTION, CURLOPT_READFUNCTION.
CURLcode ccurl_set_transfer(CURL *easy, CURLoption option, ccurl_transfer function);
CURLcode ccurl_set_seek(CURL *easy, int (*function)(void *context, curl_off_t offset, int origin));
CURLcode ccurl_get_long(CURL *easy, CURLINFO info, long *value);

/// Of a message of CURLMSG_DONE: the member of a union.
static inline CURLcode ccurl_result(const CURLMsg *message) { return message->data.result; }

#endif
