// gzip (RFC 1952) by zlib, which is loaded by the first use.
#ifndef EDGEINFLATE_H
#define EDGEINFLATE_H

#include <stddef.h>
#include <stdint.h>

// NULL, or why zlib cannot be loaded. To be called, with success, before all else here, from one
// thread at a time.
const char *edge_inflate_load(void);

// A decompressor of one gzip member after another; NULL where there is no memory.
void *edge_inflate_open(void);
void edge_inflate_close(void *stream);

enum edge_inflate_result { EDGE_INFLATE_MORE, EDGE_INFLATE_END, EDGE_INFLATE_DAMAGED };

// One step: takes from `input` and puts into `output`, and says how much of both. END is the end of
// a member, after which another may begin.
enum edge_inflate_result edge_inflate_step(void *stream, const uint8_t *input, size_t input_count,
                                           uint8_t *output, size_t output_count, size_t *taken,
                                           size_t *put);

#endif
