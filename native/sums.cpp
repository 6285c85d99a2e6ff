// Products of amplitudes and their signed sums. Compiled once per instruction set; see simd.h.
//
// Every sum is a tree that the index alone decides, so all widths of vectors give the same numbers.

#include "sums.h"

#include "simd.h"

namespace kw {
namespace KW_ISA {

template <class T> static inline V<T> sign_of(u32 bit) { return splat<T>(bit ? (T)-1 : (T)1); }

// Lane l takes lane l ^ X, in reals.
template <class T, int X, int... I> static inline V<T> flip_reals(V<T> a, Lanes<I...>) {
    return __builtin_shufflevector(a, a, (I ^ X)...);
}

// The upper half of the index moves up by one to leave a gap.
static inline u64 spread(u64 index, int gap) {
    if (gap < 0) return index;
    u64 low = (ONE << gap) - 1;
    return (index & ~low) << 1 | (index & low);
}

// ---------------------------------------------------------------- products, folded three times

template <class T> static inline V<T> folded(const V<T> *p, V<T> s4, V<T> s2, V<T> s1) {
    V<T> v0 = fma<T>(s4, p[4], p[0]), v1 = fma<T>(s4, p[5], p[1]);
    V<T> v2 = fma<T>(s4, p[6], p[2]), v3 = fma<T>(s4, p[7], p[3]);
    return fma<T>(s1, fma<T>(s2, v3, v1), fma<T>(s2, v2, v0));
}

// All eight, for the price of three and a half.
template <class T> static inline void fold_all(V<T> *p) {
    for (int h = 4; h; h >>= 1)
        for (int j = 0; j < 8; j++)
            if (!(j & h)) {
                V<T> low = p[j], high = p[j | h];
                p[j] = low + high;
                p[j | h] = low - high;
            }
}

template <class T, int X, int HEADS> // HEADS: how many are wanted, 0 for many
static void multiply(const Run &run, const T *a, const T *b, T *out) {
    const u64 length = ONE << (run.bits - HEAD);
    const u64 far = run.flip & ~(u64)(W<T> - 1);
    constexpr int N = HEADS ? HEADS : 1;
    V<T> s4[N], s2[N], s1[N];
    for (int h = 0; h < HEADS; h++) {
        s4[h] = sign_of<T>(run.head[h] & 4);
        s2[h] = sign_of<T>(run.head[h] & 2);
        s1[h] = sign_of<T>(run.head[h] & 1);
    }
    const T *pa[8], *pb[8];
    u64 low_flip = far & spread(length - 1, run.gap);
    for (int j = 0; j < 8; j++) {
        u64 offset = spread((u64)j * length, run.gap);
        pa[j] = a + offset;
        pb[j] = b + (offset ^ (far & ~low_flip));
    }
    for (u64 i = 0; i < length; i += W<T>) {
        u64 from = spread(i, run.gap), with = from ^ low_flip;
        V<T> p[8];
        for (int j = 0; j < 8; j++)
            p[j] = load<T>(pa[j] + from) * flip_reals<T, X>(load<T>(pb[j] + with), All<T>());
        if constexpr (HEADS != 0) {
            for (int h = 0; h < HEADS; h++)
                store<T>(out + h * length + i, folded<T>(p, s4[h], s2[h], s1[h]));
        } else {
            // Signs as bits: the upper half of the index is the heaviest.
            fold_all<T>(p);
            V<T> held[8];
            for (int j = 0; j < 8; j++) held[j] = p[j];
            for (int h = 0; h < run.heads; h++) store<T>(out + h * length + i, held[run.head[h]]);
        }
    }
}

template <class T, int X>
static void multiply_heads(const Run &run, const T *a, const T *b, T *out) {
    switch (run.heads) {
    case 1: return multiply<T, X, 1>(run, a, b, out);
    case 2: return multiply<T, X, 2>(run, a, b, out);
    default: return multiply<T, X, 0>(run, a, b, out);
    }
}

#define KW_CASES(call)                                                                             \
    call(0) call(1) call(2) call(3) call(4) call(5) call(6) call(7) call(8) call(9) call(10)       \
        call(11) call(12) call(13) call(14) call(15)

template <class T> static void multiply_any(const Run &run, const T *a, const T *b, T *out) {
    switch (run.flip & (W<T> - 1)) {
#define KW_CASE(X)                                                                                 \
    case X:                                                                                        \
        if constexpr (X < W<T>) return multiply_heads<T, X>(run, a, b, out);                       \
        break;
        KW_CASES(KW_CASE)
#undef KW_CASE
    }
}

// ---------------------------------------------------------------- folds

template <class T>
static void fold(const T *from, T *to, u64 half, const u32 *steps, u32 count) {
    for (u32 s = 0; s < count; s++) {
        const T *low = from + (u64)(steps[s] >> 2) * 2 * half, *high = low + half;
        u32 asked = steps[s] & 3;
        if (asked == SUM)
            for (u64 i = 0; i < half; i += W<T>) store<T>(to + i, load<T>(low + i) + load<T>(high + i));
        else if (asked == DIFFERENCE)
            for (u64 i = 0; i < half; i += W<T>) store<T>(to + i, load<T>(low + i) - load<T>(high + i));
        else {
            for (u64 i = 0; i < half; i += W<T>) {
                V<T> u = load<T>(low + i), v = load<T>(high + i);
                store<T>(to + i, u + v);
                store<T>(to + half + i, u - v);
            }
            to += half;
        }
        to += half;
    }
}

// One number of a leaf, by the same tree as all of them at once.
template <class T> static inline T leaf_value(const T *leaf, u32 signs) {
    T v[1 << LEAF];
    memcpy(v, leaf, sizeof v);
    for (int h = 1 << (LEAF - 1); h; h >>= 1) {
        T sign = signs & (u32)h ? (T)-1 : (T)1;
        for (int j = 0; j < h; j++) v[j] = fma1<T>(sign, v[j + h], v[j]);
    }
    return v[0];
}

template <class T> static void leaf_values(const T *leaf, T *v) {
    memcpy(v, leaf, sizeof(T) << LEAF);
    for (int h = 1 << (LEAF - 1); h; h >>= 1)
        for (int j = 0; j < 1 << LEAF; j++)
            if (!(j & h)) {
                T low = v[j], high = v[j | h];
                v[j] = low + high;
                v[j | h] = low - high;
            }
}

template <class T>
static void add_run(const Run &run, const Term *terms, const u32 *steps, const T *a, const T *b, T *one,
                    T *two, u64 tile, double *sums) {
    multiply_any<T>(run, a, b, one);
    steps += run.steps;
    for (u64 half = ONE << (run.bits - HEAD - 1); half >= ONE << LEAF; half >>= 1) {
        u32 count = *steps++;
        fold<T>(one, two, half, steps, count);
        steps += count;
        T *held = one;
        one = two;
        two = held;
    }
    constexpr u32 mask = (1 << LEAF) - 1;
    constexpr i64 MANY = 4; // terms of a leaf from which all its values are had at once
    T values[1 << LEAF];
    for (i64 t = run.first; t < run.end;) {
        i64 next = t + 1;
        while (next < run.end && terms[next].leaf == terms[t].leaf) next++;
        const T *leaf = one + ((u64)terms[t].leaf << LEAF);
        bool many = next - t >= MANY;
        if (many) leaf_values<T>(leaf, values);
        for (; t < next; t++) {
            double value = many ? values[terms[t].signs & mask] : leaf_value<T>(leaf, terms[t].signs);
            sums[t] += odd(terms[t].far_signs & tile) ? -value : value;
        }
    }
}

// ---------------------------------------------------------------- a sum of products, applied

template <class T, int X>
static void add_product_flipped(T *out, const T *in, int bits, u32 flip, u32 signs, T c) {
    constexpr int STEP = 8; // vectors whose signs are made beforehand
    V<T> weights[2][STEP];
    for (int i = 0; i < STEP * W<T>; i++)
        weights[0][i / W<T>][i % W<T>] = odd((u32)i & signs) ? -c : c;
    for (int j = 0; j < STEP; j++) weights[1][j] = -weights[0][j];
    const u32 far = flip & ~(u32)(W<T> - 1), high = signs & ~(u32)(STEP * W<T> - 1);
    for (u32 i = 0; i < 1u << bits; i += STEP * W<T>) {
        const V<T> *weight = weights[odd(i & high)];
        for (u32 j = 0; j < STEP; j++) {
            u32 at = i + j * W<T>;
            V<T> from = flip_reals<T, X>(load<T>(in + (at ^ far)), All<T>());
            store<T>(out + at, fma<T>(weight[j], from, load<T>(out + at)));
        }
    }
}

template <class T>
static void add_product(T *out, const T *in, int bits, u32 flip, u32 signs, T c) {
    switch (flip & (W<T> - 1)) {
#define KW_CASE(X)                                                                                 \
    case X:                                                                                        \
        if constexpr (X < W<T>) return add_product_flipped<T, X>(out, in, bits, flip, signs, c);   \
        break;
        KW_CASES(KW_CASE)
#undef KW_CASE
    }
}

template <class T> static double square(const T *a, int bits) {
    double lanes[1 << LEAF] = {0};
    for (u32 i = 0; i < 1u << bits; i += 1 << LEAF)
        for (int j = 0; j < 1 << LEAF; j++) lanes[j] += (double)a[i + j] * (double)a[i + j];
    return leaf_value<double>(lanes, 0);
}

#define KW_SUMS(T)                                                                                 \
    { add_run<T>, add_product<T>, square<T> }

extern const Sums<double> double_sums;
extern const Sums<float> float_sums;
const Sums<double> double_sums = KW_SUMS(double);
const Sums<float> float_sums = KW_SUMS(float);

} // namespace KW_ISA
} // namespace kw
