// Vectors of interleaved complex numbers, of whatever width this translation unit is compiled for.
//
// KW_ISA names the namespace, KW_BYTES the width, KW_FMA whether multiply-add is one rounding.
#pragma once

#include "core.h"

namespace kw {
namespace KW_ISA {

typedef double vector_d __attribute__((vector_size(KW_BYTES)));
typedef float vector_f __attribute__((vector_size(KW_BYTES)));
typedef int64_t lanes_d __attribute__((vector_size(KW_BYTES)));
typedef int32_t lanes_f __attribute__((vector_size(KW_BYTES)));

template <class T> struct Simd;
template <> struct Simd<double> {
    typedef vector_d V;
    typedef lanes_d I;
    typedef int64_t E;
};
template <> struct Simd<float> {
    typedef vector_f V;
    typedef lanes_f I;
    typedef int32_t E;
};

template <class T> using V = typename Simd<T>::V;
template <class T> constexpr int W = KW_BYTES / (int)sizeof(T); // numbers in a vector
template <class T> constexpr int C = W<T> / 2;                  // amplitudes in a vector
template <class T> constexpr int L = C<T> == 1 ? 0 : C<T> == 2 ? 1 : C<T> == 4 ? 2 : 3; // qubits

// A list of lane numbers, as a type.
template <int... I> struct Lanes {};
template <int N, int... I> struct Count : Count<N - 1, N - 1, I...> {};
template <int... I> struct Count<0, I...> {
    typedef Lanes<I...> type;
};
template <class T> using All = typename Count<W<T>>::type;

template <class T> inline V<T> load(const T *p) {
    V<T> v;
    memcpy(&v, p, sizeof v);
    return v;
}
template <class T> inline void store(T *p, V<T> v) { memcpy(p, &v, sizeof v); }

template <class T> inline V<T> splat(T s) {
    V<T> v;
    for (int i = 0; i < W<T>; i++) v[i] = s;
    return v;
}

// a * b + c
template <class T> inline V<T> fma(V<T> a, V<T> b, V<T> c) {
#if KW_FMA && defined(__clang__)
    return __builtin_elementwise_fma(a, b, c);
#else
    return a * b + c; // gcc: -ffp-contract=fast joins them; without the instruction: two roundings
#endif
}
template <class T> inline T fma1(T a, T b, T c) {
#if KW_FMA
    return sizeof(T) == 8 ? (T)__builtin_fma((double)a, (double)b, (double)c)
                          : (T)__builtin_fmaf((float)a, (float)b, (float)c);
#else
    return a * b + c;
#endif
}

template <class T, int... I> inline V<T> swap_parts(V<T> a, Lanes<I...>) {
    return __builtin_shufflevector(a, a, (I ^ 1)...);
}
template <class T> inline V<T> negate_even(V<T> a) {
    typename Simd<T>::I sign;
    for (int i = 0; i < W<T>; i++)
        sign[i] = i % 2 ? 0 : (typename Simd<T>::E)(ONE << (8 * sizeof(T) - 1));
    return (V<T>)((typename Simd<T>::I)a ^ sign);
}
// i * a: (re, im) becomes (-im, re).
template <class T> inline V<T> times_i(V<T> a) { return negate_even<T>(swap_parts<T>(a, All<T>())); }

// Lane c takes lane c ^ X (in amplitudes).
template <class T, int X, int... I> inline V<T> flip_lanes(V<T> a, Lanes<I...>) {
    return __builtin_shufflevector(a, a, (I ^ (2 * X))...);
}

// Exchange bit B of the lane number with the bit that tells `low` from `high`.
template <class T, int B, int... I> inline void trade(V<T> &low, V<T> &high, Lanes<I...>) {
    constexpr int S = 2 << B;
    V<T> a = low, b = high;
    low = __builtin_shufflevector(a, b, ((I & S) ? W<T> + I - S : I)...);
    high = __builtin_shufflevector(a, b, ((I & S) ? W<T> + I : I + S)...);
}

template <class T> inline V<T> choose(typename Simd<T>::I mask, V<T> yes, V<T> no) {
    typedef typename Simd<T>::I I;
    return (V<T>)(((I)yes & mask) | ((I)no & ~mask));
}

// All ones in the lanes whose number has every bit of `ones`.
template <class T> inline typename Simd<T>::I lanes_with(u64 ones) {
    typename Simd<T>::I mask;
    for (int i = 0; i < W<T>; i++) mask[i] = (((u64)(i / 2) & ones) == ones) ? -1 : 0;
    return mask;
}

inline bool odd(u64 v) { return __builtin_parityll(v); }

} // namespace KW_ISA
} // namespace kw
