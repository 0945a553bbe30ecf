// What one input takes: memory, by the hooks of the address sanitizer's allocator, and CPU time.
// And libFuzzer's own mutations.
#ifndef CFUZZ_H
#define CFUZZ_H

#include <stddef.h>
#include <stdint.h>

/// Starts to count: from here on bytes are counted against the blocks that live now.
void fuzz_memory_start(void);

/// The most bytes that lived at once since the start, beyond those that lived at it.
size_t fuzz_memory_peak(void);

/// CPU time of the process.
uint64_t fuzz_cpu_microseconds(void);

/// Changes a few bytes in place; the new count. For custom mutators, by libFuzzer.
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

#endif
