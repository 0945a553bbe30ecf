// HTTP by libcurl, which is loaded by the first use: an agent that fetches no images does not pay
// for it, and its binary does not name it.
#ifndef EDGECURL_H
#define EDGECURL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// NULL, or why libcurl cannot be loaded. To be called, with success, before all else here, from one
// thread at a time.
const char *edge_curl_load(void);

// A line of a response's head, with its line end; and a piece of its body, with the response's
// status. A piece that is refused with false ends the transfer.
struct edge_curl_sink {
    void *context;
    void (*on_header)(void *context, const uint8_t *bytes, size_t count);
    bool (*on_body)(void *context, long status, const uint8_t *bytes, size_t count);
};

// One GET. `headers` ends with NULL.
struct edge_curl_request {
    const char *url;
    const char *const *headers;
    // PEM of the only authorities that are believed, or NULL for the system's.
    const uint8_t *authority;
    size_t authority_count;
    // `sha256//` and base 64 of the server's key, or NULL.
    const char *pin;
    long connect_seconds;
    // A transfer slower than a byte a second for so long is broken off.
    long stall_seconds;
};

// Connections are kept from one request to the next. NULL where there is no memory.
void *edge_curl_open(void);
void edge_curl_close(void *handle);

// Why it failed, or NULL; `status` is the response's. `is_trust` is set where the server is not the
// one it should be. Redirects are not followed.
const char *edge_curl_get(void *handle, const struct edge_curl_request *request,
                          const struct edge_curl_sink *sink, long *status, bool *is_trust);

#endif
