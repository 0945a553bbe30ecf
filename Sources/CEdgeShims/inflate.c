#include "EdgeInflate.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

// zlib.h's z_stream, which has not changed since 1995. inflateInit2_ compares its size with the
// library's and refuses another.
struct z_stream {
    const uint8_t *next_in;
    unsigned int avail_in;
    unsigned long total_in;
    uint8_t *next_out;
    unsigned int avail_out;
    unsigned long total_out;
    const char *msg;
    void *state;
    void *(*zalloc)(void *, unsigned int, unsigned int);
    void (*zfree)(void *, void *);
    void *opaque;
    int data_type;
    unsigned long adler;
    unsigned long reserved;
};

enum { Z_NO_FLUSH = 0, Z_OK = 0, Z_STREAM_END = 1, Z_BUF_ERROR = -5, GZIP_ONLY = 15 + 16 };

static struct {
    int (*inflateInit2_)(struct z_stream *, int, const char *, int);
    int (*inflate)(struct z_stream *, int);
    int (*inflateReset)(struct z_stream *);
    int (*inflateEnd)(struct z_stream *);
} zlib;

const char *edge_inflate_load(void) {
    static int is_loaded = 0;
    if (is_loaded) return NULL;
    void *library = dlopen("libz.so.1", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) return dlerror();
    // POSIX lets a function's address be stored so (dlsym(3)), C alone does not.
    void *found;
#define FIND(name) \
    found = dlsym(library, #name); \
    if (found == NULL) return dlerror(); \
    memcpy(&zlib.name, &found, sizeof found);
    FIND(inflateInit2_)
    FIND(inflate)
    FIND(inflateReset)
    FIND(inflateEnd)
#undef FIND
    is_loaded = 1;
    return NULL;
}

void *edge_inflate_open(void) {
    struct z_stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL) return NULL;
    // The version's first character is compared (zlib.h).
    if (zlib.inflateInit2_(stream, GZIP_ONLY, "1", (int)sizeof *stream) != Z_OK) {
        free(stream);
        return NULL;
    }
    return stream;
}

void edge_inflate_close(void *stream) {
    zlib.inflateEnd(stream);
    free(stream);
}

enum edge_inflate_result edge_inflate_step(void *opaque, const uint8_t *input, size_t input_count,
                                           uint8_t *output, size_t output_count, size_t *taken,
                                           size_t *put) {
    struct z_stream *stream = opaque;
    unsigned int in = input_count > UINT_MAX ? UINT_MAX : (unsigned int)input_count;
    unsigned int out = output_count > UINT_MAX ? UINT_MAX : (unsigned int)output_count;
    stream->next_in = input;
    stream->avail_in = in;
    stream->next_out = output;
    stream->avail_out = out;
    int code = zlib.inflate(stream, Z_NO_FLUSH);
    *taken = in - stream->avail_in;
    *put = out - stream->avail_out;
    if (code == Z_STREAM_END) {
        return zlib.inflateReset(stream) == Z_OK ? EDGE_INFLATE_END : EDGE_INFLATE_DAMAGED;
    }
    // Nothing to do is no error (zlib.h, inflate).
    return code == Z_OK || code == Z_BUF_ERROR ? EDGE_INFLATE_MORE : EDGE_INFLATE_DAMAGED;
}
