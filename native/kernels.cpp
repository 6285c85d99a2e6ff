// The loops over amplitudes. Compiled once per instruction set; see simd.h for the macros.
//
// A target below L sits inside a vector. The dense kernel then trades that lane bit for the bit of
// some idle qubit while the vectors are in registers, so the arithmetic itself never sees lanes.

#include "simd.h"

namespace kw {
namespace KW_ISA {

// ---------------------------------------------------------------- one amplitude at a time

// For registers too small for vectors, and matrices too wide for registers. The same sums in the
// same order as the vector kernels.
template <class T>
static void dense_plain(T *a, int n, int k, const int *targets, u64 controls, const T *m) {
    u64 fixed = controls;
    u64 offsets[1 << MAX_DENSE];
    int size = 1 << k;
    for (int r = 0; r < k; r++) fixed |= ONE << targets[r];
    for (int j = 0; j < size; j++) {
        offsets[j] = controls;
        for (int r = 0; r < k; r++)
            if (j >> r & 1) offsets[j] |= ONE << targets[r];
    }
    u64 count = ONE << (n - count_bits(fixed)), i = 0;
    T in[2 << MAX_DENSE];
    for (u64 c = 0; c < count; c++, i = ((i | fixed) + 1) & ~fixed) {
        for (int j = 0; j < size; j++) {
            in[2 * j] = a[2 * (i | offsets[j])];
            in[2 * j + 1] = a[2 * (i | offsets[j]) + 1];
        }
        for (int row = 0; row < size; row++) {
            const T *w = m + 2 * row * size;
            T re = w[0] * in[0], im = w[0] * in[1];
            re = fma1<T>(w[1], -in[1], re);
            im = fma1<T>(w[1], in[0], im);
            for (int j = 1; j < size; j++) {
                re = fma1<T>(w[2 * j], in[2 * j], re);
                im = fma1<T>(w[2 * j], in[2 * j + 1], im);
                re = fma1<T>(w[2 * j + 1], -in[2 * j + 1], re);
                im = fma1<T>(w[2 * j + 1], in[2 * j], im);
            }
            a[2 * (i | offsets[row])] = re;
            a[2 * (i | offsets[row]) + 1] = im;
        }
    }
}

// ---------------------------------------------------------------- dense matrices

template <class T, int K, int R, int LOW, int BIT> struct TradeBit {
    static inline void run(V<T> *v) {
        constexpr int r = R;
        for (int j = 0; j < (1 << K); j++)
            if (!(j >> r & 1)) trade<T, BIT>(v[j], v[j | (1 << r)], All<T>());
    }
};

// LOW: which lane bits are targets. They are the first targets, being ascending.
template <class T, int K, int LOW> static inline void trade_all(V<T> *v) {
    if constexpr ((LOW & 1) != 0) TradeBit<T, K, 0, LOW, 0>::run(v);
    if constexpr ((LOW & 2) != 0) TradeBit<T, K, (LOW & 1), LOW, 1>::run(v);
    if constexpr ((LOW & 4) != 0) TradeBit<T, K, (LOW & 1) + (LOW >> 1 & 1), LOW, 2>::run(v);
}

// How the vectors of one application lie in memory.
struct Shape {
    u64 fixed;      // index bits that the walk over the register leaves alone
    u64 ones;       // of those, the ones that are 1
    u64 count;      // steps of the walk
    u64 lane_ones;  // controls inside the vector
    u64 steps[4];   // applications within one step, as offsets: walking costs more than a small matrix
    u64 offsets[1 << MAX_DENSE];
    u32 turned_in, turned_out; // columns and rows of a real matrix that are multiplied by i
};

// U applications at once, so that each number of the matrix is loaded once for all of them.
template <class T, int K, int LOW, int U, bool REAL>
static inline void apply_at(T *const *p, const Shape &shape, const u64 *offsets,
                            typename Simd<T>::I mask, const T *m) {
    constexpr int N = 1 << K;
    constexpr int R = N < 4 ? N : 4;
    V<T> v[U][N], w[U][REAL ? 1 : N], out[U][N];
    for (int u = 0; u < U; u++) {
        for (int j = 0; j < N; j++) v[u][j] = load<T>(p[u] + offsets[j]);
        trade_all<T, K, LOW>(v[u]);
        for (int j = 0; j < N; j++) {
            if constexpr (!REAL)
                w[u][j] = times_i<T>(v[u][j]);
            else if (shape.turned_in >> j & 1)
                v[u][j] = times_i<T>(v[u][j]);
        }
    }
    constexpr int STEP = REAL ? 1 : 2;
    for (int row = 0; row < N; row += R) {
        const T *x = m + STEP * row * N;
        V<T> sum[U][R];
        for (int r = 0; r < R; r++) {
            V<T> re = splat<T>(x[STEP * r * N]);
            for (int u = 0; u < U; u++) sum[u][r] = re * v[u][0];
            if constexpr (!REAL) {
                V<T> im = splat<T>(x[STEP * r * N + 1]);
                for (int u = 0; u < U; u++) sum[u][r] = fma<T>(im, w[u][0], sum[u][r]);
            }
        }
        for (int j = 1; j < N; j++)
            for (int r = 0; r < R; r++) {
                V<T> re = splat<T>(x[STEP * (r * N + j)]);
                for (int u = 0; u < U; u++) sum[u][r] = fma<T>(re, v[u][j], sum[u][r]);
                if constexpr (!REAL) {
                    V<T> im = splat<T>(x[STEP * (r * N + j) + 1]);
                    for (int u = 0; u < U; u++) sum[u][r] = fma<T>(im, w[u][j], sum[u][r]);
                }
            }
        for (int u = 0; u < U; u++)
            for (int r = 0; r < R; r++) out[u][row + r] = sum[u][r];
    }
    for (int u = 0; u < U; u++) {
        if constexpr (REAL) {
            for (int j = 0; j < N; j++)
                if (shape.turned_out >> j & 1) out[u][j] = times_i<T>(out[u][j]);
        } else if (shape.lane_ones)
            for (int j = 0; j < N; j++) out[u][j] = choose<T>(mask, out[u][j], v[u][j]);
        trade_all<T, K, LOW>(out[u]);
        for (int j = 0; j < N; j++) store<T>(p[u] + offsets[j], out[u][j]);
    }
}

template <class T, int K, int LOW, int STEPS, bool REAL>
static void dense_vector(T *a, const Shape &shape, const T *m) {
    constexpr int N = 1 << K;
    constexpr int U = K >= 3 && STEPS > 1 ? 2 : 1; // small matrices fit the registers once
    const u64 fixed = shape.fixed;
    const auto mask = lanes_with<T>(shape.lane_ones);
    u64 offsets[N], i = 0;
    for (int j = 0; j < N; j++) offsets[j] = 2 * shape.offsets[j];
    for (u64 c = 0; c < shape.count; c++, i = ((i | fixed) + 1) & ~fixed) {
        T *base = a + 2 * (i | shape.ones);
        for (int s = 0; s < STEPS; s += U) {
            T *p[U];
            for (int u = 0; u < U; u++) p[u] = base + 2 * shape.steps[s + u];
            apply_at<T, K, LOW, U, REAL>(p, shape, offsets, mask, m);
        }
    }
}

template <int K> constexpr int STEP_BITS = K == 1 ? 2 : 1;

template <class T, int K, int LOW>
static void dense_shaped(T *a, const Shape &shape, const T *m, bool real, bool stepped) {
    constexpr int STEPS = 1 << STEP_BITS<K>;
    if (!stepped) {
        if (real)
            dense_vector<T, K, LOW, 1, true>(a, shape, m);
        else
            dense_vector<T, K, LOW, 1, false>(a, shape, m);
    } else if (real)
        dense_vector<T, K, LOW, STEPS, true>(a, shape, m);
    else
        dense_vector<T, K, LOW, STEPS, false>(a, shape, m);
}

// Rotations about x and y, Hadamards and permutations have numbers that are real but for a factor i
// of some rows and columns: half the work. Finds those factors and the real numbers, if they exist.
template <class T> static bool make_real(int k, const T *m, T *real, u32 &in, u32 &out) {
    int size = 1 << k;
    for (int j = 0; j < size * size; j++)
        if (m[2 * j] != 0 && m[2 * j + 1] != 0) return false;
    u32 known_in = 0, known_out = 0;
    in = out = 0;
    for (int start = 0; start < size; start++) {
        if (known_out >> start & 1) continue;
        known_out |= 1u << start;
        // Whatever shares a number with a known row or column is known too.
        for (bool changed = true; changed;) {
            changed = false;
            for (int j = 0; j < size; j++)
                for (int c = 0; c < size; c++) {
                    const T *x = m + 2 * (j * size + c);
                    if (x[0] == 0 && x[1] == 0) continue;
                    u32 turned = x[1] != 0;
                    bool row = known_out >> j & 1, column = known_in >> c & 1;
                    if (row && column) {
                        if (((out >> j ^ in >> c) & 1) != turned) return false;
                    } else if (row) {
                        known_in |= 1u << c;
                        in |= ((out >> j & 1) ^ turned) << c;
                        changed = true;
                    } else if (column) {
                        known_out |= 1u << j;
                        out |= ((in >> c & 1) ^ turned) << j;
                        changed = true;
                    }
                }
        }
    }
    for (int j = 0; j < size; j++)
        for (int c = 0; c < size; c++) {
            const T *x = m + 2 * (j * size + c);
            bool a = out >> j & 1, b = in >> c & 1;
            real[j * size + c] = a && b ? -x[0] : a || b ? x[1] : x[0];
        }
    return true;
}

template <class T, int K>
static void dense_low(T *a, int low, Shape &shape, u64 idle, const T *m, bool real) {
    // Idle qubits for the steps: the lowest, so that steps are neighbours.
    u64 steps[2] = {0, 0};
    bool stepped = count_bits(idle) >= STEP_BITS<K>;
    for (int b = 0; stepped && b < STEP_BITS<K>; b++, idle &= idle - 1) steps[b] = idle & (~idle + 1);
    for (int s = 0; s < 4; s++) shape.steps[s] = (s & 1 ? steps[0] : 0) + (s & 2 ? steps[1] : 0);
    shape.fixed |= steps[0] | steps[1];
    shape.count >>= count_bits(steps[0] | steps[1]);
    // Only as many lane bits as the matrix has targets, and as the vector has.
    constexpr auto fits = [](int bits) {
        return bits < C<T> && ((bits & 1) + (bits >> 1 & 1) + (bits >> 2 & 1)) <= K;
    };
    switch (low) {
    case 0: return dense_shaped<T, K, 0>(a, shape, m, real, stepped);
#define KW_CASE(B)                                                                                 \
    case B:                                                                                        \
        if constexpr (fits(B)) return dense_shaped<T, K, B>(a, shape, m, real, stepped);                  \
        break;
        KW_CASE(1)
        KW_CASE(2)
        KW_CASE(3)
        KW_CASE(4)
        KW_CASE(5)
        KW_CASE(6)
        KW_CASE(7)
#undef KW_CASE
    }
}

template <class T>
static void dense(T *a, int n, int k, const int *targets, u64 controls, const T *m) {
    constexpr u64 lanes = C<T> - 1;
    Shape shape;
    u64 used = controls | lanes, strides[MAX_DENSE];
    int low = 0;
    for (int r = 0; r < k; r++) used |= ONE << targets[r];
    u64 idle = ~used & ((ONE << n) - 1);
    for (int r = 0; r < k; r++) {
        strides[r] = ONE << targets[r];
        if (targets[r] >= L<T>) continue;
        low |= 1 << targets[r];
        strides[r] = idle & (~idle + 1);
        idle &= idle - 1;
        if (!strides[r]) return dense_plain<T>(a, n, k, targets, controls, m);
    }
    if (n < L<T>) return dense_plain<T>(a, n, k, targets, controls, m);
    shape.ones = controls & ~lanes;
    shape.lane_ones = controls & lanes;
    shape.fixed = lanes | shape.ones;
    for (int r = 0; r < k; r++) shape.fixed |= strides[r];
    shape.count = ONE << (n - count_bits(shape.fixed));
    for (int j = 0; j < 1 << k; j++) {
        shape.offsets[j] = 0;
        for (int r = 0; r < k; r++)
            if (j >> r & 1) shape.offsets[j] += strides[r];
    }
    alignas(64) T numbers[1 << (2 * MAX_DENSE)];
    shape.turned_in = shape.turned_out = 0;
    bool real = k <= 3 && !shape.lane_ones && make_real(k, m, numbers, shape.turned_in, shape.turned_out);
    if (real) m = numbers;
    switch (k) {
    case 1: return dense_low<T, 1>(a, low, shape, idle, m, real);
    case 2: return dense_low<T, 2>(a, low, shape, idle, m, real);
    case 3: return dense_low<T, 3>(a, low, shape, idle, m, real);
    case 4: return dense_low<T, 4>(a, low, shape, idle, m, real);
    case 5: return dense_low<T, 5>(a, low, shape, idle, m, real);
    }
}

// ---------------------------------------------------------------- Pauli strings

template <class T>
static void rotate_plain(T *a, int n, u64 x, u64 z, u64 controls, T c, T wr, T wi) {
    u64 pivot = x ? ONE << highest(x) : 0, fixed = controls | pivot;
    u64 count = ONE << (n - count_bits(fixed)), i = 0;
    for (u64 k = 0; k < count; k++, i = ((i | fixed) + 1) & ~fixed) {
        u64 here[2] = {i | controls, (i | controls) ^ x};
        T re[2], im[2];
        for (int s = 0; s < (x ? 2 : 1); s++) {
            const T *from = a + 2 * (here[s] ^ x), *to = a + 2 * here[s];
            T sign = odd((here[s] ^ x) & z) ? -1 : 1;
            re[s] = fma1<T>(sign * wi, -from[1], fma1<T>(sign * wr, from[0], c * to[0]));
            im[s] = fma1<T>(sign * wi, from[0], fma1<T>(sign * wr, from[1], c * to[1]));
        }
        for (int s = 0; s < (x ? 2 : 1); s++) {
            a[2 * here[s]] = re[s];
            a[2 * here[s] + 1] = im[s];
        }
    }
}

template <class T> struct Weights {
    V<T> re[2], im[2]; // for even and odd parity of the high bits
    Weights(u64 x, u64 z, T wr, T wi) {
        for (int i = 0; i < W<T>; i++) {
            T sign = odd(((u64)(i / 2) ^ x) & z & (C<T> - 1)) ? -1 : 1;
            re[0][i] = sign * wr;
            im[0][i] = sign * wi;
        }
        re[1] = -re[0];
        im[1] = -im[0];
    }
};

template <class T, int X>
static void rotate_vector(T *a, int n, u64 x, u64 z, u64 controls, T c, T wr, T wi) {
    constexpr u64 lanes = C<T> - 1;
    const u64 ones = controls & ~lanes, far = x & ~lanes, signs = z & ~lanes;
    const Weights<T> weights(x, z, wr, wi);
    const V<T> cs = splat<T>(c);
    const auto mask = lanes_with<T>(controls & lanes);
    const bool some = (controls & lanes) != 0;
    u64 fixed = lanes | ones | (far ? ONE << highest(far) : 0), i = 0;
    u64 count = ONE << (n - count_bits(fixed));
    auto turned = [&](V<T> to, V<T> from, u64 source) {
        V<T> s = flip_lanes<T, X>(from, All<T>());
        bool sign = odd(source & signs);
        V<T> out = fma<T>(weights.im[sign], times_i<T>(s), fma<T>(weights.re[sign], s, cs * to));
        return some ? choose<T>(mask, out, to) : out;
    };
    for (u64 k = 0; k < count; k++, i = ((i | fixed) + 1) & ~fixed) {
        u64 p = i | ones, q = p ^ far;
        V<T> u = load<T>(a + 2 * p);
        if (far) {
            V<T> v = load<T>(a + 2 * q);
            store<T>(a + 2 * p, turned(u, v, q));
            store<T>(a + 2 * q, turned(v, u, p));
        } else
            store<T>(a + 2 * p, turned(u, u, p));
    }
}

template <class T>
static void rotate(T *a, int n, u64 x, u64 z, u64 controls, T c, T wr, T wi) {
    if (n < L<T>) return rotate_plain<T>(a, n, x, z, controls, c, wr, wi);
    switch (x & (C<T> - 1)) {
    case 0: return rotate_vector<T, 0>(a, n, x, z, controls, c, wr, wi);
#define KW_CASE(B)                                                                                 \
    case B:                                                                                        \
        if constexpr (B < C<T>) return rotate_vector<T, B>(a, n, x, z, controls, c, wr, wi);       \
        break;
        KW_CASE(1)
        KW_CASE(2)
        KW_CASE(3)
        KW_CASE(4)
        KW_CASE(5)
        KW_CASE(6)
        KW_CASE(7)
#undef KW_CASE
    }
}

template <class T>
static void add_pauli(T *out, const T *in, int n, u64 x, u64 z, u64 controls, T wr, T wi) {
    u64 count = ONE << (n - count_bits(controls)), i = 0;
    for (u64 k = 0; k < count; k++, i = ((i | controls) + 1) & ~controls) {
        u64 to = i | controls, from = to ^ x;
        T sign = odd(from & z) ? -1 : 1;
        T re = in[2 * from], im = in[2 * from + 1];
        out[2 * to] = fma1<T>(sign * wi, -im, fma1<T>(sign * wr, re, out[2 * to]));
        out[2 * to + 1] = fma1<T>(sign * wi, re, fma1<T>(sign * wr, im, out[2 * to + 1]));
    }
}

// ---------------------------------------------------------------- phases and exchanges

template <class T> static inline void multiply_one(T *p, T re, T im) {
    T r = fma1<T>(im, -p[1], re * p[0]), i = fma1<T>(im, p[0], re * p[1]);
    p[0] = r;
    p[1] = i;
}

template <class T> static void scale(T *a, int n, u64 ones, T re, T im) {
    constexpr u64 lanes = C<T> - 1;
    if (n < L<T>) {
        for (u64 i = 0; i < ONE << n; i++)
            if ((i & ones) == ones) multiply_one<T>(a + 2 * i, re, im);
        return;
    }
    V<T> fr, fi;
    for (int i = 0; i < W<T>; i++) {
        bool here = ((u64)(i / 2) & ones & lanes) == (ones & lanes);
        fr[i] = here ? re : 1;
        fi[i] = here ? im : 0;
    }
    u64 high = ones & ~lanes, fixed = lanes | high, i = 0, count = ONE << (n - count_bits(fixed));
    for (u64 k = 0; k < count; k++, i = ((i | fixed) + 1) & ~fixed) {
        T *p = a + 2 * (i | high);
        V<T> v = load<T>(p);
        store<T>(p, fma<T>(fi, times_i<T>(v), fr * v));
    }
}

template <class T>
static void diagonal(T *a, int n, int width, const int *positions, const int *places, u32 base,
                     const T *table) {
    // The low bits of the index choose within a run of factors made beforehand, the high bits which.
    constexpr int RUN = 5; // qubits of a run
    int run = n < RUN ? n : RUN, high = 0, bits[MAX_DIAGONAL], where[MAX_DIAGONAL];
    u32 low_place[1 << RUN];
    for (int i = 0; i < 1 << run; i++) {
        u32 place = 0;
        for (int j = 0; j < width; j++)
            if (positions[j] < run && (i >> positions[j] & 1)) place |= 1u << places[j];
        low_place[i] = place;
    }
    u64 varying = 0;
    for (int j = 0; j < width; j++)
        if (positions[j] >= run) {
            bits[high] = positions[j];
            where[high++] = places[j];
            varying |= ONE << positions[j];
        }
    u64 still = ~varying & ((ONE << n) - 1) & ~((ONE << run) - 1);
    alignas(64) T factors[2 << RUN];
    u64 count = ONE << (n - run - high);
    for (u32 pick = 0; pick < 1u << high; pick++) {
        u32 place = base;
        u64 offset = 0;
        for (int j = 0; j < high; j++)
            if (pick >> j & 1) {
                place |= 1u << where[j];
                offset |= ONE << bits[j];
            }
        bool unit = true;
        for (int i = 0; i < 1 << run; i++) {
            factors[2 * i] = table[2 * (place | low_place[i])];
            factors[2 * i + 1] = table[2 * (place | low_place[i]) + 1];
            unit &= factors[2 * i] == 1 && factors[2 * i + 1] == 0;
        }
        if (unit) continue;
        u64 i = 0;
        for (u64 k = 0; k < count; k++, i = ((i | ~still) + 1) & still) {
            T *p = a + 2 * (i | offset);
            if (run >= L<T>)
                for (int j = 0; j < 1 << run; j += C<T>) {
                    V<T> v = load<T>(p + 2 * j), f = load<T>(factors + 2 * j);
                    V<T> re, im;
                    for (int l = 0; l < W<T>; l += 2) {
                        re[l] = re[l + 1] = f[l];
                        im[l] = im[l + 1] = f[l + 1];
                    }
                    store<T>(p + 2 * j, fma<T>(im, times_i<T>(v), re * v));
                }
            else
                for (int j = 0; j < 1 << run; j++)
                    multiply_one<T>(p + 2 * j, factors[2 * j], factors[2 * j + 1]);
        }
    }
}

template <class T> static void add(T *a, const T *b, int n) {
    for (u64 i = 0; i < (u64)2 << n; i++) a[i] += b[i];
}

template <class T> static void exchange(T *a, int n, int target, u64 controls) {
    u64 bit = ONE << target, low = (controls | bit) & (C<T> - 1), fixed = controls | bit, i = 0;
    if (low || n < L<T>) {
        u64 count = ONE << (n - count_bits(fixed));
        for (u64 k = 0; k < count; k++, i = ((i | fixed) + 1) & ~fixed) {
            T *p = a + 2 * (i | controls), *q = p + 2 * bit;
            T re = p[0], im = p[1];
            p[0] = q[0];
            p[1] = q[1];
            q[0] = re;
            q[1] = im;
        }
        return;
    }
    fixed |= C<T> - 1;
    u64 count = ONE << (n - count_bits(fixed));
    for (u64 k = 0; k < count; k++, i = ((i | fixed) + 1) & ~fixed) {
        T *p = a + 2 * (i | controls), *q = p + 2 * bit;
        V<T> u = load<T>(p), v = load<T>(q);
        store<T>(p, v);
        store<T>(q, u);
    }
}

#define KW_TABLE(T)                                                                                \
    {                                                                                              \
        dense<T>, rotate<T>, add_pauli<T>, scale<T>, diagonal<T>, add<T>, exchange<T>              \
    }

extern const Kernels<double> doubles;
extern const Kernels<float> floats;
const Kernels<double> doubles = KW_TABLE(double);
const Kernels<float> floats = KW_TABLE(float);

} // namespace KW_ISA
} // namespace kw
