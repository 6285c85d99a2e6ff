// A plan: the operations of a structure, fused into groups, the groups ordered into passes.
//
// A group is applied in one go: as one dense matrix, as one table of phases, or operation by
// operation. A pass is a run of groups that touch few enough qubits that the register can be cut
// into tiles which fit the cache and see all of those groups before the next tile is loaded.
// The order of the groups is settled here, once: whoever runs a part of it, for whatever shots, does
// the same arithmetic.
#pragma once

#include "core.h"

namespace kw {

struct Op {
    uint8_t code;
    uint8_t targets;    // how many
    bool varies;        // its numbers stand in the row's part
    bool phases;        // diagonal
    uint8_t form;       // KW_MONOMIAL, KW_HALF, KW_FULL
    int32_t terms;
    const int *at;      // its targets
    const uint8_t *letters;
    i64 data;
    u64 controls;
    u64 qubits;         // controls and targets
    u64 moved;          // targets whose value it may change
    int32_t slot;
    int32_t next;       // in its group, or -1
    int32_t group;
    int32_t rank;       // place in its group
    float cost;         // applied by itself, in cycles per vector
};

enum class How : uint8_t { DENSE, TABLE, LIST, EVENT };

struct Group {
    u64 qubits;
    u64 moved; // must lie inside a tile
    int32_t first, last, count;
    int32_t width;  // number of qubits
    float sum;      // cost of its operations one by one
    bool phases;    // all diagonal
    bool full;      // some operation has numbers that are neither real nor imaginary
    int32_t mixing; // operations that are neither diagonal nor permutations
    How how;
    int32_t pass;
    int32_t alive;
    i64 matrix;     // where its numbers stand among those of a row, in complex numbers
    int8_t at[MAX_DIAGONAL];
};

struct Pass {
    int32_t first, end; // groups
    int32_t width;      // qubits of a tile
    u64 qubits;         // inside a tile
};

struct Plan {
    int qubits;
    const kw_program *program;
    Op *ops;
    int op_count;
    Group *groups;
    int group_count;
    Pass *passes;
    int pass_count;
    i64 numbers;        // complex numbers of all matrices and tables
    int reads;
    int read_at[MAX_QUBITS];
    const int *site_first; // the sites of the noise on the qubits as renamed
    const int *site_second;
    bool sums;          // some operation needs work space
};

// `tile`: qubits of the widest tile, `run`: its lowest qubits that are always inside;
// `reused`: the matrices will be used many times.
void make_plan(Plan &plan, Arena &arena, const kw_program *program, const kw_noise *noise, int tile,
               int run, bool reused);

// Where the qubits of the register are in a tile.
struct View {
    int width;             // qubits of the tile
    const int8_t *place;   // of each qubit of the register, or -1 outside
    u64 inside;            // as a mask of the register
    u64 outside_values;    // of the qubits outside, for the tile at hand
};

inline u64 placed(const View &view, u64 mask) {
    u64 out = 0;
    for (u64 rest = mask & view.inside; rest; rest &= rest - 1) out |= ONE << view.place[lowest(rest)];
    return out;
}

const double *numbers_of(const Plan &plan, const Op &op, i64 row);

// Apply one operation to a tile. `work`: two more tiles, for Pauli sums.
template <class T>
void apply_op(const Plan &plan, const Op &op, i64 row, T *a, const View &view, T *work);

// A Pauli string as an error: global phase does not matter.
template <class T> void apply_pauli(T *a, const View &view, u64 x, u64 z);

// An error in the middle of a group: after which of its operations, and what.
struct Error {
    int group, rank;
    int site;
    bool damps; // what comes of it depends on the state: the qubit of x, or case z of a step
    u64 x, z;
};

// A part of a group: its operations of ranks from..to-1, with Pauli errors among and after them.
struct Part {
    int from, to;
    const Error *errors;
    int error_count;
};

template <class F, class G>
void each_of(const Plan &plan, const Group &group, const Part &part, F op, G error) {
    const Error *next = part.errors, *end = next + part.error_count;
    for (int i = group.first; i >= 0 && plan.ops[i].rank < part.to; i = plan.ops[i].next) {
        const Op &o = plan.ops[i];
        if (o.rank < part.from) continue;
        for (; next < end && next->rank < o.rank; next++) error(*next);
        op(o);
    }
    for (; next < end; next++) error(*next);
}

// The matrix (or table) of a part of a group for one row; `scratch` holds 4**width complex.
template <class T>
void build_group(const Plan &plan, const Group &group, i64 row, const Part &part, T *out,
                 double *scratch);

} // namespace kw
