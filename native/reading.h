// Reading a register: probabilities of outcomes, the largest of them, and shots.
//
// Outcomes are visited in ascending order in blocks of fixed size; sums run within a block and then
// over blocks, so they are the same for any number of threads.
#pragma once

#include "machine.h"

namespace kw {

constexpr int BLOCK = 12; // outcomes of a block, as a power of two

// Which index of the register belongs to which outcome.
struct Reading {
    int bits;       // qubits read
    int hidden;     // qubits summed over
    bool straight;  // outcome and index are the same
    u64 low[1 << BLOCK];
    int high_bits;
    u64 high[MAX_QUBITS];      // index bit of outcome bits from BLOCK on
    u64 unread;                // mask of the qubits summed over

    void open(const Plan &plan);
    i64 blocks() const { return bits > BLOCK ? (i64)1 << (bits - BLOCK) : 1; }
    int block_size() const { return 1 << (bits > BLOCK ? BLOCK : bits); }
    // Probabilities (not normalised) of the outcomes of one block.
    template <class T> void block(const T *state, i64 number, double *out) const;
};

double sum_of(const double *values, i64 count); // pairwise

// Sums of all blocks.
template <class T>
void block_sums(const Reading &reading, const T *state, Team *team, double *sums);

struct Draw {
    u64 key; // uniform bits
    i64 shot;
};
void sort_draws(Draw *draws, Draw *spare, i64 count);

// Outcome of every draw, in ascending order of the draws: take(context, shot, outcome, probability).
template <class T>
void sample(const Reading &reading, const T *state, const double *sums, const Draw *draws, i64 count,
            double *block, void (*take)(void *, i64 shot, u64 outcome, double p), void *context);

} // namespace kw
