#include "CFuzz.h"

#include <time.h>

// sanitizer/allocator_interface.h, which some packages of the toolchain leave out.
int __sanitizer_install_malloc_and_free_hooks(
    void (*malloc_hook)(const volatile void *, size_t),
    void (*free_hook)(const volatile void *));
size_t __sanitizer_get_allocated_size(const volatile void *block);

// Signed: an input may free what lived before it.
static long long current;
static long long peak;

static void on_malloc(const volatile void *block, size_t size) {
    (void)block;
    current += (long long)size;
    if (current > peak) peak = current;
}

static void on_free(const volatile void *block) {
    if (block) current -= (long long)__sanitizer_get_allocated_size(block);
}

void fuzz_memory_start(void) {
    static int is_installed;
    if (!is_installed) {
        is_installed = 1;
        __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
    }
    current = 0;
    peak = 0;
}

size_t fuzz_memory_peak(void) { return (size_t)peak; }

uint64_t fuzz_cpu_microseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}
