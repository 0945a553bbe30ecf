#include "EdgeCurl.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

// What of curl/curl.h is used. Its numbers are its ABI: "never change" (curl/curl.h, CURLOPT).
enum {
    OPT_LOW_SPEED_LIMIT = 19,
    OPT_LOW_SPEED_TIME = 20,
    OPT_CONNECTTIMEOUT = 78,
    OPT_HTTP_VERSION = 84,
    OPT_NOSIGNAL = 99,
    OPT_PROTOCOLS = 181,
    OPT_WRITEDATA = 10001,
    OPT_URL = 10002,
    OPT_ERRORBUFFER = 10010,
    OPT_HTTPHEADER = 10023,
    OPT_HEADERDATA = 10029,
    OPT_PINNEDPUBLICKEY = 10230,
    OPT_WRITEFUNCTION = 20011,
    OPT_HEADERFUNCTION = 20079,
    OPT_CAINFO_BLOB = 40309,
    PROTOCOL_HTTP_AND_HTTPS = 1 | 2,
    HTTP_VERSION_1_1 = 2,
    INFO_RESPONSE_CODE = 0x200000 + 2,
    ERROR_BYTES = 256,
    CODE_OK = 0,
    CODE_PEER_FAILED_VERIFICATION = 60,
    CODE_SSL_PINNEDPUBKEYNOTMATCH = 90,
};

struct curl_blob {
    void *data;
    size_t length;
    unsigned int flags;
};

static struct {
    int (*curl_global_init)(long);
    void *(*curl_easy_init)(void);
    void (*curl_easy_cleanup)(void *);
    void (*curl_easy_reset)(void *);
    int (*curl_easy_setopt)(void *, int, ...);
    int (*curl_easy_perform)(void *);
    int (*curl_easy_getinfo)(void *, int, ...);
    const char *(*curl_easy_strerror)(int);
    void *(*curl_slist_append)(void *, const char *);
    void (*curl_slist_free_all)(void *);
} curl;

struct handle {
    void *easy;
    const struct edge_curl_sink *sink;
    char error[ERROR_BYTES];
};

const char *edge_curl_load(void) {
    static bool is_loaded = false;
    if (is_loaded) return NULL;
    // Debian has it with OpenSSL, which the agent has for its identity, and with GnuTLS.
    void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) library = dlopen("libcurl-gnutls.so.4", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) return dlerror();
    void *found;
#define FIND(name) \
    found = dlsym(library, #name); \
    if (found == NULL) return dlerror(); \
    memcpy(&curl.name, &found, sizeof found);
    FIND(curl_global_init)
    FIND(curl_easy_init)
    FIND(curl_easy_cleanup)
    FIND(curl_easy_reset)
    FIND(curl_easy_setopt)
    FIND(curl_easy_perform)
    FIND(curl_easy_getinfo)
    FIND(curl_easy_strerror)
    FIND(curl_slist_append)
    FIND(curl_slist_free_all)
#undef FIND
    // CURL_GLOBAL_ALL.
    if (curl.curl_global_init(3) != CODE_OK) return "curl_global_init failed";
    is_loaded = true;
    return NULL;
}

void *edge_curl_open(void) {
    struct handle *handle = calloc(1, sizeof *handle);
    if (handle == NULL) return NULL;
    handle->easy = curl.curl_easy_init();
    if (handle->easy == NULL) {
        free(handle);
        return NULL;
    }
    return handle;
}

void edge_curl_close(void *opaque) {
    struct handle *handle = opaque;
    curl.curl_easy_cleanup(handle->easy);
    free(handle);
}

static size_t on_header(char *bytes, size_t size, size_t count, void *opaque) {
    struct handle *handle = opaque;
    handle->sink->on_header(handle->sink->context, (const uint8_t *)bytes, size * count);
    return size * count;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *opaque) {
    struct handle *handle = opaque;
    long status = 0;
    curl.curl_easy_getinfo(handle->easy, INFO_RESPONSE_CODE, &status);
    bool goes_on = handle->sink->on_body(handle->sink->context, status, (const uint8_t *)bytes,
                                         size * count);
    // Another number than was given ends the transfer (CURLOPT_WRITEFUNCTION(3)).
    return goes_on ? size * count : 0;
}

const char *edge_curl_get(void *opaque, const struct edge_curl_request *request,
                          const struct edge_curl_sink *sink, long *status, bool *is_trust) {
    struct handle *handle = opaque;
    void *easy = handle->easy;
    handle->sink = sink;
    handle->error[0] = '\0';
    *status = 0;
    *is_trust = false;
    curl.curl_easy_reset(easy);
    void *headers = NULL;
    for (size_t index = 0; request->headers[index] != NULL; index++) {
        void *longer = curl.curl_slist_append(headers, request->headers[index]);
        if (longer == NULL) {
            curl.curl_slist_free_all(headers);
            return "out of memory";
        }
        headers = longer;
    }
    // CURL_BLOB_NOCOPY: it outlives the call.
    struct curl_blob authority = {(void *)(uintptr_t)request->authority, request->authority_count,
                                  0};
    int code = CODE_OK;
#define SET(option, value) \
    if (code == CODE_OK) code = curl.curl_easy_setopt(easy, option, value)
    SET(OPT_ERRORBUFFER, handle->error);
    SET(OPT_URL, request->url);
    SET(OPT_HTTPHEADER, headers);
    SET(OPT_PROTOCOLS, (long)PROTOCOL_HTTP_AND_HTTPS);
    // One stream: of HTTP 2 there is only its memory to be had here.
    SET(OPT_HTTP_VERSION, (long)HTTP_VERSION_1_1);
    SET(OPT_NOSIGNAL, 1L);
    SET(OPT_CONNECTTIMEOUT, request->connect_seconds);
    SET(OPT_LOW_SPEED_LIMIT, 1L);
    SET(OPT_LOW_SPEED_TIME, request->stall_seconds);
    SET(OPT_HEADERFUNCTION, on_header);
    SET(OPT_HEADERDATA, handle);
    SET(OPT_WRITEFUNCTION, on_body);
    SET(OPT_WRITEDATA, handle);
    if (request->authority != NULL) SET(OPT_CAINFO_BLOB, &authority);
    if (request->pin != NULL) SET(OPT_PINNEDPUBLICKEY, request->pin);
#undef SET
    if (code == CODE_OK) code = curl.curl_easy_perform(easy);
    curl.curl_easy_getinfo(easy, INFO_RESPONSE_CODE, status);
    // It keeps no pointer to what goes away now.
    curl.curl_easy_setopt(easy, OPT_HTTPHEADER, NULL);
    curl.curl_slist_free_all(headers);
    if (code == CODE_OK) return NULL;
    *is_trust = code == CODE_PEER_FAILED_VERIFICATION || code == CODE_SSL_PINNEDPUBKEYNOTMATCH;
    return handle->error[0] != '\0' ? handle->error : curl.curl_easy_strerror(code);
}
