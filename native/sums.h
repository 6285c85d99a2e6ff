// Expectation values of Pauli products, and how the sums behind them are cut.
//
// With P = i**ys X**x Z**z, <P> is the sum over b of conj(a[b ^ x]) i**ys (-1)**parity(b & z) a[b]. The
// parts for b and b ^ x are each other's conjugates, so half of the b are enough and the sum is of
// real numbers: the real parts of the products where ys is even, the imaginary parts where it is odd.
// A register is an array of reals, the lowest bit of whose index tells re from im. In it both are
// sums of a[r] a[r ^ flip] with signs (-1)**parity(r & signs): an odd product also flips the lowest bit.
//
// Terms that share the products are one run. Its products are folded in halves, the upper onto the
// lower, once with + and once with - as its terms ask: terms whose signs agree so far share a fold.
// K terms cost about log2(K) additions per product, and the value of each is the same tree of
// additions whatever other terms there are.
#pragma once

#include "core.h"

namespace kw {

constexpr int TILE_QUBITS = 10; // of the pieces of a register that are multiplied and folded
constexpr int LEAF = 4;         // bits of the arrays of reals that folding ends with
constexpr int HEAD = 3;         // bits folded at once while multiplying
constexpr int LEAST_QUBITS = 7; // smaller registers are padded: enough for one head and one leaf

struct Term {
    u64 x, z;      // of the register as renamed
    u64 far_signs; // of the numbers of tiles
    u32 signs;     // of the products of a tile, in the order in which they are folded
    u32 leaf;      // where its leaf is, once the run is folded
    int32_t given; // its number for the caller
    bool odd;
    double factor; // what the sum is multiplied by
};

struct Run {
    u64 far;            // tile t is multiplied with tile t ^ far
    u32 flip;           // and real r with real r ^ flip
    int32_t bits;       // of the index of a product
    int32_t gap;        // bit of the real's index that is always 0, so that each pair comes once, or -1
    i64 first, end;     // terms, by ascending signs
    i64 steps;          // where its folds are described
    int32_t heads;      // signs asked of the first folds
    uint8_t head[1 << HEAD];
};

enum : u32 { SUM = 1, DIFFERENCE = 2 }; // of the halves; both may be asked

template <class T> struct Sums {
    // Add the sums of one run over one tile: `a` is the tile and `b` the one it is multiplied with.
    // `one` and `two` hold a tile each.
    void (*add_run)(const Run &run, const Term *terms, const u32 *steps, const T *a, const T *b, T *one,
                    T *two, u64 tile, double *sums);
    // out[r] += c (-1)**parity(r & signs) in[r ^ flip], for 2**bits reals.
    void (*add_product)(T *out, const T *in, int bits, u32 flip, u32 signs, T c);
    // The sum of squares of 2**bits reals.
    double (*square)(const T *a, int bits);
};

template <class T> const Sums<T> &sums(); // of the widest instruction set allowed

} // namespace kw
