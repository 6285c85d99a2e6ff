// Memory, threads, and which instruction set to use.

#include "core.h"
#include "sums.h"

#include <pthread.h>

namespace kw {

// ---------------------------------------------------------------- memory

static constexpr size_t HEADER = 64;

#if defined(_WIN32)
#include <malloc.h>
static void *aligned(size_t bytes) { return _aligned_malloc(bytes, 64); }
static void release(void *p) { _aligned_free(p); }
#else
#if defined(__linux__)
} // namespace kw
#include <sys/mman.h>
namespace kw {
#endif
static void *aligned(size_t bytes) {
    // Large registers want large pages: fewer address translations when a tile jumps through them.
    constexpr size_t LARGE = (size_t)2 << 20;
    void *p = nullptr;
    if (posix_memalign(&p, bytes >= LARGE ? LARGE : 64, bytes)) return nullptr;
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    if (bytes >= LARGE) madvise(p, bytes, MADV_HUGEPAGE);
#endif
    return p;
}
static void release(void *p) { free(p); }
#endif

// Held for a few instructions, and rarely wanted by two.
static void lock(char &busy) {
    while (__atomic_test_and_set(&busy, __ATOMIC_ACQUIRE)) {
    }
}
static void unlock(char &busy) { __atomic_clear(&busy, __ATOMIC_RELEASE); }

void *Arena::try_take(size_t bytes) {
    if (bytes > SIZE_MAX - HEADER) return nullptr;
    Block *block = (Block *)aligned(bytes + HEADER);
    if (!block) return nullptr;
    lock(busy);
    block->next = head.next;
    block->previous = &head;
    head.next->previous = block;
    head.next = block;
    unlock(busy);
    return (char *)block + HEADER;
}

void *Arena::take(size_t bytes) {
    void *memory = try_take(bytes);
    if (!memory) longjmp(failed, 1);
    return memory;
}

void Arena::give(void *memory) {
    Block *block = (Block *)((char *)memory - HEADER);
    lock(busy);
    block->previous->next = block->next;
    block->next->previous = block->previous;
    unlock(busy);
    release(block);
}

void Arena::close() {
    while (head.next != &head) give((char *)head.next + HEADER);
}

// ---------------------------------------------------------------- threads

struct Team::Inside {
    pthread_mutex_t lock;
    pthread_cond_t begin, end;
    pthread_t threads[256];
    int started, busy, numbers;
    u64 round;
    bool quit;
    i64 items, next;
    void (*work)(void *, i64, int);
    void *context;
};

static void drain(Team::Inside *in, int worker) {
    for (;;) {
        i64 item = __atomic_fetch_add(&in->next, 1, __ATOMIC_RELAXED);
        if (item >= in->items) return;
        in->work(in->context, item, worker);
    }
}

static void *live(void *argument) {
    Team::Inside *in = (Team::Inside *)argument;
    pthread_mutex_lock(&in->lock);
    int worker = ++in->numbers;
    u64 seen = 0;
    for (;;) {
        while (in->round == seen && !in->quit) pthread_cond_wait(&in->begin, &in->lock);
        if (in->quit) break;
        seen = in->round;
        pthread_mutex_unlock(&in->lock);
        drain(in, worker);
        pthread_mutex_lock(&in->lock);
        if (--in->busy == 0) pthread_cond_signal(&in->end);
    }
    pthread_mutex_unlock(&in->lock);
    return nullptr;
}

void Team::open(Arena &arena, int threads) {
    inside = arena.zeros<Inside>(1);
    pthread_mutex_init(&inside->lock, nullptr);
    pthread_cond_init(&inside->begin, nullptr);
    pthread_cond_init(&inside->end, nullptr);
    if (threads > 256) threads = 256;
    // A thread that does not come is only a thread fewer.
    for (int i = 1; i < threads; i++)
        if (!pthread_create(&inside->threads[inside->started], nullptr, live, inside)) inside->started++;
    size = inside->started + 1;
}

void Team::close() {
    pthread_mutex_lock(&inside->lock);
    inside->quit = true;
    pthread_cond_broadcast(&inside->begin);
    pthread_mutex_unlock(&inside->lock);
    for (int i = 0; i < inside->started; i++) pthread_join(inside->threads[i], nullptr);
    pthread_cond_destroy(&inside->begin);
    pthread_cond_destroy(&inside->end);
    pthread_mutex_destroy(&inside->lock);
}

void Team::each(i64 items, void (*work)(void *, i64, int), void *context) {
    if (size == 1 || items < 2) {
        for (i64 i = 0; i < items; i++) work(context, i, 0);
        return;
    }
    pthread_mutex_lock(&inside->lock);
    inside->items = items;
    inside->next = 0;
    inside->work = work;
    inside->context = context;
    inside->busy = inside->started;
    inside->round++;
    pthread_cond_broadcast(&inside->begin);
    pthread_mutex_unlock(&inside->lock);
    drain(inside, 0);
    pthread_mutex_lock(&inside->lock);
    while (inside->busy) pthread_cond_wait(&inside->end, &inside->lock);
    pthread_mutex_unlock(&inside->lock);
}

// ---------------------------------------------------------------- instruction sets

#define KW_DECLARE(isa)                                                                            \
    namespace isa {                                                                                \
    extern const Kernels<double> doubles;                                                          \
    extern const Kernels<float> floats;                                                            \
    }

KW_DECLARE(baseline)
#if defined(__x86_64__) || defined(_M_X64)
#define KW_X86 1
KW_DECLARE(avx2)
KW_DECLARE(avx512)
#include <cpuid.h>
#endif

enum { BASELINE, AVX2, AVX512 };

static int widest() {
#if KW_X86
    // The processor must have the instructions and the system must save their registers.
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return BASELINE;
    bool fma = c >> 12 & 1, osxsave = c >> 27 & 1, avx = c >> 28 & 1;
    if (!fma || !osxsave || !avx) return BASELINE;
    unsigned low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    if ((low & 6) != 6 || !__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(b >> 5 & 1)) return BASELINE;
    constexpr unsigned wanted = 1u << 16 | 1u << 17 | 1u << 28 | 1u << 30 | 1u << 31; // f dq cd bw vl
    if ((low & 0xe6) == 0xe6 && (b & wanted) == wanted) return AVX512;
    return AVX2;
#else
    return BASELINE;
#endif
}

// KETWAY_ISA may force a narrower set, never a wider one than the machine has.
static int chosen() {
    static int choice = -1; // the same whoever computes it first
    int now = __atomic_load_n(&choice, __ATOMIC_RELAXED);
    if (now >= 0) return now;
    now = widest();
    const char *wish = getenv("KETWAY_ISA");
    int limit = !wish || !strcmp(wish, "avx512") ? AVX512 : !strcmp(wish, "avx2") ? AVX2 : BASELINE;
    if (wish && !*wish) limit = AVX512;
    if (now > limit) now = limit;
    __atomic_store_n(&choice, now, __ATOMIC_RELAXED);
    return now;
}

template <> const Kernels<double> &kernels<double>() {
#if KW_X86
    if (chosen() == AVX512) return avx512::doubles;
    if (chosen() == AVX2) return avx2::doubles;
#endif
    return baseline::doubles;
}

template <> const Kernels<float> &kernels<float>() {
#if KW_X86
    if (chosen() == AVX512) return avx512::floats;
    if (chosen() == AVX2) return avx2::floats;
#endif
    return baseline::floats;
}

#define KW_DECLARE_SUMS(isa)                                                                       \
    namespace isa {                                                                                \
    extern const Sums<double> double_sums;                                                         \
    extern const Sums<float> float_sums;                                                           \
    }

KW_DECLARE_SUMS(baseline)
#if KW_X86
KW_DECLARE_SUMS(avx2)
KW_DECLARE_SUMS(avx512)
#endif

template <> const Sums<double> &sums<double>() {
#if KW_X86
    if (chosen() == AVX512) return avx512::double_sums;
    if (chosen() == AVX2) return avx2::double_sums;
#endif
    return baseline::double_sums;
}

template <> const Sums<float> &sums<float>() {
#if KW_X86
    if (chosen() == AVX512) return avx512::float_sums;
    if (chosen() == AVX2) return avx2::float_sums;
#endif
    return baseline::float_sums;
}

const char *isa_name() {
    int now = chosen();
    return now == AVX512 ? "avx512" : now == AVX2 ? "avx2" : "baseline";
}

} // namespace kw
