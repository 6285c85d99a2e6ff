// What the parts of the core share: plain types, the kernel table, memory and threads.
//
// The library is plain C++ without the standard library: no exceptions, no runtime to link, nothing
// that starts when it is loaded. Memory that does not come ends the call with KW_NO_MEMORY.
#pragma once

#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ketway_core.h"

namespace kw {

typedef uint64_t u64;
typedef uint32_t u32;
typedef int64_t i64;

constexpr int MAX_QUBITS = 40;
constexpr int MAX_TARGETS = 4;  // of one matrix
constexpr int MAX_DENSE = 5;    // widest fused matrix, in qubits
constexpr int MAX_DIAGONAL = 8; // widest fused diagonal, in qubits
constexpr u64 ONE = 1;

inline int count_bits(u64 v) { return __builtin_popcountll(v); }
inline int lowest(u64 v) { return __builtin_ctzll(v); }
inline int highest(u64 v) { return 63 - __builtin_clzll(v); }

// ---------------------------------------------------------------- kernels

// All kernels work on 2**n amplitudes, interleaved (re, im), in place. Masks are over index bits.
// Every amplitude is computed by the same operations in the same order whatever the vector width.
template <class T> struct Kernels {
    // A dense 2**k matrix (row-major) on ascending `targets`, where all `controls` are 1.
    void (*dense)(T *a, int n, int k, const int *targets, u64 controls, const T *matrix);
    // a[i] = c a[i] + w s(i) a[i ^ x], s(i) = (-1)**parity((i ^ x) & z), where all `controls` are 1.
    void (*rotate)(T *a, int n, u64 x, u64 z, u64 controls, T c, T wr, T wi);
    // out[i] += w s(i) in[i ^ x], where all `controls` are 1.
    void (*add_pauli)(T *out, const T *in, int n, u64 x, u64 z, u64 controls, T wr, T wi);
    // a[i] *= f where all bits of `ones` are 1.
    void (*scale)(T *a, int n, u64 ones, T re, T im);
    // a[i] *= table[which(i)]: bit j of `which` is bit positions[j] of i, `base` is or-ed in.
    void (*diagonal)(T *a, int n, int width, const int *positions, const int *places, u32 base,
                     const T *table);
    // a[i] += b[i]
    void (*add)(T *a, const T *b, int n);
    // Exchange a[i] and a[i ^ x] (x not among controls) where all `controls` are 1.
    void (*exchange)(T *a, int n, int target, u64 controls);
};

template <class T> const Kernels<T> &kernels(); // of the widest instruction set allowed

// ---------------------------------------------------------------- memory

// Everything a call allocates, so that one place frees it, also when memory does not come.
struct Arena {
    struct Block {
        Block *next;
        Block *previous;
    };
    Block head;
    char busy;
    jmp_buf failed;
    int why; // what a call that ended so returns

    void open() {
        head.next = head.previous = &head;
        busy = 0;
        why = KW_NO_MEMORY;
    }
    void close();
    void *try_take(size_t bytes); // 64-byte aligned, or null; from any thread
    void *take(size_t bytes);     // or the call ends; from the calling thread only
    void give(void *memory);
    template <class T> T *array(size_t count) {
        if (count > ((size_t)1 << 60) / sizeof(T)) longjmp(failed, 1);
        return (T *)take(count * sizeof(T));
    }
    template <class T> T *zeros(size_t count) {
        T *out = array<T>(count);
        memset((void *)out, 0, count * sizeof(T));
        return out;
    }
};

// ---------------------------------------------------------------- threads

// Threads that live as long as one call. Work is handed out by number, so what a number computes
// never depends on which thread took it.
struct Team {
    struct Inside;
    Inside *inside;
    int size;

    void open(Arena &arena, int threads);
    void close();
    // work(context, item, worker) for each item below `items`.
    void each(i64 items, void (*work)(void *context, i64 item, int worker), void *context);
};

// ---------------------------------------------------------------- randomness

// Philox 4x32-10: 64 random bits for (seed, stream, index, draw), the same everywhere.
inline u64 random_bits(u64 seed, u32 stream, u64 index, u32 draw) {
    u32 c0 = (u32)index, c1 = (u32)(index >> 32), c2 = stream, c3 = draw;
    u32 k0 = (u32)seed, k1 = (u32)(seed >> 32);
    for (int round = 0; round < 10; round++) {
        u64 p0 = (u64)0xD2511F53u * c0, p1 = (u64)0xCD9E8D57u * c2;
        u32 n0 = (u32)(p1 >> 32) ^ c1 ^ k0, n2 = (u32)(p0 >> 32) ^ c3 ^ k1;
        c1 = (u32)p1;
        c3 = (u32)p0;
        c0 = n0;
        c2 = n2;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return ((u64)c1 << 32) | c0;
}

inline double unit(u64 bits) { return (double)(bits >> 11) * 0x1p-53; }

enum Stream : u32 { SAMPLE = 0, ERRORS = 1, COLLAPSE = 2, READOUT = 3, DAMPING = 4, MISREAD = 5 };
constexpr int STREAM_BITS = 4; // above them a stream has a number of its own for each visit

} // namespace kw
