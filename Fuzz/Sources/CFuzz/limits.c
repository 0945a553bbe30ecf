#include "CFuzz.h"

#include <time.h>

// Signed: an input may free what lived before it.
static long long current;
static long long peak;

#ifdef FUZZ_PLAIN

// Without a sanitizer nobody calls hooks: the allocator itself is the place to count.
#include <errno.h>
#include <malloc.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *block);

static void *counted(void *block) {
    if (!block) return block;
    current += (long long)malloc_usable_size(block);
    if (current > peak) peak = current;
    return block;
}

static void discount(void *block) {
    if (block) current -= (long long)malloc_usable_size(block);
}

void *malloc(size_t size) { return counted(__libc_malloc(size)); }

void *calloc(size_t count, size_t size) { return counted(__libc_calloc(count, size)); }

void *realloc(void *block, size_t size) {
    long long before = block ? (long long)malloc_usable_size(block) : 0;
    void *moved = __libc_realloc(block, size);
    // A block that could not grow stays.
    if (moved || size == 0) current -= before;
    return counted(moved);
}

void *memalign(size_t alignment, size_t size) { return counted(__libc_memalign(alignment, size)); }

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **out, size_t alignment, size_t size) {
    void *block = memalign(alignment, size);
    if (!block) return ENOMEM;
    *out = block;
    return 0;
}

void free(void *block) {
    discount(block);
    __libc_free(block);
}

void fuzz_memory_start(void) {
    current = 0;
    peak = 0;
}

#else

// sanitizer/allocator_interface.h, which some packages of the toolchain leave out.
int __sanitizer_install_malloc_and_free_hooks(
    void (*malloc_hook)(const volatile void *, size_t),
    void (*free_hook)(const volatile void *));
size_t __sanitizer_get_allocated_size(const volatile void *block);

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

#endif

size_t fuzz_memory_peak(void) { return (size_t)peak; }

uint64_t fuzz_cpu_microseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}
