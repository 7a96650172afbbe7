#include "ccurl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

// Its name has been the same since 2006.
static const char library[] = "libcurl.so.4";

#define FUNCTIONS(each)                                                                                                \
    each(curl_global_init) each(curl_easy_init) each(curl_easy_reset) each(curl_easy_cleanup)                          \
    each(curl_easy_strerror) each(curl_easy_setopt) each(curl_easy_getinfo) each(curl_multi_init)                      \
    each(curl_multi_add_handle) each(curl_multi_remove_handle) each(curl_multi_perform) each(curl_multi_poll)          \
    each(curl_multi_wakeup) each(curl_multi_info_read) each(curl_multi_cleanup) each(curl_multi_setopt)                \
    each(curl_slist_append) each(curl_slist_free_all)

#define POINTER(name) __typeof__(name) *name;
static struct { FUNCTIONS(POINTER) } curl;

static char problem[256];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void) {
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        snprintf(problem, sizeof problem, "%s", dlerror());
        return;
    }
#define LOAD(name)                                                                                                     \
    curl.name = (__typeof__(name) *)dlsym(handle, #name);                                                              \
    if (!curl.name) {                                                                                                  \
        snprintf(problem, sizeof problem, "%s has no %s", library, #name);                                             \
        return;                                                                                                        \
    }
    FUNCTIONS(LOAD)
    // Not thread-safe in all versions: here it is called once.
    if (curl.curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        snprintf(problem, sizeof problem, "%s cannot be initialised", library);
}

const char *ccurl_load(void) {
    pthread_once(&once, load);
    return problem[0] ? problem : NULL;
}

CURL *ccurl_easy_init(void) { return curl.curl_easy_init(); }
void ccurl_easy_reset(CURL *easy) { curl.curl_easy_reset(easy); }
void ccurl_easy_cleanup(CURL *easy) { curl.curl_easy_cleanup(easy); }
const char *ccurl_easy_strerror(CURLcode code) { return curl.curl_easy_strerror(code); }

CURLM *ccurl_multi_init(void) { return curl.curl_multi_init(); }
CURLMcode ccurl_multi_add_handle(CURLM *multi, CURL *easy) { return curl.curl_multi_add_handle(multi, easy); }
CURLMcode ccurl_multi_remove_handle(CURLM *multi, CURL *easy) { return curl.curl_multi_remove_handle(multi, easy); }
CURLMcode ccurl_multi_perform(CURLM *multi, int *running) { return curl.curl_multi_perform(multi, running); }
CURLMcode ccurl_multi_poll(CURLM *multi, int milliseconds) {
    return curl.curl_multi_poll(multi, NULL, 0, milliseconds, NULL);
}
CURLMcode ccurl_multi_wakeup(CURLM *multi) { return curl.curl_multi_wakeup(multi); }
CURLMsg *ccurl_multi_info_read(CURLM *multi, int *left) { return curl.curl_multi_info_read(multi, left); }
CURLMcode ccurl_multi_cleanup(CURLM *multi) { return curl.curl_multi_cleanup(multi); }
CURLMcode ccurl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
    return curl.curl_multi_setopt(multi, option, value);
}

struct curl_slist *ccurl_slist_append(struct curl_slist *list, const char *line) {
    return curl.curl_slist_append(list, line);
}
void ccurl_slist_free_all(struct curl_slist *list) { curl.curl_slist_free_all(list); }

CURLcode ccurl_set_string(CURL *easy, CURLoption option, const char *value) {
    return curl.curl_easy_setopt(easy, option, value);
}
CURLcode ccurl_set_long(CURL *easy, CURLoption option, long value) {
    return curl.curl_easy_setopt(easy, option, value);
}
CURLcode ccurl_set_size(CURL *easy, CURLoption option, curl_off_t value) {
    return curl.curl_easy_setopt(easy, option, value);
}
CURLcode ccurl_set_pointer(CURL *easy, CURLoption option, void *value) {
    return curl.curl_easy_setopt(easy, option, value);
}
CURLcode ccurl_set_list(CURL *easy, CURLoption option, struct curl_slist *value) {
    return curl.curl_easy_setopt(easy, option, value);
}
CURLcode ccurl_set_transfer(CURL *easy, CURLoption option, ccurl_transfer function) {
    return curl.curl_easy_setopt(easy, option, function);
}
CURLcode ccurl_set_seek(CURL *easy, int (*function)(void *context, curl_off_t offset, int origin)) {
    return curl.curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, function);
}
CURLcode ccurl_get_long(CURL *easy, CURLINFO info, long *value) { return curl.curl_easy_getinfo(easy, info, value); }
