// A machine runs the groups of a plan on a register of amplitudes.
#pragma once

#include "plan.h"

namespace kw {

template <class T> struct Tiling;
// A tile of 256 KiB stays in the second cache; runs of 512 bytes keep memory streams long.
template <> struct Tiling<double> {
    static constexpr int TILE = 14, RUN = 5;
};
template <> struct Tiling<float> {
    static constexpr int TILE = 15, RUN = 6;
};

// A group whose matrix differs from the row's, because errors happened inside it.
template <class T> struct Instead {
    int group; // -1: none
    const T *matrix;
};

template <class T> struct Machine {
    const Plan *plan;
    Team *team; // null: this thread alone
    i64 row;
    T *matrices;    // of all groups, for this row
    T **tiles;      // a tile per worker
    T **works;      // two more per worker, when the plan has Pauli sums
    T *whole_work;  // two more registers, when a Pauli sum is too wide for a tile

    // Space for its own use, before it runs. `team` may be null.
    void open(Arena &arena, const Plan &plan, Team *team);
    void prepare(i64 row);
    // Groups first..end-1, from `from` (which may be `to`) into `to`.
    void run(T *to, const T *from, int first, int end, Instead<T> instead) const;
    void start(T *state) const; // |0...0>
    // A Pauli string on the whole register.
    void pauli(T *state, u64 x, u64 z) const;
    // A part of a group by its operations, with errors between, on the whole register.
    void one_by_one(T *state, int group, const Part &part) const;

    void apply(T *a, const View &view, int group, Instead<T> instead, T *work) const;
};

inline size_t amplitudes(int qubits) { return (size_t)1 << qubits; }

} // namespace kw
